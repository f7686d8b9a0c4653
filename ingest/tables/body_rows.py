"""The rows of a table under its header: names over two lines, rows that name a part, cells that
cover several rows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from octavo.ingest.tables.table_grid import GridRow, is_number, is_year

_TIGHT = 0.35  # line heights: white between lines of one row is less than between rows
_APART = 0.3  # line heights by which rows stand farther apart than lines of one row
_CARRIED = 60  # characters of a cell that is carried down to the rows that it covers


def join_wrapped_rows(rows: list[GridRow]) -> list[GridRow]:
    """Lines of one row put together, in a table whose rows are not ruled.

    Told by white space where rows stand farther apart than lines of one row; else by a name that
    goes on with a small letter.
    """
    limit = _row_gap(rows)
    joined: list[GridRow] = []
    for n, row in enumerate(rows):
        if joined and _continues(joined[-1], row, rows[n - 1], limit):
            upper = joined[-1]
            upper.cells = [a + b for a, b in zip(upper.cells, row.cells, strict=True)]
            upper.spans |= row.spans
        else:
            joined.append(row)
    return joined


def _gap(upper: GridRow, lower: GridRow) -> float:
    """White between two rows in line heights; less than 0 where their boxes overlap."""
    above, below = upper.pieces, lower.pieces
    height = min(p.box.height for p in (*above, *below))
    return (min(p.box.y0 for p in below) - max(p.box.y1 for p in above)) / max(height, 1.0)


def _row_gap(rows: Sequence[GridRow]) -> float:
    """White from which on a line opens a row; -inf where all lines stand alike."""
    gaps = sorted(_gap(a, b) for a, b in itertools.pairwise(rows))
    if len(gaps) < 3:
        return float("-inf")
    jumps = [(b - a, (a + b) / 2) for a, b in itertools.pairwise(gaps)]
    widest, limit = max(jumps)
    return limit if widest >= _APART and limit <= 1.5 else float("-inf")


def _continues(upper: GridRow, lower: GridRow, last: GridRow, limit: float) -> bool:
    """Whether `lower` goes on in the cells of `upper`, whose last line is `last`."""
    gap = _gap(last, lower)
    if len(lower.filled) == len(lower.cells) > 2 and upper.filled != [0]:
        return False
    if limit != float("-inf"):
        return gap < limit
    if any(c in upper.filled and is_number(lower.text(c)) for c in lower.filled):
        return False
    begins = lower.text(0)
    small = begins[:1].islower() or begins[:1] in "(&"
    named = lower.filled and lower.filled[0] == 0
    if not named or not small or gap > _TIGHT + 0.6:
        return False
    # Either the numbers stand beside the first line of the name, or beside its last.
    return lower.filled == [0] or upper.filled == [0]


def sections_of(rows: Sequence[GridRow], ruled: bool, section: str = "") -> list[str]:
    """For each row the text of the row above that names its part of the table; `section` before
    the first."""
    sections: list[str] = []
    for n, row in enumerate(rows):
        if _is_section(row, ruled) and n + 1 < len(rows):
            section = row.text(row.filled[0]).rstrip(": ")
            sections.append("")
        else:
            sections.append(section)
    return sections


def _is_section(row: GridRow, ruled: bool) -> bool:
    """Words at the left and nothing else; in a ruled table also in one cell over the columns."""
    if len(row.filled) != 1 or row.carried:
        return False
    first = row.filled[0]
    text = row.text(first)
    if not is_year(text) and (is_number(text) or not any(c.isalpha() for c in text)):
        return False
    covers = row.spans.get(first, 1) >= 0.6 * len(row.cells)
    if ruled:
        return covers or (first == 0 and (row.bold or text.endswith(":")))
    return first == 0 or covers


def carry_names(rows: Sequence[GridRow], ruled: bool, named: bool) -> None:
    """Names that are printed once over several rows, put to each of them.

    In a table without rules only where the second column is filled in every row and is one of
    words, or the first column has a header (`named`) and most of its cells are empty: else an
    empty first cell is a total.
    """
    if ruled or not rows or len(rows[0].cells) < 3 or not rows[0].text(0):
        return
    beside = [t for r in rows if (t := r.text(1))]
    empty = sum(1 for r in rows if not r.text(0))
    words = sum(map(is_number, beside)) <= 0.2 * len(beside)
    least = 0.25 if words else 0.45
    if len(beside) < len(rows) or not (words or named) or empty < least * len(rows):
        return
    name = ""
    for row in rows:
        name = row.text(0) or name
        if not row.text(0) and len(name) <= _CARRIED:
            row.carried[0] = name
