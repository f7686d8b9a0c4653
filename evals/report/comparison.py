"""Run against run, question by question."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.evals.dataset import DatasetError
from octavo.evals.report.html import Html, folded, left_out, note, section, table, tag
from octavo.evals.report.runs import RunData
from octavo.evals.statistics.compare import FILE, Comparison, compare


def comparison(runs: Sequence[RunData], prefix: str) -> Html:
    """Each further run against the first, question by question."""
    anchor, title = f"{prefix}comparison", "Comparison"
    if len(runs) < 2:
        return left_out(anchor, title, "there is one run over these questions; two are compared.")
    parts = []
    for other in runs[1:]:
        if not all((r.folder / FILE).is_file() for r in (runs[0], other)):
            parts.append(note(f"{runs[0].label} and {other.label}: {FILE} is missing."))
            continue
        try:
            parts.append(_compared(runs[0], other, compare(runs[0].folder, other.folder)))
        except DatasetError as error:
            parts.append(note(f"{runs[0].label} and {other.label} cannot be compared: {error}"))
    return section(anchor, title, *parts)


def _compared(a: RunData, b: RunData, comparison: Comparison) -> Html:
    rows = [
        (d.metric, f"{d.a:.3f}", f"{d.b:.3f}", f"{d.difference:+.4f}",
         f"{d.low:+.4f} to {d.high:+.4f}", f"{d.adjusted:.4f}",
         f"{d.wins} / {d.losses} / {d.ties}", d.verdict.replace("B", b.letter))
        for d in comparison.differences
    ]  # fmt: skip
    minus = f"{b.letter} \u2212 {a.letter}"
    head = ("metric", a.letter, b.letter, minus, "95 %", "p", "won / lost / tied", "verdict")
    changed = [(c.text or c.id, f"{c.a:.3f}", f"{c.b:.3f}") for c in comparison.changed]
    more = table(("question", a.letter, b.letter), changed) if changed else ""
    return tag(
        "div",
        table(head, rows, f"{a.label} against {b.label}, {comparison.n} questions"),
        note("p: paired randomization test, corrected over the metrics (Holm); 95 %: paired "
             "bootstrap, whole documents drawn where questions name five or more. A question that "
             "failed counts as missed."),
        folded(f"Questions that changed most by {comparison.differences[0].metric}", more)
        if changed
        else "",
    )  # fmt: skip
