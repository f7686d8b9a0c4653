"""Tables without rules: rows of numbers whose columns stand under each other.

Financial statements are printed so. Only numbers are trusted: words under each other are also
two columns of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from octavo.ingest.boxes import Boxes
from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.figures.captions import CAPTION
from octavo.ingest.figures.vector_graphics import Drawings
from octavo.ingest.tables.baselines import Baseline, is_charted
from octavo.ingest.tables.table_cells import Table, make_table
from octavo.ingest.tables.table_grid import LEADERS, OPENING_MARK, GridRow

_NUMBER = re.compile(r"^[\s$€£¥(<>~±+-]*(?:\d[\d,.\s]*|[—–-])[\s)%*†‡a-dxX]{0,4}$")
_MARK = re.compile(r"^[$€£¥()%]+$")  # printed apart from its number
_UNDER = 4.0  # points between right ends of one column
_NAME = 110  # characters of a row's name
_FILLED = 0.4
_PROSE = 0.12  # share of pieces that may be long lines without a number
_BESIDE = 16.0  # points from the last numbers to what still belongs to them
_LEAST = 3  # rows


def find_borderless(
    baselines: Sequence[Baseline], ruled: Sequence[Table], bars: Boxes, drawn: Drawings
) -> list[Table]:
    """Tables of at least three rows with a name and numbers, top to bottom.

    What of `ruled` overlaps one becomes part of it: rules often span the numbers only.
    """
    tables = []
    for run in _runs(baselines):
        table = _table(run, baselines, ruled, drawn.horizontal)
        if table is not None and not is_charted(table.box, bars, drawn):
            tables.append(table)
    return tables


def _numbers(baseline: Baseline) -> list[Line]:
    return [p for p in baseline.pieces if _NUMBER.match(p.text)]


def _is_row(baseline: Baseline) -> bool:
    numbers = _numbers(baseline)
    if not numbers or len(baseline.pieces) < 2:
        return False
    first = numbers[0].box.x0
    return any(
        p.box.x0 < first
        and len(LEADERS.sub("", p.text)) <= _NAME
        and any(c.isalpha() for c in p.text)
        for p in baseline.pieces
    )


def _runs(baselines: Sequence[Baseline]) -> list[list[Baseline]]:
    """Rows that follow each other; headings between rows stay with them."""
    runs: list[list[Baseline]] = []
    current: list[Baseline] = []
    between: list[Baseline] = []
    for baseline in baselines:
        if _is_row(baseline):
            if current and _continues_run(current[-1], between, baseline):
                current += between
            else:
                runs.append(current)
                current = []
            current.append(baseline)
            between = []
        elif current:
            between.append(baseline)
    runs.append(current)
    return [r for r in runs if sum(map(_is_row, r)) >= _LEAST]


def _continues_run(last: Baseline, between: Sequence[Baseline], following: Baseline) -> bool:
    """Nothing between but a heading or two, and some number under another."""
    height = max(p.box.height for p in last.pieces)
    if following.box.y0 - last.box.y1 > height * (2.2 + 1.6 * len(between)) or len(between) > 2:
        return False
    firsts = [b.pieces[0].text for b in between]
    if any(len(b.pieces) > 2 for b in between) or any(
        len(t) > _NAME or CAPTION.match(t) for t in firsts
    ):
        return False
    ends = [n.box.x1 for n in _numbers(last)]
    return any(abs(n.box.x1 - e) <= 2 * _UNDER for n in _numbers(following) for e in ends)


def _table(
    run: Sequence[Baseline],
    page: Sequence[Baseline],
    ruled: Sequence[Table],
    rules: Sequence[Box],
) -> Table | None:
    numbers = [n for b in run for n in _numbers(b)]
    rows = sum(map(_is_row, run))
    columns = [c for c in _columns(numbers) if len(c) >= max(2, 0.3 * rows)]
    if not columns or (len(columns) == 1 and rows < 5):
        return None
    if sum(map(len, columns)) < 0.7 * len(numbers):
        return None
    first = min(n.box.x0 for n in columns[0])
    names = [n for b in run if (n := _name(b, first)) is not None]
    if len(names) < _LEAST:
        return None
    median_left = sorted(n.box.x0 for n in names)[len(names) // 2]
    left = min(n.box.x0 for n in names if n.box.x1 > median_left)
    right = max(n.box.x1 for c in columns for n in c) + _BESIDE
    box = bounding(p.box for b in run for p in b.pieces if left - 2 <= p.box.x0 <= right)
    box = box.join(_header(page, run[0], first, box))
    box = bounding([box, *(t.box for t in ruled if t.box.inside(box) > 0.6)])
    inside = [[p for p in b.pieces if p.box.inside(box.grow(1.5)) > 0.6] for b in page]
    if _count_prose_pieces(inside) > _PROSE * sum(map(len, inside)):
        return None
    separators = _separators(columns)
    grid = [_row(pieces, separators) for pieces in inside if pieces]
    return make_table(box, grid, _FILLED, edges=[box.x0, *separators, box.x1], rules=rules)


def _count_prose_pieces(rows: Sequence[Sequence[Line]]) -> int:
    """Long lines without a number beside them: text of another column of the page."""
    alone = [p for row in rows for p in row if len(p.text) > 32 and not _has_number(row)]
    return len(alone)


def _has_number(row: Sequence[Line]) -> bool:
    return any(_NUMBER.match(p.text) for p in row)


def _row(pieces: Sequence[Line], edges: Sequence[float]) -> GridRow:
    row: list[list[Line]] = [[] for _ in range(len(edges) + 1)]
    for n, p in enumerate(pieces):
        place = p.box.x1 if _NUMBER.match(p.text) else (p.box.x0 + p.box.x1) / 2
        if OPENING_MARK.match(p.text) and n + 1 < len(pieces):
            place = pieces[n + 1].box.x1  # a currency sign far from its number
        row[sum(1 for e in edges if place > e)].append(p)
    return GridRow(row)


def _header(page: Sequence[Baseline], top: Baseline, first: float, box: Box) -> Box:
    """The box of lines over the columns of numbers: years, units."""
    header_box = above = top.box
    for baseline in reversed(page[: page.index(top)]):
        height = max(p.box.height for p in baseline.pieces)
        over = [p.box for p in baseline.pieces if p.box.x1 > first and p.box.x0 < box.x1]
        if not over and above is top.box and _names_part(baseline, box, above):
            above = above.join(baseline.box)  # the first part of the table, under its header
            continue
        alone = all(b.x0 >= box.x0 - 4 and b.x1 <= box.x1 + 4 for b in over)
        if not over or not alone or above.y0 - baseline.box.y1 > 1.2 * height:
            break
        if any(b.width > 0.6 * box.width for b in over):
            break  # a heading or a paragraph
        header_box = above = bounding([above, *over])
    return header_box.clip(Box(box.x0, 0.0, box.x1, box.y1))


def _names_part(baseline: Baseline, box: Box, under: Box) -> bool:
    """Whether a line over the first row says one short thing at the left of the table."""
    piece = baseline.pieces[0]
    near = under.y0 - piece.box.y1 <= piece.box.height and abs(piece.box.x0 - box.x0) < _BESIDE
    return len(baseline.pieces) == 1 and near and len(piece.text) <= _NAME


def _name(baseline: Baseline, first: float) -> Line | None:
    """The piece nearest to the numbers at their left: farther ones may be another column of
    the page."""
    left = [p for p in baseline.pieces if p.box.x0 < first - 4 and not _MARK.match(p.text)]
    left = [p for p in left if not _NUMBER.match(p.text)]
    return left[-1] if left else None


def _columns(numbers: Sequence[Line]) -> list[list[Line]]:
    """Numbers whose right ends stand under each other, from left to right."""
    columns: list[list[Line]] = []
    for n in sorted(numbers, key=lambda n: n.box.x1):
        if columns and n.box.x1 - columns[-1][-1].box.x1 <= _UNDER:
            columns[-1].append(n)
        else:
            columns.append([n])
    return columns


def _separators(columns: Sequence[Sequence[Line]]) -> list[float]:
    """Left end of each column of numbers, with room for a currency sign."""
    separators: list[float] = []
    right_end = float("-inf")
    for column in columns:
        start = min(n.box.x0 for n in column)
        separators.append(
            max(start - 14, (right_end + start) / 2 if right_end > float("-inf") else start - 14)
        )
        right_end = max(n.box.x1 for n in column)
    return separators
