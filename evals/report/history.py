"""The rows of a results file over time: only rows over the same data share a plot."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.evals.report.charts import Curve
from octavo.evals.report.html import Html, figure, folded, note, plots, section, table, tag
from octavo.evals.report.plot_data import METRIC
from octavo.evals.report.result_rows import Key, ResultRow
from octavo.evals.report.scatter import over_time


def history(rows: Sequence[ResultRow], refused: Sequence[str]) -> Html:
    """A plot for each data set, in the order of the file; refused rows are listed."""
    kinds: dict[Key, list[ResultRow]] = {}
    for row in rows:
        if METRIC in row.metrics:
            kinds.setdefault(row.key, []).append(row)
    figures = [_plot(n, key, same) for n, (key, same) in enumerate(kinds.items())]
    parts: list[object] = [plots(*figures)] if figures else []
    if len(kinds) > 1:
        parts.append(
            note(f"{len(kinds)} plots: rows with other data or another n are not comparable.")
        )
    if not figures:
        parts.append(note(f"Left out: no row that was taken has {METRIC}."))
    if rows:
        parts.append(folded(f"The {len(rows)} rows", _table(rows)))
    if refused:
        bad = tag("strong", f"{len(refused)} rows REFUSED", class_="bad")
        parts.append(tag("div", bad, tag("ul", *(tag("li", r) for r in refused))))
    return section("history", "History", *parts)


def _plot(number: int, key: Key, rows: Sequence[ResultRow]) -> Html:
    lines = []
    for profile in dict.fromkeys(r.profile for r in rows):
        at = [(n, r.metrics[METRIC]) for n, r in enumerate(rows, 1) if r.profile == profile]
        lines.append(Curve(profile or "no profile", [n for n, _ in at], [v for _, v in at]))
    dataset, data, n = key
    alt = "; ".join(f"{r.date[:10]} {r.commit}: {r.metrics[METRIC]:.3f}" for r in rows)
    drawn = over_time(f"history-{number}", alt, lines, [r.commit for r in rows], METRIC)
    caption = f"{dataset}, data {data or 'hash not said'}, n {n}: rows in the order of the file."
    return figure(drawn, caption)


def _table(rows: Sequence[ResultRow]) -> Html:
    head = ("row", "date", "commit", "config", "machine", "dataset", "data", "n", "errors", METRIC)
    return table(
        head,
        [
            (r.where.rpartition("/")[2], r.date, r.commit, r.config, r.machine, r.dataset,
             r.data or "not said", _n(r), len(r.errors),
             f"{r.metrics[METRIC]:.3f}" if METRIC in r.metrics else "")
            for r in rows
        ],
    )  # fmt: skip


def _n(row: ResultRow) -> object:
    if row.partial:
        return tag("strong", f"PARTIAL: {row.extent}", class_="bad")
    return row.n
