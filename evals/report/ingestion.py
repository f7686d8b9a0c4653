"""Rows of `octavo eval ingest` side by side: regions, ledger, docling's output, rates, memory."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.evals.report.html import Html, join, note, section, table, tag
from octavo.evals.report.result_rows import ResultRow

_COLUMNS = 5  # rows shown, the last ones of the file

#: Heading and how its metrics begin, in the order shown; the last one takes the rest.
_PARTS = (
    ("Regions and gold boxes", ("region", "stored region", "gold boxes", "pages")),
    ("Beside docling's output", ("docling",)),
    ("Ledger of damaged files", ("ledger",)),
    ("Rates, memory, disk", ("",)),
)
#: What only such rows have.
_OWN = ("region recall", "docling ", "ledger ", "bare loop ", "peak memory, long")


def ingestion(rows: Sequence[ResultRow]) -> Html:
    """A table a part; nothing where no row is of an ingestion."""
    own = [r for r in rows if any(name.startswith(_OWN) for name in r.metrics)]
    shown = own[-_COLUMNS:]
    if not shown:
        return Html("")
    parts: list[object] = []
    left = list(dict.fromkeys(name for r in shown for name in r.metrics))
    for title, begins in _PARTS:
        names = [n for n in left if n.startswith(begins)]
        left = [n for n in left if n not in names]
        if names:
            head = (title, *(f"{r.date[:10]} {r.commit[:7]}" for r in shown))
            parts.append(table(head, [(n, *(_cell(r, n) for r in shown)) for n in names]))
    rows_from = [(r.where.rpartition("/")[2], r.dataset, r.machine, len(r.errors)) for r in shown]
    parts.append(table(("row", "of", "machine", "errors"), rows_from))
    if len(own) > len(shown):
        parts.append(note(f"The last {len(shown)} of {len(own)} rows."))
    return section("ingestion", "Ingestion", tag("div", *parts, class_="tables"))


def _cell(row: ResultRow, name: str) -> Html:
    if name not in row.metrics:
        return Html("&ndash;")
    bounds = row.intervals.get(name)
    words = f" {bounds[0]:.3f} to {bounds[1]:.3f}" if bounds else ""
    return join([_number(row.metrics[name]), tag("span", words, class_="ci") if words else ""])


def _number(value: float) -> str:
    """Shares with three digits; counts whole; what is large with few."""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3f}"
