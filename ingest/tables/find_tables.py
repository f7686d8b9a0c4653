"""Tables of a page: in a grid of rules, between rules, or by aligned numbers.

`Page.find_tables` was tried first: 0.24 s a page on average over 117 development pages, and 58 s
on one; the same pages take 0.01 s here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from octavo.ingest.boxes import Boxes
from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.figures.chart_bars import off_bars
from octavo.ingest.figures.vector_graphics import Drawings
from octavo.ingest.tables.aligned_tables import find_aligned
from octavo.ingest.tables.baselines import baselines
from octavo.ingest.tables.borderless_tables import find_borderless
from octavo.ingest.tables.ruled_grid import find_ruled_grids
from octavo.ingest.tables.ruled_tables import cut_table, find_ruled
from octavo.ingest.tables.table_cells import Table

_FRAMED = 1.6  # of a table's height that the rules around it may have
_WITHIN = 0.7  # share of a lattice that lies over the cells of a table without rules
_MOSTLY = 0.8  # share of a table found by its numbers that lies in a lattice


#: Two amounts in one cell.
_SEVERAL = re.compile(r"\d[\d,.]*\)?\s+[($€£]*\d[\d,.]*\)?(?: \||$)")


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
    printed = baselines(lines)
    numbers = find_borderless(printed, tables, painted, drawn)
    words = find_aligned(printed, painted, drawn)
    aligned = [n for n in numbers if not any(_says_more(w, n) for w in words)]
    aligned += [_with_rules(w, ruled) for w in words if not _covered(w.box, aligned)]
    # Where every cell is ruled, the rules know more than the white between them does.
    aligned = [a for a in aligned if not _is_ruled(a, lattices)]
    tables = [t for t in tables if not any(t.box.inside(a.box) > 0.6 for a in aligned)]
    tables = [t for t in tables if not _is_coarse(t, aligned)]
    for table in sorted(aligned, key=lambda t: -t.box.area):
        tables += [] if _covered(table.box, tables) else [table]
    return sorted(tables, key=lambda t: (t.box.y0, t.box.x0))


def _says_more(words: Table, numbers: Table) -> bool:
    """Whether a table found by its white columns has all of one found by its numbers, and more
    headers."""
    return numbers.box.inside(words.box) > _MOSTLY and _said(words) > _said(numbers)


def _said(table: Table) -> tuple[int, float, int]:
    """How much its header says: different headers, the share of columns with one, columns."""
    return len({h for h in table.headers if h}), _header_share(table), table.columns


def _header_share(table: Table) -> float:
    return sum(map(bool, table.headers)) / table.columns


def _is_coarse(ruled: Table, aligned: Sequence[Table]) -> bool:
    """Whether most of a table between rules is read row by row in tables inside it."""
    inside = [a for a in aligned if a.box.inside(ruled.box) > _MOSTLY]
    area = sum(a.box.area for a in inside)
    return area > 0.6 * ruled.box.area and sum(len(a.rows) for a in inside) > 2 * len(ruled.rows)


def _with_rules(table: Table, ruled: Sequence[Table]) -> Table:
    """The table with the box of the rules above and below it, which may be wider than its cells."""
    framing = [r.box for r in ruled if table.box.inside(r.box) > _MOSTLY]
    boxes = [b for b in framing if b.height < _FRAMED * table.box.height]
    return replace(table, box=bounding([table.box, *boxes]))


def _is_ruled(table: Table, lattices: Sequence[Table]) -> bool:
    """Whether one lattice has most of it, in no fewer columns, or in fewer whose cells hold one
    number each: numbers that stand at the left of their cells make several columns of one."""
    inside = [g for g in lattices if g.box.inside(table.box) > _WITHIN]
    as_good = all(_header_share(g) >= _header_share(table) for g in inside)
    if len(inside) > 1 and as_good and sum(g.box.area for g in inside) > 0.6 * table.box.area:
        return True  # several tables under each other
    return any(
        table.box.inside(g.box) > _MOSTLY
        and _header_share(g) >= _header_share(table)  # shaded cells rule the rows of numbers only
        and (g.columns >= table.columns or (g.columns > 2 and not _is_crowded(g)))
        for g in lattices
    )


def _is_crowded(lattice: Table) -> bool:
    """Whether several numbers stand beside each other in cells of every tenth row."""
    crowded = sum(1 for r in lattice.rows if _SEVERAL.search(r.text))
    return crowded > 0.1 * len(lattice.rows)


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
