"""Which header stands over each column of a table.

A wrong header is worse than none: where pieces of the header cannot be told to stand over one
column or one run of columns, these columns have no header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.tables.header_runs import Extent, best_runs
from octavo.ingest.tables.table_grid import GridRow, cell_text

#: What the numbers are in, which is said of all columns.
_UNITS = re.compile(
    r"^\(.*(?:million|thousand|billion|except|unaudited|dollars|percent|%).*\)$", re.IGNORECASE
)
_CENTRED = 4.0  # points between the middles of a header and of the column under it
_UNDER = 6.0  # points from a piece of the header to the rule under it


def full_headers(
    header: Sequence[GridRow],
    extents: Sequence[Extent],
    ruled: bool,
    rules: Sequence[Box] = (),
) -> tuple[str, ...]:
    """The whole header of each column, outermost first, parts joined by ` > `; "" where there is
    none or it is not sure. `ruled`: the rules of the table say what each cell covers; else a rule
    of `rules` under a piece of the header says it."""
    levels = [_spans_of(row) for row in header] if ruled else _levels(header, extents, rules)
    if levels is None:
        return ("",) * len(extents)
    paths: list[list[tuple[str, int]]] = [[] for _ in extents]  # text, columns that it covers
    for level in levels:
        if all(_UNITS.match(text) for _, width, text in level if width > 1 or len(level) == 1):
            level = [part for part in level if not _UNITS.match(part[2])]
        for start, width, text in level:
            for column in range(start, min(start + width, len(extents))):
                if not paths[column] or paths[column][-1] != (text, width):
                    paths[column].append((text, width))
    return tuple("" if any(not t for t, _ in path) else _joined(path) for path in paths)


def _levels(
    header: Sequence[GridRow], extents: Sequence[Extent], rules: Sequence[Box]
) -> list[_Level] | None:
    """The cells of each header row; None where one is not sure. The last row stands over the cells
    of the table, the others over these and the last row."""
    levels: list[_Level] = []
    for n, row in enumerate(reversed(header)):
        groups = n > 0 and len(row.filled) <= 0.5 * len(header[-1].filled)
        level = _placed(row, extents, groups)
        if level is None:
            return None
        if groups:
            level = _by_rules(level, row, extents, _rules_of(rules, header))
        if n == 0:
            extents = _widened(extents, row, level)
        levels.insert(0, level)
    return levels


def _rules_of(rules: Sequence[Box], header: Sequence[GridRow]) -> list[Box]:
    """The rules between and under the rows of a header."""
    box = bounding(p.box for row in header for p in row.pieces)
    inside = (r for r in rules if box.y0 < r.y0 < box.y1 + _UNDER)
    return [r for r in inside if r.x1 > box.x0 and r.x0 < box.x1]


def _by_rules(
    level: _Level, row: GridRow, extents: Sequence[Extent], rules: Sequence[Box]
) -> _Level:
    """Pieces over the middle one of three columns (or five) say of that one or of all: a rule under
    the piece tells. Without any rule it is not sure, and they get no text."""
    told: _Level = []
    for (first, width, text), pieces in zip(level, _pieces_apart(row), strict=True):
        piece = bounding(p.box for p in pieces)
        middle = extents[first + width // 2]
        centred = abs((piece.x0 + piece.x1) / 2 - (middle[0] + middle[1]) / 2) < _CENTRED
        sure = width < 3 or width % 2 == 0 or not centred
        if sure or any(_underlines(r, piece, middle) for r in rules):
            told.append((first, width, text))
        elif rules:
            told.append((first + width // 2, 1, text))
        else:
            told.append((first, width, ""))
    return told


def _underlines(rule: Box, piece: Box, column: Extent) -> bool:
    """Whether a rule right under a piece reaches over more than its column."""
    near = -2 < rule.y0 - piece.y1 < _UNDER
    return near and rule.x0 < piece.x0 and rule.x1 - rule.x0 > 1.6 * (column[1] - column[0])


def _widened(extents: Sequence[Extent], row: GridRow, level: _Level) -> list[Extent]:
    """Columns with what stands over one of them alone."""
    wider = list(extents)
    for (column, width, _), pieces in zip(level, _pieces_apart(row), strict=True):
        if width == 1:
            box = bounding(p.box for p in pieces)
            wider[column] = (min(wider[column][0], box.x0), max(wider[column][1], box.x1))
    return wider


def _joined(path: Sequence[tuple[str, int]]) -> str:
    """Lines of one header cell with a space, levels of a header with ` > `."""
    text, above = "", 0
    for part, width in path:
        if text and part:
            text += " " if width == above == 1 else " > "
        text += part
        above = width
    return text


_Level = list[tuple[int, int, str]]
"""First column, columns, text: the cells of one header row."""


def _spans_of(row: GridRow) -> _Level:
    return [(n, row.spans.get(n, 1), text) for n in range(len(row.cells)) if (text := row.text(n))]


def _placed(row: GridRow, extents: Sequence[Extent], groups: bool) -> _Level | None:
    """Pieces of a header row over the columns that they stand over; None where it is not sure.
    `groups`: there are few pieces above a row of many, so that each stands over several columns.

    A piece over one column stands over that; one over several, or between them, over the run of
    columns whose middle or left end it is nearest to. Runs do not cross.
    """
    pieces = _pieces_apart(row)
    if not pieces:
        return []
    ends = [(bounding(p.box for p in ps)) for ps in pieces]
    spans = [(b.x0, b.x1) for b in ends]
    runs = best_runs(spans, extents, groups)
    if runs is None:
        return None
    return [(a, b - a, cell_text(ps)) for (a, b), ps in zip(runs, pieces, strict=True)]


def _pieces_apart(row: GridRow) -> list[list[Line]]:
    """The printed pieces from left to right, those of one cell that touch as one."""
    groups: list[list[Line]] = []
    for piece in sorted(row.pieces, key=lambda p: p.box.x0):
        height = max(piece.box.height, 1.0)
        last = groups[-1] if groups else []
        right = max((p.box.x1 for p in last), default=0.0)
        if last and piece.box.x0 - right < 0.6 * height:
            last.append(piece)
        else:
            groups.append([piece])
    return groups
