"""One page to blocks: text in reading order, headings, tables, figures with captions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pymupdf
from PIL import Image

from octavo.ingest.document import Block, Box, Line, PageContent, PageState, PageStatus, bounding
from octavo.ingest.figures.captions import CAPTION
from octavo.ingest.figures.chart_bars import find_bars
from octavo.ingest.figures.find_figures import find_figures, is_paragraph
from octavo.ingest.figures.repeated_images import NONE, RepeatedImages
from octavo.ingest.figures.subfigures import caption_of, join_parts
from octavo.ingest.figures.vector_graphics import Drawings, read_drawings
from octavo.ingest.layout_model import find_regions, is_picture_page
from octavo.ingest.scan import ocr, scanned_page
from octavo.ingest.tables.find_tables import find_tables, tables_at
from octavo.ingest.tables.table_cells import structure_of
from octavo.ingest.text.additions import read_additions
from octavo.ingest.text.paragraphs import join_lines_apart, paragraphs
from octavo.ingest.text.reading_order import in_reading_order
from octavo.ingest.text.text_layer import Group, read_layer
from octavo.ingest.text.turned_page import upright

_CROP_PIXELS = 640  # longest side of a figure crop handed to the image encoder and to OCR
_USABLE = 12  # characters: a raster figure with fewer is read by OCR


def read_page(
    page: Any,
    number: int,
    body: float,
    read_text: bool = True,
    pictures: bool = True,
    repeated: RepeatedImages = NONE,
) -> PageContent:
    """Blocks of a `pymupdf.Page`, in displayed points. `body` is the document's body font size.

    `read_text=False` leaves pixels unread (no OCR, no layout model), `pictures=False` figures
    without their crops: to draw them takes longer than all the rest. No figure is made of what is
    `repeated`.
    """
    width, height = float(page.rect.width), float(page.rect.height)
    additions = read_additions(page)
    layer = read_layer(page, additions.struck)
    if layer.turn in (90, 270) and page.parent.is_pdf:  # no other page can be turned
        with upright(page, layer.turn) as shown:
            content = read_page(page, number, body, read_text, pictures, repeated)
            return replace(
                content, width=width, height=height, blocks=tuple(map(shown, content.blocks))
            )
    groups = join_lines_apart(layer.groups)
    drawn = read_drawings(page, repeated.without(page, layer.images))
    state: PageState = "text"
    if scanned_page.needs_ocr(groups, drawn, page, read_text):
        blocks = scanned_page.read(page, groups, read_text, pictures)
        if blocks:
            state = "ocr" if any(b.lines for b in blocks) else "image"
            blocks += [Block("text", x.box, (x,)) for x in additions.lines()]
            return _content(number, width, height, state, blocks)
    groups = additions.placed_in(groups)
    blocks_of_layer = _blocks(page, groups, drawn, body, read_text, pictures)
    return _content(number, width, height, state if blocks_of_layer else "blank", blocks_of_layer)


def _content(
    number: int, width: float, height: float, state: PageState, blocks: Sequence[Block]
) -> PageContent:
    return PageContent(number, width, height, PageStatus(number, state), tuple(blocks))


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


def _blocks(
    page: Any,
    groups: list[Group],
    drawn: Drawings,
    body: float,
    read_text: bool,
    pictures: bool,
) -> list[Block]:
    width, height = float(page.rect.width), float(page.rect.height)
    bars = find_bars(drawn, width, height)
    tables = find_tables(groups, drawn, bars)
    needs_layout_model = read_text and is_picture_page(drawn, width, height)
    layout_regions = find_regions(page) if needs_layout_model else []
    tables += tables_at([p.box for p in layout_regions if p.kind == "table"], groups, tables)
    table_piece_ids = {id(p) for t in tables for p in t.pieces}
    free_groups = [kept for g in groups if (kept := [x for x in g if id(x) not in table_piece_ids])]
    figures = find_figures(free_groups, drawn, [t.box for t in tables], bars, width, height)
    figures += [
        p.box for p in layout_regions if p.kind == "picture" and p.box.area < 0.7 * width * height
    ]
    captions = _Captions(free_groups)
    objects = [
        Block("table", t.box, t.rows, captions.take(t.box), table=structure_of(t)) for t in tables
    ]
    running = [bounding(x.box for x in g) for g in free_groups if is_paragraph(g)]
    barriers = [*running, *(t.box for t in tables)]
    label_candidates = [
        x for g in free_groups if not is_paragraph(g) and not CAPTION.match(g[0].text) for x in g
    ]
    for box, parts in join_parts(figures, captions.boxes, barriers):
        figure = _figure(page, box, label_candidates, drawn, read_text, pictures)
        objects.append(replace(figure, caption=captions.take(box)))
        objects += [_figure(page, part, label_candidates, drawn, False, pictures) for part in parts]
    used_ids = {id(x) for b in objects for x in (*b.lines, *b.caption)} | table_piece_ids
    text_groups = [kept for g in groups if (kept := [x for x in g if id(x) not in used_ids])]
    return in_reading_order(_in_order(objects, paragraphs(text_groups, body)))


class _Captions:
    """The captions of a page; each belongs to one figure or table."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._groups = [g for g in groups if CAPTION.match(g[0].text)]
        self.boxes = [bounding(x.box for x in g) for g in self._groups]

    def take(self, box: Box) -> tuple[Line, ...]:
        """The lines of the caption that belongs to `box`; none where there is none."""
        index = caption_of(box, self.boxes)
        if index is None:
            return ()
        self.boxes.pop(index)
        return tuple(self._groups.pop(index))


def _figure(
    page: Any, box: Box, loose: Sequence[Line], drawn: Drawings, read_text: bool, pictures: bool
) -> Block:
    """`loose` are the lines that may be labels: those of no paragraph."""
    labels = [x for x in loose if x.box.inside(box) > 0.6]
    image = crop(page, box) if pictures or read_text else None
    pictured = sum(i.clip(box).area for i in drawn.images) > 0.3 * box.area
    if read_text and image and pictured and sum(len(x.text) for x in labels) < _USABLE:
        labels += ocr.read_lines(image, box)
    return Block("figure", box, tuple(labels), image=image if pictures else None)


def _in_order(objects: list[Block], paragraphs: list[Block]) -> list[Block]:
    """Figures and tables put before the first paragraph that starts below them in their column."""
    before: list[list[Block]] = [[] for _ in range(len(paragraphs) + 1)]
    for block in sorted(objects, key=lambda b: (b.box.y0, b.box.x0)):
        following = (
            n
            for n, other in enumerate(paragraphs)
            if min(block.box.x1, other.box.x1) > max(block.box.x0, other.box.x0)
            and other.box.y0 >= block.box.y0
        )
        before[next(following, len(paragraphs))].append(block)
    ordered: list[Block] = []
    for blocks, paragraph in zip(before, paragraphs, strict=False):
        ordered += [*blocks, paragraph]
    return ordered + before[-1]
