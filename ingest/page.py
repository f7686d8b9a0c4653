"""One page to blocks: text in reading order, headings, tables, figures with captions."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import pymupdf
from PIL import Image

from ingest import ocr
from ingest.caption import CAPTION
from ingest.document import Block, Box, Line, PageContent, PageState, PageStatus, bounding
from ingest.drawings import Drawings, read_drawings, turned
from ingest.figures import caption_of, find_figures
from ingest.files import MUPDF_ERRORS, utf8
from ingest.tables import find_tables

#: Text only, ligatures and white space as printed, one `line` per run on a baseline.
_FLAGS = pymupdf.TEXTFLAGS_DICT & ~pymupdf.TEXT_PRESERVE_IMAGES & ~pymupdf.TEXT_PRESERVE_LIGATURES
_OCR_DPI = 150
_CROP_PIXELS = 640  # longest side of a figure crop handed to the image encoder and to OCR
_HEADING = 1.12  # times the body size
_USABLE = 12  # characters: fewer on a page with an image mean that the page is a scan
_BOLD = 1 << 4
_NUMBERED = re.compile(r"^(\d+(\.\d+)*\.?|[A-Z]\.|appendix|chapter|section)\s+\S", re.IGNORECASE)

_Group = list[Line]


def read_page(page: Any, number: int, body: float, read_text: bool = True) -> PageContent:
    """Blocks of a `pymupdf.Page`, in displayed points. `body` is the document's body font size.

    `read_text=False` leaves images unread (no OCR).
    """
    width, height = float(page.rect.width), float(page.rect.height)
    groups = _text_groups(page)
    drawn = read_drawings(page)
    state: PageState = "text"
    if _needs_ocr(groups, drawn, width * height):
        groups = _paragraph_groups(_ocr_page(page, width, height)) if read_text else []
        state = "ocr" if groups else "image"
        blocks = (*_paragraphs(groups, body=0.0), _page_image(page, width, height))
        return _content(number, width, height, state, blocks)
    blocks_found = _blocks(page, groups, drawn, body, read_text)
    return _content(number, width, height, state if blocks_found else "blank", blocks_found)


def _content(
    number: int, width: float, height: float, state: PageState, blocks: Sequence[Block]
) -> PageContent:
    return PageContent(number, width, height, PageStatus(number, state), tuple(blocks))


def body_size(document: Any) -> float:
    """Font size, in points, that most characters of a document have (up to 12 pages read)."""
    count: dict[float, int] = {}
    step = -(-document.page_count // 12)
    for n in range(0, document.page_count, step):
        try:
            groups = _text_groups(document[n])
        except MUPDF_ERRORS:
            continue  # reading this page will say so
        for line in (x for g in groups for x in g):
            size = round(line.size * 2) / 2
            count[size] = count.get(size, 0) + len(line.text)
    return max(count, key=lambda s: (count[s], s)) if count else 0.0


def _text_groups(page: Any) -> list[_Group]:
    """Lines of each text block, in the order of the page's content."""
    turn = page.rotation_matrix
    groups = []
    for block in page.get_text("dict", flags=_FLAGS)["blocks"]:
        lines = [_line(raw, turn) for raw in block.get("lines", ())]
        kept = [x for x in lines if x.text]
        if kept:
            groups.append(kept)
    return groups


def _line(raw: dict[str, Any], turn: Any) -> Line:
    spans = raw["spans"]
    text = utf8(" ".join("".join(s["text"] for s in spans).split()))
    lead: dict[str, Any] = max(spans, key=lambda s: len(s["text"])) if spans else {}
    bold = bool(lead.get("flags", 0) & _BOLD) or "bold" in str(lead.get("font", "")).lower()
    return Line(text, turned(raw["bbox"], turn), float(lead.get("size", 0.0)), bold)


def _needs_ocr(groups: Sequence[_Group], drawn: Drawings, area: float) -> bool:
    characters = sum(len(x.text) for g in groups for x in g)
    pictured = sum(i.area for i in drawn.images)
    return characters < _USABLE and pictured > 0.3 * area


def _ocr_page(page: Any, width: float, height: float) -> list[Line]:
    zoom = min(_OCR_DPI / 72, 2000 / max(width, height))
    png = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), alpha=False).tobytes("png")
    return ocr.read_lines(png, Box(0.0, 0.0, width, height))


def _paragraph_groups(lines: Sequence[Line]) -> list[_Group]:
    """Lines that OCR gave one by one, put together where they stand like a paragraph."""
    groups: list[_Group] = []
    for line in lines:
        for group in groups:
            last = group[-1].box
            height = min(last.height, line.box.height)
            gap = line.box.y0 - last.y1
            left = abs(line.box.x0 - last.x0)
            if -0.4 * height <= gap <= 0.6 * height and left <= 2 * height:
                group.append(line)
                break
        else:
            groups.append([line])
    return groups


