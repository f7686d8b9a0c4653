"""Tables whose cells are all ruled: horizontal and vertical lines that meet."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence

from octavo.ingest.boxes import as_array
from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.figures.clusters import clusters
from octavo.ingest.figures.vector_graphics import Drawings
from octavo.ingest.tables.merged_cells import MergedCell, merged_cells
from octavo.ingest.tables.table_cells import Table, make_table
from octavo.ingest.tables.table_grid import GridRow, cell_text

_MEET = 3.0  # points between lines that meet
_SAME = 3.0  # points between two lines that are one rule
_LONG = 10.0  # points: a shorter line rules no cell
_FILLED = 0.3  # share of cells with text: merged cells leave many empty, a chart's grid more
_FRAME = 0.6  # share of the whole in one cell: above it the rules frame a page or a box
_WORDS = 45  # a cell on average: above it the rules part columns of text
_CURVES = 20  # shapes with curves: a map or a chart has more, icons in cells fewer
_PICTURED = 0.15  # share of the whole under images: icons in cells have less
_MOST = 4000  # lines: a drawing of more is no table, and would take long
_CARRIED = 60  # characters of a cell that is carried down to the rows that it covers


def find_ruled_grids(
    lines: Sequence[Line], horizontal: Sequence[Box], vertical: Sequence[Box], drawn: Drawings
) -> list[Table]:
    """Ruled grids of at least two rows and two columns with text in them."""
    across = [r for r in horizontal if r.width >= _LONG]
    down = [r for r in vertical if r.height >= _LONG]
    if len(down) < 3 or len(across) < 3 or len(across) + len(down) > _MOST:
        return []
    rules = [*across, *down]
    boxes = as_array(rules)
    width, height = float(boxes[:, 2].max()) + 9, float(boxes[:, 3].max()) + 9
    tables = []
    for members in clusters(boxes, boxes[:0], width, height, _MEET):
        if len(members) >= 6:
            own = [rules[m] for m in members]
            flat = [r for r in own if r.width >= r.height]
            table = _table(lines, flat, [r for r in own if r.height > r.width])
            if table is not None and not _is_picture(table.box, drawn):
                tables.append(table)
    return tables


def _is_picture(box: Box, drawn: Drawings) -> bool:
    pictured = sum(i.clip(box).area for i in drawn.images)
    return pictured > _PICTURED * box.area or drawn.curves(box) > _CURVES


def _table(lines: Sequence[Line], across: Sequence[Box], down: Sequence[Box]) -> Table | None:
    if not across or not down:
        return None
    box = bounding([*across, *down])
    xs = _levels([(r.x0, r.height) for r in down], 0.25 * box.height)
    # Also where only a part of the columns is ruled: a cell beside it spans the rows.
    ys = _levels([(r.y0, r.width) for r in across], 0.2 * box.width)
    # A table that goes on from the page before, or to the next, has no rule where the page ends.
    ys = sorted({*ys, *(e for e in (box.y0, box.y1) if all(abs(e - y) > _LONG for y in ys))})
    if len(ys) < 3:
        return None
    # Many tables have no rule at their sides.
    xs = sorted({*xs, *(e for e in (box.x0, box.x1) if all(abs(e - x) > _SAME for x in xs))})
    if len(xs) < 3:
        return None
    if _largest(ys) * _largest(xs) > _FRAME * (ys[-1] - ys[0]) * (xs[-1] - xs[0]):
        return None
    inside = [x for x in lines if x.box.inside(box.grow(1.5)) > 0.6]
    if len(inside) < 4:
        return None
    rows = _rows(inside, ys, xs, across, down)
    words = [sum(len(p.text.split()) for p in c) for row in rows for c in row.cells if c]
    paired = [len(row.filled) + len(row.carried) >= 2 for row in rows if row.filled]
    if sum(paired) < 0.5 * len(paired) or sum(words) > _WORDS * len(words):
        return None
    if max(words) > _FRAME * sum(words):
        return None
    return make_table(box, rows, _FILLED, ruled=True, edges=xs)


def _largest(levels: Sequence[float]) -> float:
    return max(b - a for a, b in itertools.pairwise(levels))


def _levels(rules: Sequence[tuple[float, float]], least: float) -> list[float]:
    """Places of rules, those nearer than `_SAME` as one, whose lengths add up to `least`."""
    levels: list[tuple[float, float]] = []
    for place, length in sorted(rules):
        if levels and place - levels[-1][0] <= _SAME:
            levels[-1] = (levels[-1][0], levels[-1][1] + length)
        else:
            levels.append((place, length))
    return [place for place, length in levels if length >= least]


def _rows(
    pieces: Sequence[Line],
    ys: Sequence[float],
    xs: Sequence[float],
    across: Sequence[Box],
    down: Sequence[Box],
) -> list[GridRow]:
    """Every piece in a cell: in the row its middle is in, in the column where it begins, or in the
    first row and column of the merged cell that these belong to."""
    rows = [GridRow([[] for _ in xs[1:]]) for _ in ys[1:]]
    merged = merged_cells(ys, xs, across, down)
    owner = {
        (r, c): (cell.row, cell.column)
        for cell in merged
        for r in range(cell.row, cell.row + cell.rows)
        for c in range(cell.column, cell.column + cell.columns)
    }
    for p in sorted(pieces, key=lambda p: (round(p.box.y0), p.box.x0)):
        row = bisect.bisect(ys, (p.box.y0 + p.box.y1) / 2, 1, len(ys) - 1) - 1
        column = bisect.bisect(xs, p.box.x0 + 2, 1, len(xs) - 1) - 1
        row, column = owner.get((row, column), (row, column))
        rows[row].cells[column].append(p)
    for cell in merged:
        _spread(rows, cell)
    return rows


def _spread(rows: Sequence[GridRow], cell: MergedCell) -> None:
    """Notes what a merged cell covers, and carries its text to the rows under its first."""
    text = cell_text(rows[cell.row].cells[cell.column])
    if not text:
        return
    for row in range(cell.row, cell.row + cell.rows):
        if cell.columns > 1:
            rows[row].spans[cell.column] = cell.columns
        if row > cell.row and len(text) <= _CARRIED:
            rows[row].carried[cell.column] = text
