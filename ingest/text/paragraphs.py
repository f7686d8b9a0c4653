"""Text blocks to paragraphs and headings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from octavo.ingest.document import Block, Line, bounding
from octavo.ingest.figures.captions import CAPTION
from octavo.ingest.text.right_to_left import runs_left
from octavo.ingest.text.text_layer import Group

_HEADING = 1.12  # times the body size
_WIDE = 1.3  # line heights between lines of one paragraph
_INDENT = 3.0  # line heights
_LINE = 20  # characters: a shorter line is a cell or a label
_BULLET = re.compile(r"^\s*(?:[•‣▪●○◦·–—*-]|\(?\w{1,3}[.)])\s")
_POINT = re.compile(r"^\s*[•‣▪●○◦·*]")
_NUMBERED = re.compile(r"^(\d+(\.\d+)*\.?|[A-Z]\.|appendix|chapter|section)\s+\S", re.IGNORECASE)


def paragraphs(groups: Sequence[Group], body: float) -> list[Block]:
    """Text blocks; a heading is one of its own. `body`: font size of running text, 0 unknown."""
    return [
        Block("text", bounding(x.box for x in part), tuple(part), heading=_level(part, body))
        for group in groups
        for part in _split_headings(group, body)
    ]


def join_lines_apart(groups: Sequence[Group]) -> list[Group]:
    """Blocks put together that are lines of one paragraph: where the lines stand wide apart,
    MuPDF makes a block of each."""
    joined: list[Group] = []
    for group in groups:
        if joined and _continues_paragraph(joined[-1], group):
            joined[-1] = [*joined[-1], *group]
        else:
            joined.append(list(group))
    return joined


def _continues_paragraph(upper: Group, lower: Group) -> bool:
    last, first = upper[-1], lower[0]
    same_style = abs(last.size - first.size) <= 0.5 and last.bold == first.bold
    height = min(last.box.height, first.box.height)
    gap = first.box.y0 - last.box.y1
    if CAPTION.match(first.text) or (CAPTION.match(upper[0].text) and gap > 0.3 * height):
        return False
    if not same_style or not -0.3 * height <= gap <= _WIDE * height or _BULLET.match(first.text):
        return False
    if len(upper) > 1 and len(lower) > 1 and gap > 0.5 * height:
        return False  # two paragraphs, each of them whole
    box = bounding(x.box for x in upper)
    joined_box = box.join(bounding(x.box for x in lower))
    if runs_left(last.text):
        indent, last_width = abs(first.box.x1 - box.x1), box.x1 - last.box.x0
    else:
        indent, last_width = abs(first.box.x0 - box.x0), last.box.x1 - box.x0
    # A first line may be set in, or the others under it.
    margin = _INDENT * height if len(upper) == 1 and gap <= 0.6 * height else 0.6 * height
    # A line that stops early ends its paragraph.
    return indent <= margin and last_width >= 0.8 * joined_box.width and len(last.text) >= _LINE


def _split_headings(group: Group, body: float) -> list[Group]:
    """A heading and the paragraph under it often come as one block: part them by style."""
    parts: list[Group] = [[group[0]]]
    for line in group[1:]:
        last = parts[-1][-1]
        changed = abs(line.size - last.size) > 0.6 or line.bold != last.bold
        if changed and (_level([line], body) > 0) != (_level([last], body) > 0):
            parts.append([line])
        else:
            parts[-1].append(line)
    return parts


def _level(lines: Sequence[Line], body: float) -> int:
    """0 for running text, else the heading's size in tenths of a point: larger is higher."""
    size, bold = lines[0].size, lines[0].bold
    larger = size >= _HEADING * body
    if body <= 0 or len(lines) > 3 or not (larger or (bold and size >= body - 0.1)):
        return 0
    text = " ".join(x.text for x in lines)
    if len(text) > 140 or CAPTION.match(text) or text.endswith((",", ";")):
        return 0
    if _POINT.match(text) or lines[0].box.height > 2 * lines[0].box.width:
        return 0  # an item of a list; a stamp along the margin
    if sum(c.isalpha() for c in text) < 3:
        return 0
    if larger or (not text.endswith(".") and (len(text) < 80 or _NUMBERED.match(text))):
        return round(size * 10)
    return 0
