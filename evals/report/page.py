"""The whole page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from markupsafe import escape

from octavo.evals.dataset import DatasetError
from octavo.evals.report import answering, comparison, history, overview, retrieval, worst
from octavo.evals.report.ablation import AblationFile, cost, read_ablation, worth
from octavo.evals.report.html import Html, join, note, section, tag
from octavo.evals.report.ingestion import ingestion
from octavo.evals.report.read_runs import read_runs
from octavo.evals.report.result_rows import Key, ResultRow, read_history
from octavo.evals.report.runs import RunData, groups
from octavo.evals.statistics.compare import FILE

ABLATION = "ablation.json"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ReportPage:
    """A page, and the rows of --rows that it refused."""

    html: str
    refused: tuple[str, ...]


def report(
    folders: Sequence[Path],
    rows: Path | None = None,
    ablation: Path | None = None,
    worst: int = 12,
    index: str = "",
) -> ReportPage:
    """The page of runs. `rows`: a results file to draw the history of; `ablation`: a folder with
    `ablation.json`, beside those in the runs; `worst`: questions shown a run; `index`: where to
    take pictures of pages from.

    Raises DatasetError for a folder without a run, a refused row, or where there is neither a run
    nor a results file.
    """
    if not folders and rows is None:
        raise DatasetError("nothing to report: give --out folders of eval runs, or --rows FILE")
    runs = read_runs(folders)
    files = [f / ABLATION for f in folders if (f / ABLATION).is_file()]
    if ablation is not None and ablation / ABLATION not in files:
        files.append(ablation / ABLATION)
    ablations = [read_ablation(f) for f in files]
    taken, refused = read_history(rows) if rows else ([], [])
    body = _body(runs, ablations, taken, refused, rows is not None, worst, index)
    title = "Octavo: " + ", ".join(
        dict.fromkeys(r.row.dataset or "a run" for r in runs) or ["results"]
    )
    page = Template((_HERE / "page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title), style=(_HERE / "page.css").read_text(encoding="utf-8"), body=body
    )
    return ReportPage(page, tuple(refused))


def _body(
    runs: Sequence[RunData],
    ablations: Sequence[AblationFile],
    rows: Sequence[ResultRow],
    refused: Sequence[str],
    has_rows: bool,
    worst_count: int,
    index: str,
) -> Html:
    same = groups(runs)
    parts: list[object] = [_head(same)]
    if runs:
        parts.append(overview.provenance(runs))
    for number, (key, group) in enumerate(same.items(), 1):
        prefix = f"data{number}-" if len(same) > 1 else ""
        if prefix:
            parts.append(tag("h2", _named(key), class_="group", id=prefix.rstrip("-")))
        matching = [a for a in ablations if any(a.matches(r.row) for r in group)]
        parts.append(_group(group, matching, prefix, worst_count, index))
    left = [a for a in ablations if not any(a.matches(r.row) for r in runs)]
    if left:
        other = note("Over other questions than the runs above: not drawn with them.")
        parts += [section("other-ablation", "Other ablations", other),
                  worth(left, "other-ablation-")]  # fmt: skip
    if has_rows:
        parts.append(ingestion(rows))
        parts.append(history.history(rows, refused))
    return join(parts)


def _head(same: dict[Key, list[RunData]]) -> Html:
    names = ", ".join(dict.fromkeys(key[0] or "a run" for key in same)) or "Results"
    parts: list[object] = [tag("h1", names)]
    for key, runs in same.items():
        if len(same) > 1:
            parts.append(tag("p", _named(key), class_="group"))
        parts += [tag("p", tag("b", r.label), " ", overview.state(r)) for r in runs]
        parts.append(overview.headlines(runs))
    if len(same) > 1:
        parts.append(
            note("Not all of these runs are comparable (other data, or another n): only those "
                 "under one of the headings above share tables and plots.")
        )  # fmt: skip
    return tag("header", *parts)


def _named(key: Key) -> str:
    dataset, data, n = key
    return f"{dataset}, data {data or 'hash not said'}, n {n:,}"


def _group(
    runs: Sequence[RunData], ablations: Sequence[AblationFile], prefix: str, count: int, index: str
) -> Html:
    """Every section over runs that may be drawn together."""
    unsaid = [r.label for r in runs if not r.row.data]
    doubt = note(
        f"{', '.join(unsaid)}: no data hash; that the questions are the same is taken from the "
        f"dataset's name and n ({FILE} is compared question by question)."
    )
    return join(
        [
            doubt if unsaid and len(runs) > 1 else "",
            overview.metrics(runs, prefix),
            comparison.comparison(runs, prefix),
            worth(ablations, prefix),
            retrieval.depth(runs, prefix),
            retrieval.ranks(runs, prefix),
            retrieval.latency(runs, prefix),
            answering.abstention(runs, prefix),
            cost(runs, ablations, prefix),
            answering.modality(runs, prefix),
            answering.documents(runs, prefix),
            worst.questions(runs, prefix, count, index),
        ]
    )
