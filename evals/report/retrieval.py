"""How deep the gold stands, where it gets lost, and where the time goes."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.evals.metrics.retrieval import nearest_rank
from octavo.evals.report.charts import Curve, bars, curves
from octavo.evals.report.html import Html, figure, left_out, plots, section, table
from octavo.evals.report.plot_data import DEPTHS, first_ten_by_stage, recall_by_depth
from octavo.evals.report.plot_data import spreads as stage_spreads
from octavo.evals.report.runs import RunData
from octavo.evals.report.scatter import spreads

_TABLE = (1, 2, 5, 10, 20, 50, 100)


def depth(runs: Sequence[RunData], prefix: str) -> Html:
    """Recall among the first 1 to 100 items, a line a run."""
    anchor, title = f"{prefix}depth", "Recall by depth"
    curves_of = [(r, *recall_by_depth(r)) for r in runs if r.ranking or r.failed]
    curves_of = [row for row in curves_of if row[1]]
    if not curves_of:
        return left_out(anchor, title, "needs run.trec, and gold in questions.jsonl.")
    lines = [Curve(r.label, DEPTHS, mean, low, high) for r, mean, low, high in curves_of]
    alt = "; ".join(f"{c.name}: {c.y[9]:.3f} at 10, {c.y[99]:.3f} at 100" for c in lines)
    drawn = curves(anchor, alt, lines, "items looked at", "recall", log=True)
    rows = [(f"first {d}", *(f"{c.y[d - 1]:.3f}" for c in lines)) for d in _TABLE]
    unit = curves_of[0][0].row.unit or "item"
    caption = (
        f"Mean share of the gold {unit}s among the first found, over the questions asked that have "
        "gold (0 for those that failed), with 95 % bands. A run keeps 100 hits a question; folded "
        f"into {unit}s they may be fewer, and the line is flat from there."
    )
    return section(
        anchor, title,
        plots(figure(drawn, caption), table(("recall", *(c.name for c in lines)), rows)),
    )  # fmt: skip


def ranks(runs: Sequence[RunData], prefix: str) -> Html:
    """Where gold was found: the share of questions with gold in the first ten, stage by stage."""
    anchor, title = f"{prefix}ranks", "Gold in the first ten, stage by stage"
    stages = [(r, rows) for r in runs if (rows := first_ten_by_stage(r))]
    if not stages:
        return left_out(anchor, title, "questions.jsonl has no ranks by stage, or no gold.")
    figures = [
        figure(
            bars(
                f"{anchor}-{run.letter}",
                "; ".join(f"{b.name} {b.value:.3f}" for b in rows),
                rows, "questions with gold in the first 10", share=True,
            ),
            f"{run.label}: among the first ten hits of each stage, with 95 % intervals (black); "
            "what a stage did not bring counts as not found, and so do questions that failed. "
            "Ranks are of chunks, before they are folded.",
        )
        for run, rows in stages
    ]  # fmt: skip
    return section(anchor, title, plots(*figures))


def latency(runs: Sequence[RunData], prefix: str) -> Html:
    """Milliseconds of each stage, and the table of p50 and p95."""
    anchor, title = f"{prefix}latency", "Latency by stage"
    rows = stage_spreads(runs)
    if not rows:
        return left_out(anchor, title, "questions.jsonl has no times by stage.")
    labels = [r.label for r in runs]
    alt = "; ".join(
        f"{labels[s.run]} {s.name}: median {s.percentiles[2]:.1f} ms, 95 % under "
        f"{s.percentiles[4]:.1f} ms"
        for s in rows
    )
    drawn = spreads(anchor, alt, rows, labels, "milliseconds, log scale")
    machines = sorted({r.row.machine for r in runs})
    caption = (
        "Box: 25 to 75 % of the questions that passed the stage; line: 5 to 95 %; bar and number: "
        "the median."
        + (f" Times of {len(machines)} machines, which do not compare." if machines[1:] else "")
    )
    head = ("stage", *(f"{r.letter} {p} ms" for r in runs for p in ("p50", "p95")))
    return section(
        anchor, title, plots(figure(drawn, caption), table(head, _latency_rows(runs)))
    )  # fmt: skip


def _latency_rows(runs: Sequence[RunData]) -> list[tuple[str, ...]]:
    names = dict.fromkeys(s for r in runs for q in r.questions for s in q.stages)
    rows = []
    for name in names:
        cells = [name]
        for run in runs:
            times = [q.stages[name] for q in run.questions if name in q.stages]
            cells += [f"{nearest_rank(times, p):.1f}" if times else "" for p in (0.5, 0.95)]
        rows.append(tuple(cells))
    return rows
