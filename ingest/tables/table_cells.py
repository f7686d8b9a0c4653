"""A table: its box, its rows and what stands over its columns; made of printed pieces by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.ingest.document import Box, Line, TableStructure, bounding
from octavo.ingest.tables.body_rows import carry_names, join_wrapped_rows, sections_of
from octavo.ingest.tables.full_headers import full_headers
from octavo.ingest.tables.header_rows import header_depth
from octavo.ingest.tables.header_runs import Extent
from octavo.ingest.tables.table_grid import GridRow, is_number, join_mark_columns, printed_row


@dataclass(frozen=True, slots=True)
class Table:
    """A table's box and its rows; a row's text is its cells joined by ` | `.

    `headers` has the whole header of each column, outermost first, "" where there is none or it is
    not sure; the first `header_rows` rows say it. `sections` has for each row the row above that
    names its part of the table. `pieces` are the printed lines that the rows were made of.
    """

    box: Box
    rows: tuple[Line, ...]
    columns: int
    pieces: tuple[Line, ...] = ()
    headers: tuple[str, ...] = ()
    header_rows: int = 0
    sections: tuple[str, ...] = ()


def make_table(
    box: Box,
    rows: Sequence[GridRow],
    filled: float,
    ruled: bool = False,
    edges: Sequence[float] = (),
    rules: Sequence[Box] = (),
) -> Table | None:
    """None where there are under two rows or columns, or under the share `filled` of the cells
    has text. `ruled`: rules part all cells, so that they tell what covers what; `edges` are the
    left side, the separators and the right side of the columns, in points; `rules` are horizontal
    ones of the page."""
    grid = [r for r in rows if r.pieces]
    if len(grid) < 2 or max(len(r.cells) for r in grid) < 2:
        return None
    pieces = tuple(p for row in grid for p in row.pieces)
    dropped = join_mark_columns(grid)
    filled_count = sum(len(row.filled) + len(row.carried) for row in grid)
    if filled_count < filled * len(grid) * len(grid[0].cells):
        return None
    if not ruled:
        grid = join_wrapped_rows(grid)
    depth = header_depth(grid)
    extents = _extents(grid[depth:], _kept_edges(edges, dropped), len(grid[0].cells))
    headers = full_headers(grid[:depth], extents, ruled, rules)
    part = headers[0].rstrip(": ") if headers and headers[0].endswith(":") else ""
    if part:  # beside the years stands what the first rows are part of
        headers = ("", *headers[1:])
    _give_up_headers_of_nothing(grid, depth)
    carry_names(grid[depth:], ruled, bool(headers[0]))
    return Table(
        box,
        tuple(_line(r) for r in grid),
        len(grid[0].cells),
        pieces,
        headers if any(headers) else (),
        depth,
        ("",) * depth + tuple(sections_of(grid[depth:], ruled, part)),
    )


def _give_up_headers_of_nothing(grid: Sequence[GridRow], depth: int) -> None:
    """Header cells that cover several columns are printed once."""
    for row in grid[:depth]:
        row.carried = {}


def _kept_edges(edges: Sequence[float], dropped: Sequence[int]) -> list[float]:
    """Edges without those between a column and the one it was put to."""
    kept = list(edges)
    for column in sorted(dropped, reverse=True):
        if 0 < column < len(kept) - 1:
            del kept[column]
    return kept


def _extents(body: Sequence[GridRow], edges: Sequence[float], columns: int) -> tuple[Extent, ...]:
    """Where the cells of each column are printed; of one without any, the middle of its place."""
    found: list[Extent] = []
    for column in range(columns):
        boxes = [p.box for row in body for p in row.cells[column] if row.spans.get(column, 1) == 1]
        if boxes:
            box = bounding(boxes)
            found.append((box.x0, box.x1))
        elif column + 1 < len(edges):
            middle = (edges[column] + edges[column + 1]) / 2
            found.append((middle - 2, middle + 2))
        else:
            last = found[-1][1] if found else 0.0
            found.append((last + 8, last + 12))
    return tuple(found)


def cells(pieces: Sequence[Line], edges: Sequence[float]) -> GridRow:
    """Pieces by column. `edges` are the left side, the separators and the right side."""
    row: list[list[Line]] = [[] for _ in range(len(edges) - 1)]
    for piece in sorted(pieces, key=lambda p: (round(p.box.y0), p.box.x0)):
        # The left end decides: a cell that spans columns belongs to its first. A number stands at
        # the right of its column, and may reach out to the left of it.
        place = piece.box.x1 - 1 if is_number(piece.text) else piece.box.x0 + 1
        row[sum(1 for edge in edges[1:-1] if place >= edge)].append(piece)
    return GridRow(row)


def _line(row: GridRow) -> Line:
    """A row as one line: bold where all of it is."""
    box = bounding(p.box for p in row.pieces)
    return Line(printed_row(row.texts()), box, bold=row.bold)


def structure_of(table: Table) -> TableStructure:
    """What is kept of a table beside its lines."""
    return TableStructure(table.columns, table.headers, table.header_rows, table.sections)
