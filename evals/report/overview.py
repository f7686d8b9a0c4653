"""The first screen: the numbers that decide, and where they come from."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.evals.report.html import Html, folded, join, note, section, table, tag
from octavo.evals.report.runs import RunData

_SHOWN = 20  # errors listed
_HEADLINES = (
    "nDCG@10", "Recall@10", "box recall@IoU0.5", "answer correct", "AUROC", "search p50 ms",
)  # fmt: skip
_FAMILIES = ("Retrieval", "Boxes", "Answers", "Abstention", "Speed and memory")
_COSTS = ("harness overhead",)
_ABSTENTION = ("refusal", "AUROC", "risk", "coverage", "calibration")
_RETRIEVAL = ("nDCG", "Recall", "MRR", "MAP", "Success", "chunk", "document", "page")


def family(name: str) -> str:
    """The part of the metric table that a metric belongs to."""
    if name.endswith((" ms", "/s", " MB", " GB", " s")) or " MB" in name or name in _COSTS:
        return "Speed and memory"
    if name.startswith("box"):
        return "Boxes"
    if name.startswith(_ABSTENTION):
        return "Abstention"
    return "Retrieval" if name.startswith(_RETRIEVAL) else "Answers"


def number(name: str, value: float) -> str:
    """Three digits behind the point for shares; fewer where the unit is large."""
    if family(name) != "Speed and memory":
        return f"{value:.3f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


def with_interval(run: RunData, name: str) -> Html:
    """Value and 95 % interval as one cell."""
    if name not in run.row.metrics:
        return Html("&ndash;")
    bounds = run.row.intervals.get(name)
    words = f" {number(name, bounds[0])} to {number(name, bounds[1])}" if bounds else ""
    return join(
        [number(name, run.row.metrics[name]), tag("span", words, class_="ci") if words else ""]
    )


def headlines(runs: Sequence[RunData]) -> Html:
    """A tile a deciding metric, a value a run."""
    names = [n for n in _HEADLINES if any(n in r.row.metrics for r in runs)]
    tiles = []
    for name in names:
        values = [
            tag("div", tag("b", r.letter, " ") if len(runs) > 1 else "", with_interval(r, name))
            for r in runs
        ]
        tiles.append(tag("div", tag("div", name, class_="name"), *values, class_="tile"))
    return tag("div", *tiles, class_="tiles")


def state(run: RunData) -> Html:
    """Complete or partial, in words: colour alone tells not everybody."""
    failed = f", {run.failed:,} failed" if run.failed else ""
    if run.row.partial or failed:
        return tag("strong", f"PARTIAL: {run.row.extent}{failed}", class_="bad")
    return Html(f"complete: {run.row.extent}")


def provenance(runs: Sequence[RunData]) -> Html:
    """Where each run comes from, a column a run."""
    rows: list[tuple[object, ...]] = [
        ("folder", *(tag("code", r.folder) for r in runs)),
        ("state", *map(state, runs)),
        ("date", *(r.row.date for r in runs)),
        ("commit", *(tag("code", r.row.commit) for r in runs)),
        ("command", *(tag("code", r.row.command) for r in runs)),
        ("machine", *(r.row.machine for r in runs)),
        ("config hash", *(tag("code", r.row.config) for r in runs)),
        ("data hash", *(tag("code", r.row.data or "not said") for r in runs)),
        ("dataset", *(r.row.dataset for r in runs)),
        ("size", *(r.row.size or "not said" for r in runs)),
        ("what is found", *(r.row.unit or "not said" for r in runs)),
        ("answers by", *(r.row.writers or "not said" for r in runs)),
        ("n", *(f"{r.row.n:,}" for r in runs)),
        ("errors", *(_error_count(r) for r in runs)),
    ]
    head = ("", *(r.label for r in runs))
    parts: list[object] = [table(head, rows, "Where the numbers come from")]
    parts += [_errors(r) for r in runs if r.row.errors]
    return section("provenance", "Provenance", *parts)


def _error_count(run: RunData) -> Html:
    count = len(run.row.errors)
    return tag("strong", _counted(count).upper(), class_="bad") if count else Html("0")


def _counted(errors: int) -> str:
    return f"{errors} error{'s' * (errors != 1)}"


def _errors(run: RunData) -> Html:
    more = len(run.row.errors) - _SHOWN
    items = tag("ul", *(tag("li", e) for e in run.row.errors[:_SHOWN]))
    rest = note(f"and {more} more in result.json") if more > 0 else ""
    return folded(f"{run.label}: {_counted(len(run.row.errors))}", items, rest)


def metrics(runs: Sequence[RunData], prefix: str) -> Html:
    """Every metric by family, a column a run, with 95 % intervals where the runs have them."""
    names = list(dict.fromkeys(n for r in runs for n in r.row.metrics))
    if any(q.stages for r in runs for q in r.questions):  # they have a section of their own
        names = [n for n in names if not n.startswith("stage ")]
    parts: list[object] = []
    for part in _FAMILIES:
        rows = [(n, *(with_interval(r, n) for r in runs)) for n in names if family(n) == part]
        if rows:
            parts.append(table((part, *(r.label for r in runs)), rows))
    if any(r.row.intervals for r in runs):
        about = note("The smaller numbers are 95 % bootstrap intervals.")
    else:
        about = note("Without intervals: the rows hold none.")
    return section(f"{prefix}metrics", "Metrics", tag("div", *parts, class_="tables"), about)