def crop(page: Any, box: Box, pixels: int = _CROP_PIXELS) -> bytes:
    """PNG of a box of a displayed page, its longest side at most `pixels` (and 200 dpi)."""
    zoom = min(200 / 72, pixels / max(box.width, box.height, 1.0))
    clip = pymupdf.Rect(box.x0, box.y0, box.x1, box.y1)
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), clip=clip, alpha=False)
    image = Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
    out = io.BytesIO()
    # It lives until it is embedded: small is not worth the time, which was a tenth of reading.
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _page_image(page: Any, width: float, height: float) -> Block:
    box = Box(0.0, 0.0, width, height)
    return Block("page", box, (), image=crop(page, box))


def _blocks(
    page: Any, groups: list[_Group], drawn: Drawings, body: float, read_text: bool
) -> list[Block]:
    lines = [x for g in groups for x in g]
    width, height = float(page.rect.width), float(page.rect.height)
    tables = find_tables(lines, drawn)
    figures = find_figures(lines, drawn, [t.box for t in tables], width, height)
    figures = [f for f in figures if not any(f.inside(t.box) > 0.5 for t in tables)]
    captions = [g for g in groups if CAPTION.match(g[0].text)]
    boxes = [bounding(x.box for x in g) for g in captions]

    def take_caption(box: Box) -> tuple[Line, ...]:
        index = caption_of(box, boxes)
        if index is None:
            return ()
        boxes.pop(index)
        return tuple(captions.pop(index))

    found = [Block("table", t.box, t.rows, take_caption(t.box), columns=t.columns) for t in tables]
    free = [x for x in lines if not any(x.box.inside(t.box.grow(1.5)) > 0.6 for t in tables)]
    found += [_figure(page, f, free, drawn, take_caption, read_text) for f in figures]
    used = {id(x) for b in found for x in (*b.lines, *b.caption)}
    taken = [t.box.grow(1.5) for t in tables]
    rest = [
        [x for x in g if id(x) not in used and not any(x.box.inside(t) > 0.6 for t in taken)]
        for g in groups
    ]
    return _in_order(found, _paragraphs([g for g in rest if g], body))


def _figure(
    page: Any,
    box: Box,
    lines: Sequence[Line],
    drawn: Drawings,
    take_caption: Callable[[Box], tuple[Line, ...]],
    read_text: bool,
) -> Block:
    caption = take_caption(box)
    named = {id(x) for x in caption}
    labels = [x for x in lines if x.box.inside(box) > 0.6 and id(x) not in named]
    image = crop(page, box)
    pictured = sum(i.clip(box).area for i in drawn.images) > 0.3 * box.area
    if read_text and pictured and sum(len(x.text) for x in labels) < _USABLE:
        labels += ocr.read_lines(image, box)
    return Block("figure", box, tuple(labels), caption, image=image)


def _in_order(found: list[Block], paragraphs: list[Block]) -> list[Block]:
    """Figures and tables put before the first paragraph that starts below them in their column."""
    ordered = list(paragraphs)
    for block in sorted(found, key=lambda b: (b.box.y0, b.box.x0)):
        place = len(ordered)
        for i, other in enumerate(ordered):
            shares = min(block.box.x1, other.box.x1) > max(block.box.x0, other.box.x0)
            if shares and other.box.y0 >= block.box.y0:
                place = i
                break
        ordered.insert(place, block)
    return ordered


def _paragraphs(groups: Sequence[_Group], body: float) -> list[Block]:
    blocks: list[Block] = []
    for group in groups:
        blocks.extend(
            Block("text", bounding(x.box for x in part), tuple(part), heading=_level(part, body))
            for part in _split_headings(group, body)
        )
    return blocks


def _split_headings(group: _Group, body: float) -> list[_Group]:
    """A heading and the paragraph under it often come as one block: part them by style."""
    parts: list[_Group] = [[group[0]]]
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
    text = " ".join(x.text for x in lines)
    if body <= 0 or len(text) > 140 or len(lines) > 3 or CAPTION.match(text):
        return 0
    letters = sum(c.isalpha() for c in text)
    if letters < 3 or text.endswith((",", ";")):
        return 0
    size = lines[0].size
    larger = size >= _HEADING * body
    bold = lines[0].bold and size >= body - 0.1 and not text.endswith(".")
    if larger or (bold and (len(text) < 80 or _NUMBERED.match(text))):
        return round(size * 10)
    return 0
