"""The text layer of a page: its printed lines, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pymupdf

from octavo.ingest.document import Box, Line
from octavo.ingest.figures.vector_graphics import Rotation, rotated_box, rotation_of
from octavo.ingest.open_document import MUPDF_ERRORS
from octavo.ingest.text.page_contents import contents_textpage, has_additions, without_characters
from octavo.ingest.text.printed_line import printed_text
from octavo.ingest.text.raised_text import (
    RAISED_DIGIT,
    foot_number,
    note_number,
    with_note_marks,
)
from octavo.ingest.text.right_to_left import RIGHT_TO_LEFT
from octavo.ingest.text.wide_gaps import parted_lines

#: Text only, ligatures and white space as printed, one `line` per run on a baseline.
_FLAGS = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES & ~pymupdf.TEXT_PRESERVE_LIGATURES
_BOLD = 1 << 4
_NOTE_SIZE = 0.95  # of the running text's size that a note at a page's foot has at most
_MOSTLY = 0.6  # share of the characters that are written in one direction

#: The lines of one block.
Group = list[Line]


@dataclass(frozen=True, slots=True)
class TextLayer:
    """Lines of each text block in the order of the page's content, and the images between.
    `turn`: degrees clockwise that the page has to be turned by for most of its text to be level."""

    groups: list[Group]
    images: tuple[Box, ...]
    turn: int = 0


def read_layer(page: Any, struck: Sequence[Box] = ()) -> TextLayer:
    """The text layer of a `pymupdf.Page`, in displayed points, without its form fields and
    annotations, and without what stands in `struck`, boxes of the unrotated page."""
    turn = rotation_of(page)
    layer = _textpage(page, _FLAGS | pymupdf.TEXT_PRESERVE_IMAGES)
    images = tuple(rotated_box(i["bbox"], turn) for i in layer.extractIMGINFO())
    if images:  # their pixels would be read along with the text
        layer = _textpage(page, _FLAGS)
    blocks = page.get_text("dict", textpage=layer)["blocks"]
    quarter = _quarter_turn(blocks, int(page.rotation))
    parted_lines(blocks, page.get_text("words", textpage=layer))
    groups = [_group(b, turn) for b in blocks]
    if struck or any(RIGHT_TO_LEFT.search(x.text) for g in groups for x in g):
        raw = page.get_text("rawdict", textpage=layer)["blocks"]
        groups = [_group(b, turn) for b in without_characters(raw, struck)]
    ordered = [_in_line_order(g) for g in groups if g]
    return TextLayer(_with_note_marks(ordered, 0.5 * float(page.rect.height)), images, quarter)


def _textpage(page: Any, flags: int) -> Any:
    if has_additions(page):
        return contents_textpage(page, flags)
    return page.get_textpage(flags=flags)


def _with_note_marks(groups: list[Group], foot: float) -> list[Group]:
    """Raised numbers that the page has a note of are marks of it, and no powers. Below `foot` a
    note may begin with a number on the line, in type smaller than the page's."""
    if not any(RAISED_DIGIT.search(x.text) for g in groups for x in g):
        return groups
    body = _most_common_size(x for g in groups for x in g)
    small = (g[0] for g in groups if g[0].box.y0 > foot and g[0].size < _NOTE_SIZE * body)
    notes = {note_number(x.text) for g in groups for x in g} | {foot_number(x.text) for x in small}
    known = frozenset(notes - {""})
    return [[replace(x, text=with_note_marks(x.text, known)) for x in g] for g in groups]


def _most_common_size(lines: Iterable[Line]) -> float:
    """Font size, in points, of most characters, to half a point."""
    count: dict[float, int] = {}
    for line in lines:
        size = round(line.size * 2) / 2
        count[size] = count.get(size, 0) + len(line.text)
    return max(count, key=lambda s: (count[s], s)) if count else 0.0


def _quarter_turn(blocks: Sequence[dict[str, Any]], rotation: int) -> int:
    """0, 90, 180 or 270: what makes the direction level that most characters are written in."""
    counts: dict[int, int] = {}
    for block in blocks:
        for line in block.get("lines", ()):
            x, y = line["dir"]
            angle = (
                0
                if abs(x) >= abs(y) and x >= 0
                else 180
                if abs(x) >= abs(y)
                else 90
                if y > 0
                else 270
            )
            turned = (-angle - rotation) % 360
            counts[turned] = counts.get(turned, 0) + sum(len(s["text"]) for s in line["spans"])
    most = max(counts, key=lambda t: counts[t], default=0)
    return most if counts and counts[most] > _MOSTLY * sum(counts.values()) else 0


def _group(block: dict[str, Any], turn: Rotation) -> Group:
    lines = (_line(raw, turn) for raw in block.get("lines", ()))
    return [x for x in lines if x.text]


def _in_line_order(group: Group) -> Group:
    """Pieces of one printed line from right to left, where that is how they are read. From left
    to right the order of the content stays: to sort it took 0.02 off a text's likeness."""
    if not any(RIGHT_TO_LEFT.search(x.text) for x in group):
        return group
    ordered: Group = []
    level: Group = []
    for line in group:
        if level and not _on_one_line(level[0], line):
            ordered += _right_to_left(level)
            level = []
        level.append(line)
    return ordered + _right_to_left(level)


def _on_one_line(first: Line, line: Line) -> bool:
    middle = (line.box.y0 + line.box.y1) / 2
    return first.box.y0 + 0.25 * first.box.height < middle < first.box.y1 - 0.25 * first.box.height


def _right_to_left(level: Group) -> Group:
    is_right_to_left = any(RIGHT_TO_LEFT.search(x.text) for x in level)
    return sorted(level, key=lambda x: -x.box.x1) if is_right_to_left else level


def body_size(document: Any) -> float:
    """Font size, in points, that most characters of a document have (up to 12 pages read)."""
    lines: list[Line] = []
    step = -(-document.page_count // 12)
    for n in range(0, document.page_count, step):
        try:
            groups = read_layer(document[n]).groups
        except MUPDF_ERRORS:
            continue  # reading this page will say so
        lines += (x for g in groups for x in g)
    return _most_common_size(lines)


def _line(raw: dict[str, Any], turn: Rotation) -> Line:
    spans = raw["spans"] or [{"text": ""}]
    text = printed_text(raw)
    lead: dict[str, Any] = max(spans, key=lambda s: len(s.get("text") or s["chars"]))
    bold = bool(lead.get("flags", 0) & _BOLD) or "bold" in str(lead.get("font", "")).lower()
    return Line(text, rotated_box(raw["bbox"], turn), float(lead.get("size", 0.0)), bold)
