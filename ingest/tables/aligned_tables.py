"""Tables without rules whose cells are words as well as numbers: pieces that leave the same white
columns free on line after line.

Three columns at least: two are as often two columns of text. Text in columns is told by its lines,
which fill their column one after the other; cells are short and of uneven length.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from octavo.ingest.boxes import Boxes
from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.figures.captions import CAPTION
from octavo.ingest.figures.vector_graphics import Drawings
from octavo.ingest.tables.baselines import Baseline, is_charted
from octavo.ingest.tables.table_cells import Table, make_table
from octavo.ingest.tables.table_grid import GridRow

_GUTTER = 3.0  # points of white between columns
_CROSSED = 0.12  # share of the lines that may cross a gutter: headers over several columns
_ROWS = 3  # lines of several pieces
_COLUMNS = 3
_FILLED = 0.4  # share of cells
_NEAR = 2.4  # line heights between two lines of one table
_BROADEST = 20_000.0  # points: the largest paper of a PDF has 14,400
_BROAD = 24.0  # points of white that may part two columns of the page
_FAR = 0.15  # of the width of all columns
_COMMON = 0.6  # share of the lines of a table that reach over its gutters
_LABEL = 3.0  # characters: the mean of the labels of a drawing is shorter
_WRAPPED = 0.1  # line heights between the lines of one cell
_HEAD = 4  # lines of a header
_CELL = 36  # characters: the mean of a table's pieces is shorter
_FULL, _PROSE = 0.85, 0.6  # of a column's width; share of its lines that are as wide
_LINE, _LINES = 32, 4  # characters of a line of text, and how many show that a column is text
_LONG, _LONGS = 70, 0.08  # characters of a line, and the share of pieces that may be longer
_ALIKE = 0.2  # share of rows that may say the same in every cell, as the axes of charts do
_SENTENCE = 24  # characters: the mean of lines of text is longer


def find_aligned(baselines: Sequence[Baseline], bars: Boxes, drawn: Drawings) -> list[Table]:
    """Tables of at least three lines and columns, top to bottom."""
    tables = []
    for run in _runs(baselines):
        for part in (p for side in _sides(run) for p in _parts(side)):
            table = _table([*_spanners(part, baselines), *part], drawn.horizontal)
            if table is not None and not is_charted(table.box, bars, drawn):
                tables.append(table)
    return tables


def _sides(run: list[Baseline]) -> list[list[Baseline]]:
    """The run parted at a broad gutter whose two sides have few lines in common: text or tables
    in two columns of the page."""
    columns = _columns(run)
    for left, right in itertools.pairwise(columns):
        middle = (left[1] + right[0]) / 2
        beside_text = _is_running_text(run, left) or _is_running_text(run, right)
        if right[0] - left[1] < _BROAD and not beside_text:
            continue
        sides = [_side(run, float("-inf"), middle), _side(run, middle, float("inf"))]
        if beside_text:
            return _several_sides(sides)
        common = len(sides[0]) + len(sides[1]) - len(run)
        # Names that are printed once over several rows stand near, each beside a row.
        names = common == len(sides[0]) and right[0] - left[1] < _FAR * (columns[-1][1] - left[0])
        if common < _COMMON * max(map(len, sides)) and not names:
            return _several_sides(sides)
    return [run]


def _several_sides(sides: Sequence[list[Baseline]]) -> list[list[Baseline]]:
    return [part for side in sides for part in _sides(side) if _several(part) >= _ROWS]


def _is_running_text(run: Sequence[Baseline], column: tuple[float, float]) -> bool:
    """Whether a column is text of the page: long lines, most of which fill it."""
    left, right = column
    lines = [p for b in run for p in b.pieces if left - 2 <= p.box.x0 and p.box.x1 <= right + 2]
    full = sum(1 for p in lines if p.box.width > _FULL * (right - left))
    long = sum(len(p.text) for p in lines) > _LINE * len(lines)
    return len(lines) >= _LINES and long and full > _PROSE * len(lines)


def _side(run: Sequence[Baseline], start: float, end: float) -> list[Baseline]:
    """Lines with the pieces that begin from `start` to `end`; lines without any left out."""
    parts = [Baseline([p for p in b.pieces if start <= p.box.x0 < end]) for b in run]
    return [b for b in parts if b.pieces]


def _runs(baselines: Sequence[Baseline]) -> list[list[Baseline]]:
    """Lines of several pieces that follow each other, with single ones between them."""
    runs: list[list[Baseline]] = []
    current: list[Baseline] = []
    single: list[Baseline] = []
    for baseline in baselines:
        last = (single or current)[-1] if current else None
        if last is not None and not _follows(last, baseline):
            runs.append([*current, *_wrapped(current, single)])
            current, single = [], []
        if len(baseline.pieces) > 1 and not CAPTION.match(baseline.pieces[0].text):
            current += [*single, baseline]
            single = []
        elif current and len(single) < 2:
            single.append(baseline)
        else:
            runs.append([*current, *_wrapped(current, single)])
            current, single = [], []
    runs.append([*current, *_wrapped(current, single)])
    return [r for r in runs if _several(r) >= _ROWS]


def _wrapped(run: Sequence[Baseline], single: Sequence[Baseline]) -> list[Baseline]:
    """Single lines at the end of a run that stand as near as lines of one cell."""
    wrapped: list[Baseline] = []
    for baseline in single if run else ():
        last = (wrapped or run)[-1]
        if baseline.box.y0 - last.box.y1 > _WRAPPED * baseline.pieces[0].box.height:
            break
        wrapped.append(baseline)
    return wrapped


def _several(run: Sequence[Baseline]) -> int:
    return sum(1 for b in run if len(b.pieces) > 1)


def _follows(last: Baseline, baseline: Baseline) -> bool:
    height = max(p.box.height for p in last.pieces)
    return baseline.box.y0 - last.box.y1 <= _NEAR * height


def _parts(run: list[Baseline]) -> list[list[Baseline]]:
    """The run parted at single lines that are no cell and no name of a part: running text."""
    columns = _columns(run)
    parts: list[list[Baseline]] = [[]]
    for baseline in run:
        alone = len(baseline.pieces) == 1 and not _is_inside(baseline.pieces[0], columns)
        if alone and not (parts[-1] and len(parts[-1]) < _HEAD and _is_over(baseline, columns)):
            parts.append([])
        else:
            parts[-1].append(baseline)
    return [p for p in parts if _several(p) >= _ROWS]


def _is_inside(piece: Line, columns: Sequence[tuple[float, float]]) -> bool:
    """Whether a single piece lies in one column, or is a short text from the first on."""
    starts = [a for a, _ in columns] + [float("inf")]
    for n, left in enumerate(starts[:-1]):
        if left - 2 <= piece.box.x0 and piece.box.x1 < starts[n + 1]:
            return True
    return bool(columns) and piece.box.x0 <= columns[0][1] and len(piece.text) <= 2 * _CELL


def _is_over(baseline: Baseline, columns: Sequence[tuple[float, float]]) -> bool:
    """Whether a single piece stands over the columns after the first: units, a period."""
    piece = baseline.pieces[0]
    inside = columns[0][1] < piece.box.x0 and piece.box.x1 <= columns[-1][1] + 2
    return inside and len(piece.text) <= 2 * _CELL


def _columns(run: Sequence[Baseline]) -> list[tuple[float, float]]:
    """Left and right ends of the columns: where, over nearly all lines, something is printed."""
    ends = [(p.box.x0, p.box.x1) for b in run if len(b.pieces) > 1 for p in b.pieces]
    if not ends:
        return []
    left, right = min(a for a, _ in ends), max(b for _, b in ends)
    if right - left > _BROADEST:
        return []
    counts = np.zeros(int(right - left) + 2, np.int32)
    for a, b in ends:
        counts[int(a - left + 0.5) : int(b - left + 0.5) + 1] += 1
    most = max(1, int(_CROSSED * _several(run))) if _several(run) > 4 else 0
    columns: list[tuple[float, float]] = []
    start = None
    for x, inked in enumerate([*(counts > most), False]):
        if inked and start is None:
            start = x
        elif not inked and start is not None:
            if columns and left + start - columns[-1][1] < _GUTTER:
                columns[-1] = (columns[-1][0], left + x)
            else:
                columns.append((left + start, left + x))
            start = None
    return columns


def _spanners(run: Sequence[Baseline], page: Sequence[Baseline]) -> list[Baseline]:
    """Lines of one piece above the run that stand over some of its columns, not the first: the
    upper row of a header."""
    columns = _columns(run)
    found: list[Baseline] = []
    at = next((n for n, b in enumerate(page) if b.box.y0 >= run[0].box.y0 - 1), 0)
    for baseline in reversed(page[max(0, at - 2) : at]):
        piece = baseline.pieces[0]
        lower = (found or run)[0]
        over = [c for c in columns if c[0] < piece.box.x1 and c[1] > piece.box.x0]
        near = lower.box.y0 - piece.box.y1 <= piece.box.height
        right = bool(columns) and piece.box.x0 > columns[0][1]
        if len(baseline.pieces) > 1 or not near or not right or not over:
            break
        if piece.box.x1 > columns[-1][1] + 2 or len(piece.text) > 2 * _CELL:
            break
        found.insert(0, baseline)
    return found


def _table(run: Sequence[Baseline], rules: Sequence[Box]) -> Table | None:
    columns = _columns(run)
    pieces = [p for b in run for p in b.pieces]
    characters = sum(len(p.text) for p in pieces)
    if len(columns) < _COLUMNS or not _LABEL < characters / len(pieces) <= _CELL:
        return None
    edges = [columns[0][0] - 2]
    edges += [(a[1] + b[0]) / 2 for a, b in itertools.pairwise(columns)]
    edges.append(columns[-1][1] + 2)
    rows = [_row(b, edges) for b in run]
    if _is_text(rows, columns) or _is_addresses(pieces) or _is_axes(rows):
        return None
    if sum(1 for p in pieces if len(p.text) > _LONG) > _LONGS * len(pieces):
        return None
    paired = sum(1 for r in rows if len(r.filled) > 2)
    if paired < 0.5 * len(rows) or paired < _ROWS:
        return None
    return make_table(bounding(p.box for p in pieces), rows, _FILLED, edges=edges, rules=rules)


def _row(baseline: Baseline, edges: Sequence[float]) -> GridRow:
    cells: list[list[Line]] = [[] for _ in edges[1:]]
    for p in baseline.pieces:
        middle = (p.box.x0 + p.box.x1) / 2
        cells[sum(1 for e in edges[1:-1] if middle > e)].append(p)
    return GridRow(cells)


def _is_text(rows: Sequence[GridRow], columns: Sequence[tuple[float, float]]) -> bool:
    """Whether two columns are running text: long lines, most as wide as the column."""
    prose = 0
    for n, (left, right) in enumerate(columns):
        lines = [p for r in rows for p in r.cells[n]]
        full = sum(1 for p in lines if p.box.width > _FULL * (right - left))
        long = sum(len(p.text) for p in lines) > _SENTENCE * len(lines)
        prose += bool(lines) and long and full > _PROSE * len(lines)
    return prose >= 2


def _is_addresses(pieces: Sequence[Line]) -> bool:
    """The authors of a paper beside each other."""
    return sum("@" in p.text for p in pieces) >= 2 and sum(
        "@" in p.text for p in pieces
    ) >= 0.1 * len(pieces)


def _is_axes(rows: Sequence[GridRow]) -> bool:
    """The labels of charts beside each other: every cell of a row says the same."""
    alike = sum(1 for r in rows if len(r.filled) > 2 and len({r.text(c) for c in r.filled}) == 1)
    return alike > _ALIKE * len(rows)
