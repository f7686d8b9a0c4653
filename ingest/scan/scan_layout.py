"""Lines of a scanned page to paragraphs, headings and rows, in reading order.

A text layer comes in blocks; OCR gives lines one by one, so that columns are found from white
space: a recursive X-Y cut (Nagy and Seth, 1984) that prefers columns to rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from statistics import median

from octavo.ingest.document import Block, Line, bounding
from octavo.ingest.figures.captions import CAPTION

_GUTTER = 1.0  # line heights of white between columns
_BESIDE = 0.25  # of the height of all columns: a lower one stands beside a part of the text only
_NARROW = 0.12  # of the width of all columns: a narrower one has marks or numbers
_LEADING = 0.9  # line heights of white between lines of one paragraph
_DOUBLE = 1.5  # and of a double-spaced one
_ALIKE = 1.4  # ratio of the heights of two lines in one paragraph
_HEADING = 1.3  # times the height of running text: boxes of equal print differ by a quarter
_SIZE = 0.72  # font size of a line's height: the detector's boxes have a margin
_CELL = 22  # characters: the median of a table's cells is shorter, that of a column's lines longer


def arrange_blocks(lines: Sequence[Line]) -> list[Block]:
    """Text blocks in reading order, from the lines of a page that stands upright."""
    if not lines:
        return []
    body = _body(lines)
    blocks = []
    for column in _cut(list(lines), median(x.box.height for x in lines)):
        parts = [column] if _is_table(column) else _paragraphs(column)
        blocks += [
            Block("text", bounding(x.box for x in p), tuple(p), heading=_level(p, body))
            for p in parts
        ]
    return blocks


def _body(lines: Sequence[Line]) -> float:
    """Height of the lines in which the middle character stands."""
    by_height = sorted((x.box.height, len(x.text)) for x in lines)
    remaining = sum(n for _, n in by_height) / 2
    for height, count in by_height:
        remaining -= count
        if remaining <= 0:
            return height
    return by_height[-1][0]


def _cut(lines: list[Line], height: float) -> list[list[Line]]:
    """Columns of lines in reading order; a column runs on until something spans its gutter."""
    if _is_table(lines):
        return _framed(lines)
    columns = _columns(lines, height)
    if len(columns) > 1:
        return [part for c in columns for part in _cut(c, height)]
    strips = _split(lines, 1, 0.0)
    if len(strips) == 1:
        return [_by_rows(lines)]
    bands = [strips[0]]
    for strip in strips[1:]:
        alone = len(_columns(bands[-1], height)) == 1 and len(_columns(strip, height)) == 1
        if alone or len(_columns(bands[-1] + strip, height)) > 1:
            bands[-1] = bands[-1] + strip
        else:
            bands.append(strip)
    if len(bands) == 1:
        return [_by_rows(lines)]
    return [part for b in bands for part in _cut(b, height)]


def _framed(lines: Sequence[Line]) -> list[list[Line]]:
    """A table as one part, what stands alone over and under it as others."""
    rows = _split(lines, 1, 0.0)
    full = [n for n, row in enumerate(rows) if len(row) > 1]
    parts = (rows[: full[0]], rows[full[0] : full[-1] + 1], rows[full[-1] + 1 :])
    return [_by_rows([x for row in part for x in row]) for part in parts if part]


def _columns(lines: Sequence[Line], height: float) -> list[list[Line]]:
    """Lines parted at gutters; numbers of a list and a lone note at the side are no column."""
    parts = _split(lines, 0, _GUTTER * height)
    if len(parts) == 1:
        return parts
    boxes = [bounding(x.box for x in p) for p in parts]
    whole = bounding(boxes)
    if min(b.height for b in boxes) < _BESIDE * whole.height:
        return [list(lines)]
    joined: list[list[Line]] = []
    narrow = False
    for part, box in zip(parts, boxes, strict=True):
        if narrow:
            joined[-1] = joined[-1] + part
        else:
            joined.append(part)
        narrow = box.width < _NARROW * whole.width
    if narrow and len(joined) > 1:
        last = joined.pop()
        joined[-1] = joined[-1] + last
    return joined


def _split(lines: Sequence[Line], axis: int, gap: float) -> list[list[Line]]:
    """Lines parted at white space wider than `gap`: axis 0 left to right, 1 top to bottom."""

    def ends(line: Line) -> tuple[float, float]:
        b = line.box
        # Boxes of neighbouring lines overlap a little.
        slack = 0.2 * b.height if axis else 0.0
        return (b.y0 + slack, b.y1 - slack) if axis else (b.x0, b.x1)

    parts: list[list[Line]] = []
    reached = float("-inf")
    for line in sorted(lines, key=ends):
        start, end = ends(line)
        if parts and start <= reached + gap:
            parts[-1].append(line)
        else:
            parts.append([line])
        reached = max(reached, end)
    return parts


def _by_rows(lines: Sequence[Line]) -> list[Line]:
    """Top to bottom, and left to right where lines stand at one height."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda x: x.box.y0 + x.box.y1):
        middle = (line.box.y0 + line.box.y1) / 2
        if rows and middle < rows[-1][0].box.y1 - 0.25 * rows[-1][0].box.height:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [x for row in rows for x in sorted(row, key=lambda x: x.box.x0)]


def _is_table(lines: Sequence[Line]) -> bool:
    """Short lines of which most stand beside others at their height, in three rows or more."""
    if len(lines) < 6 or median(len(x.text) for x in lines) > _CELL:
        return False
    rows = _split(lines, 1, 0.0)
    beside = [len(_split(r, 0, 0.0)) for r in rows]
    full = [n for n in beside if n > 1]
    return len(full) >= 3 and len(full) >= 0.7 * len(rows) and max(beside) - min(full) <= 2


def _paragraphs(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines of one column parted where the white between them or their height changes."""
    parts: list[list[Line]] = []
    leading = _leading(lines)
    for line in lines:
        part = next(
            (p for p in reversed(parts[-3:]) if _continues_paragraph(p, line, leading)), None
        )
        if part is None:
            parts.append([line])
        else:
            part.append(line)
    return parts


def _leading(lines: Sequence[Line]) -> float:
    """White between lines of one paragraph, in line heights: more where most lines have more,
    as in a typescript with double spacing."""
    gaps = [
        (b.box.y0 - a.box.y1) / min(a.box.height, b.box.height)
        for a, b in itertools.pairwise(lines)
    ]
    usual = median(gaps) if len(gaps) >= 5 else 0.0
    return max(_LEADING, 1.2 * usual) if usual <= _DOUBLE else _LEADING


def _continues_paragraph(part: Sequence[Line], line: Line, leading: float) -> bool:
    last = part[-1].box
    low, high = sorted((last.height, line.box.height))
    gap = line.box.y0 - last.y1
    shared = min(last.x1, line.box.x1) - max(last.x0, line.box.x0)
    return (
        high <= _ALIKE * low
        and -0.6 * low <= gap <= leading * low
        and shared > 0.3 * min(last.width, line.box.width)
    )


def _level(lines: Sequence[Line], body: float) -> int:
    """0 for running text, else the heading's size in tenths of a point."""
    text = " ".join(x.text for x in lines)
    height = median(x.box.height for x in lines)
    letters = sum(c.isalpha() for c in text)
    if len(lines) > 3 or len(text) > 140 or letters < 3 or CAPTION.match(text):
        return 0
    return round(height * _SIZE * 10) if height >= _HEADING * body else 0
