"""Tables of a page: in a grid of rules, between rules, or by aligned numbers.

`Page.find_tables` was tried first: 0.24 s a page on average over 117 development pages, and 58 s
on one; the same pages take 0.01 s here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from octavo.ingest.boxes import Boxes
from octavo.ingest.document import Box, Line
from octavo.ingest.figures.chart_bars import off_bars
from octavo.ingest.figures.vector_graphics import Drawings
from octavo.ingest.tables.borderless_tables import find_borderless
from octavo.ingest.tables.ruled_grid import find_ruled_grids
from octavo.ingest.tables.ruled_tables import cut_table, find_ruled
from octavo.ingest.tables.table_cells import Table

_MOSTLY = 0.8  # share of a table found by its numbers that lies in a lattice


def find_tables(
    groups: Sequence[Sequence[Line]], drawn: Drawings, bars: Sequence[Boxes]
) -> list[Table]:
    """Tables, top to bottom. `groups` are the text blocks of the page; the edges of `bars` of
    charts rule nothing."""
    lines = [x for g in groups for x in g]
    painted = np.concatenate([np.zeros((0, 4)), *bars])
    horizontal = off_bars(drawn.horizontal, painted)
    vertical = off_bars(drawn.vertical, painted)
    tables: list[Table] = []
    lattices = find_ruled_grids(lines, horizontal, vertical, drawn)
    ruled = find_ruled(lines, horizontal, vertical)
    # Rules of tables under each other often have the same ends; only lattices tell them apart.
    ruled = [r for r in ruled if sum(g.box.inside(r.box) > 0.8 for g in lattices) < 2]
    # Of a lattice the names of its rows may stand outside, to the left: the larger is right.
    for table in sorted([*lattices, *ruled], key=lambda t: -t.box.area):
        tables += [] if _covered(table.box, tables) else [table]
    aligned = find_borderless(groups, tables, painted, drawn)
    # Where every cell is ruled, the rules know more than the numbers do.
    aligned = [a for a in aligned if not _is_ruled(a, lattices)]
    tables = [t for t in tables if not any(t.box.inside(a.box) > 0.6 for a in aligned)]
    for table in sorted(aligned, key=lambda t: -t.box.area):
        tables += [] if _covered(table.box, tables) else [table]
    return sorted(tables, key=lambda t: (t.box.y0, t.box.x0))


def _is_ruled(table: Table, lattices: Sequence[Table]) -> bool:
    """Whether one lattice has most of it, in no fewer columns."""
    return any(g.columns >= table.columns and table.box.inside(g.box) > _MOSTLY for g in lattices)


def tables_at(
    boxes: Sequence[Box], groups: Sequence[Sequence[Line]], known: Sequence[Table]
) -> list[Table]:
    """Tables whose places are given, but for those already `known`; cut by gaps in the text."""
    lines = [x for g in groups for x in g]
    new_boxes = (b for b in boxes if not _covered(b, known))
    candidates = (cut_table(b, (b.y0, b.y1), lines, ()) for b in new_boxes)
    return [t for t in candidates if t is not None]


def _covered(box: Box, known: Sequence[Table]) -> bool:
    return any(box.inside(t.box) > 0.3 or t.box.inside(box) > 0.3 for t in known)
