"""A table: its box and rows, and how printed pieces are sorted into cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.text.right_to_left import runs_left

#: Dots from a row's name to its number: they say nothing, and are read as a hundred words.
LEADERS = re.compile(r"(?:\s?[.\u00b7_\u2026]){4,}\s*$")
#: The pieces of one row, cell by cell.
Row = list[list[Line]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table's box and its rows; a row's text is its cells joined by ` | `. `pieces` are the
    printed lines that the rows were made of."""

    box: Box
    rows: tuple[Line, ...]
    columns: int
    pieces: tuple[Line, ...] = ()


def make_table(box: Box, rows: Sequence[Row], filled: float) -> Table | None:
    """None where there are under two rows or columns, or under the share `filled` of the cells
    has text."""
    non_empty = [r for r in rows if any(r)]
    columns = max((len(r) for r in non_empty), default=0)
    filled_count = sum(1 for row in non_empty for cell in row if cell)
    if len(non_empty) < 2 or columns < 2 or filled_count < filled * len(non_empty) * columns:
        return None
    pieces = tuple(p for row in non_empty for cell in row for p in cell)
    return Table(box, tuple(row_line(r) for r in non_empty), columns, pieces)


def cells(pieces: Sequence[Line], edges: Sequence[float]) -> Row:
    """Pieces by column. `edges` are the left side, the separators and the right side."""
    row: Row = [[] for _ in range(len(edges) - 1)]
    for piece in sorted(pieces, key=lambda p: (round(p.box.y0), p.box.x0)):
        # The left end decides: a cell that spans columns belongs to its first.
        row[sum(1 for edge in edges[1:-1] if piece.box.x0 + 1 >= edge)].append(piece)
    return row


def row_line(row: Row) -> Line:
    """A row as one line: bold where all of it is."""
    cell_texts = [" ".join(LEADERS.sub("", p.text) for p in cell) for cell in row]
    text = " | ".join(reversed(cell_texts) if runs_left("".join(cell_texts)) else cell_texts)
    bold = all(p.bold for cell in row for p in cell)
    return Line(text, bounding(p.box for cell in row for p in cell), bold=bold)
