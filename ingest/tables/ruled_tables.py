"""Tables between horizontal rules, cut into rows and columns by rules and gaps."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.tables.table_cells import Table, cells, make_table
from octavo.ingest.tables.table_grid import GridRow

_MIN_RULES = 3  # top, under the header, bottom: the least a printed table has
_MIN_WIDTH = 50.0  # points
_MAX_BAND = 260.0  # points between two rules of one table
_MIN_FILLED = 0.45  # share of cells with text; a chart's grid lines have far fewer
_WIDE = 0.72  # share of a table's width: a line over it is running text, not a cell
_COLUMN_GAP = 5.0  # points without text that part two columns


def find_ruled(
    lines: Sequence[Line], horizontal: Sequence[Box], vertical: Sequence[Box]
) -> list[Table]:
    """Tables, largest first. `lines` are the printed line pieces of the page."""
    tables: list[Table] = []
    for group in _candidates(horizontal):
        whole = bounding(group)
        near = [x for x in lines if x.box.y1 >= whole.y0 and x.box.y0 <= whole.y1]
        near = [x for x in near if x.box.x1 >= whole.x0 and x.box.x0 <= whole.x1]
        for rules in _tabular_runs(group, near):
            box = bounding(rules)
            table = cut_table(box, [r.y0 for r in rules], lines, vertical)
            if table is not None and not any(table.box.inside(t.box) > 0.5 for t in tables):
                tables.append(table)
    return tables


def _tabular_runs(rules: Sequence[Box], lines: Sequence[Line]) -> list[list[Box]]:
    """Rules parted where running text lies between two of them.

    The rule under a page's header, the rules of its tables and the rule above its footer often
    have the same ends; what lies between them tells them apart.
    """
    runs = [[rules[0]]]
    paired: list[list[int]] = [[]]  # of each band in a run: baselines that hold several cells
    for upper, lower in itertools.pairwise(rules):
        band = Box(upper.x0, upper.y0, upper.x1, lower.y1)
        near = band.grow(1.5)
        level = (x for x in lines if x.box.y0 < near.y1 and x.box.y1 > near.y0)
        inside = [x for x in level if x.box.inside(near) > 0.6]
        rows = _paired_baselines(inside)
        wide = sum(1 for p in inside if p.box.width > _WIDE * band.width)
        if wide == 0 or len(inside) == 1 or (wide == 1 and rows >= 3):
            runs[-1].append(lower)
            paired[-1].append(rows if inside else 1)  # a band without text is a thick rule
        else:
            runs.append([lower])
            paired.append([])
    trimmed = [_trimmed(r, p) for r, p in zip(runs, paired, strict=True)]
    return [r for r in trimmed if len(r) >= _MIN_RULES]


def _trimmed(run: list[Box], paired: list[int]) -> list[Box]:
    """Without bands at either end that hold no row of several cells: a heading, a note."""
    first, last = 0, len(run)
    while first < last - 1 and paired[first] == 0:
        first += 1
    while last - 1 > first and paired[last - 2] == 0:
        last -= 1
    return run[first:last]


def _paired_baselines(pieces: Sequence[Line]) -> int:
    """Baselines on which at least two pieces stand."""
    middles = sorted((p.box.y0 + p.box.y1) / 2 for p in pieces)
    return sum(
        1
        for n, y in enumerate(middles[1:], 1)
        if y - middles[n - 1] <= 3 and (n == 1 or middles[n - 1] - middles[n - 2] > 3)
    )


def _candidates(rules: Sequence[Box]) -> list[list[Box]]:
    """Groups of rules that share their left and right ends, largest first."""
    rows = _rule_rows(rules)
    groups: list[list[Box]] = []
    for row in sorted(rows, key=lambda r: (r.y0, r.x0)):
        for group in groups:
            last = group[-1]
            same = abs(last.x0 - row.x0) <= 6.0 and abs(last.x1 - row.x1) <= 6.0
            if same and row.y0 - last.y1 <= _MAX_BAND:
                group.append(row)
                break
        else:
            groups.append([row])
    candidates = [g for g in groups if len(g) >= _MIN_RULES]
    return sorted(candidates, key=lambda g: -bounding(g).area)


def _rule_rows(rules: Sequence[Box]) -> list[Box]:
    """Pieces at one height that touch, joined: a rule is often drawn cell by cell."""
    rows: list[Box] = []
    for rule in sorted(rules, key=lambda r: (round(r.y0), r.x0)):
        last = rows[-1] if rows else None
        if last is not None and abs(last.y0 - rule.y0) <= 2.0 and rule.x0 - last.x1 <= 4.0:
            rows[-1] = last.join(rule)
        else:
            rows.append(rule)
    return [r for r in rows if r.width >= _MIN_WIDTH]


def cut_table(
    box: Box, levels: Sequence[float], lines: Sequence[Line], verticals: Sequence[Box]
) -> Table | None:
    """The table in `box`, whose rows are ruled at `levels`; None where the text in it is none."""
    pieces = [x for x in lines if x.box.inside(box.grow(1.5)) > 0.6]
    if len(pieces) < 4:
        return None
    edges = _columns(box, pieces, verticals)
    if len(edges) < 3:
        return None
    grid = _rows(pieces, sorted(levels), edges)
    return make_table(box, grid, _MIN_FILLED, edges=edges)


def _columns(box: Box, pieces: Sequence[Line], verticals: Sequence[Box]) -> list[float]:
    """Left edge, separators and right edge: from vertical rules, else from gaps in the text."""
    tall = [v for v in verticals if v.inside(box.grow(3)) > 0.8 or v.clip(box.grow(3)).height > 8]
    xs = sorted(v.x0 for v in tall if box.x0 + 8 < v.x0 < box.x1 - 8)
    if xs:
        joined = [xs[0]]
        joined += [b for a, b in itertools.pairwise(xs) if b - a > 6]
        return [box.x0 - 2, *joined, box.x1 + 2]
    narrow = [p.box for p in pieces if p.box.width < 0.6 * box.width]
    cuts = []
    right_end = box.x0
    for piece in sorted(narrow, key=lambda b: b.x0):
        if piece.x0 - right_end >= _COLUMN_GAP and right_end > box.x0 + 4:
            cuts.append((right_end + piece.x0) / 2)
        right_end = max(right_end, piece.x1)
    return [box.x0 - 2, *cuts, box.x1 + 2]


def _rows(pieces: Sequence[Line], levels: Sequence[float], edges: Sequence[float]) -> list[GridRow]:
    """Cells by row. A band between two rules is one row where the table rules every row;
    in a table with few rules, each line that starts in the first column opens a row."""
    bands = list(itertools.pairwise(levels))
    ruled = len([b for b in bands if b[1] - b[0] > 5]) >= max(3, _baselines(pieces) / 3)
    rows: list[GridRow] = []
    for top, bottom in bands:
        inside = [p for p in pieces if top - 1 <= (p.box.y0 + p.box.y1) / 2 < bottom + 1]
        if ruled:
            rows.append(cells(inside, edges))
        else:
            rows.extend(_band_rows(inside, edges))
    return [r for r in rows if r.pieces]


def _baselines(pieces: Sequence[Line]) -> int:
    count, last = 0, float("-inf")
    for y in sorted((p.box.y0 + p.box.y1) / 2 for p in pieces):
        if y - last > 4:
            count += 1
            last = y
    return count


def _band_rows(pieces: Sequence[Line], edges: Sequence[float]) -> list[GridRow]:
    rows: list[list[Line]] = []
    last = float("-inf")
    for piece in sorted(pieces, key=lambda p: ((p.box.y0 + p.box.y1) / 2, p.box.x0)):
        middle = (piece.box.y0 + piece.box.y1) / 2
        if middle - last > 4:
            rows.append([])
            last = middle
        rows[-1].append(piece)
    merged: list[list[Line]] = []
    for row in rows:
        starts = any(p.box.x0 < edges[1] for p in row)
        if starts or not merged:
            merged.append(row)
        else:
            merged[-1].extend(row)
    return [cells(row, edges) for row in merged]
