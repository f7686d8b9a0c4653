"""Rows as one Markdown table: a value, and how many times Octavo's it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from octavo.evals.baselines.systems import REFERENCE

Row = Mapping[str, Any]

#: Heading, metric, digits after the point.
COLUMNS = (
    ("pages/s", "ingest pages/s", 1),
    ("ingest MB", "ingest memory MB", 0),
    ("index MB/1000 pages", "index MB/1000 pages", 1),
    ("with originals", "with originals MB/1000 pages", 1),
    ("cold start s", "cold start s", 1),
    ("p50 ms", "search p50 ms", 1),
    ("p95 ms", "search p95 ms", 1),
    ("query MB", "query memory MB", 0),
    ("nDCG@10", "nDCG@10", 3),
    ("Recall@5", "Recall@5", 3),
    ("Recall@10", "Recall@10", 3),
)


def table(rows: Sequence[Row]) -> str:
    """One line a system, medians over its rounds; `(x ...)` is the ratio to Octavo's value."""
    systems = list(dict.fromkeys(str(r["system"]) for r in rows))
    values = {name: medians([r for r in rows if r["system"] == name]) for name in systems}
    reference = values.get(REFERENCE, {})
    lines = [
        "| system | " + " | ".join(heading for heading, _, _ in COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for name in systems:
        ours = {} if name == REFERENCE else reference
        cells = [_cell(values[name], ours, m, digits) for _, m, digits in COLUMNS]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, *_rounds(rows, systems), *_errors(rows)])


def medians(rows: Sequence[Row]) -> dict[str, float]:
    """Median of each metric over the rounds that have it."""
    names = dict.fromkeys(name for r in rows for name in r["metrics"])
    return {n: median(r["metrics"][n] for r in rows if n in r["metrics"]) for n in names}


def ratio(value: float, reference: float) -> str:
    """`x 1.25`: how many times the reference's; nothing where that is 0."""
    return f"x {value / reference:.2f}" if reference else ""


def _cell(
    values: Mapping[str, float], reference: Mapping[str, float], metric: str, digits: int
) -> str:
    if metric not in values:
        return "-"
    times = ratio(values[metric], reference[metric]) if metric in reference else ""
    return f"{values[metric]:.{digits}f}" + (f" ({times})" if times else "")


def _rounds(rows: Sequence[Row], systems: Sequence[str]) -> list[str]:
    """Latencies and rates round by round, where there was more than one: the noise."""
    lines = []
    for name in systems:
        found = [r["metrics"] for r in rows if r["system"] == name and r["metrics"]]
        if len(found) > 1:
            rounds = ", ".join(
                f"{heading} {' / '.join(f'{m[metric]:.{digits}f}' for m in found)}"
                for heading, metric, digits in COLUMNS
                if metric in ("ingest pages/s", "cold start s", "search p50 ms", "search p95 ms")
            )
            lines.append(f"{name}, by round: {rounds}")
    return ["", *lines] if lines else []


def _errors(rows: Sequence[Row]) -> list[str]:
    lines = [f"{r['system']}, round {r['round']}: {e}" for r in rows for e in r["errors"]]
    return ["", *lines] if lines else []
