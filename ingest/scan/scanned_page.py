"""Pages whose text is in their pixels: when to read them by OCR, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pymupdf

from octavo.ingest.document import Block, Box, Line
from octavo.ingest.figures.vector_graphics import Drawings
from octavo.ingest.scan import ocr
from octavo.ingest.scan.scan_blocks import blocks_of, cropped
from octavo.ingest.scan.text_quads import Pixels
from octavo.ingest.text.text_layer import Group
from octavo.ingest.text.text_layer_quality import DEAD, covered, is_noise, legible_lines

_DPI = 200
_MOST_PIXELS = 2000  # a side
_UNREAD = 800  # of a page that is only looked at
_USABLE = 12  # characters: a layer with fewer says nothing, and OCR must bring as many to count
_PICTURED = 0.3  # share of a page under images: less is no scan
_SCAN = 0.8  # share of a page under one image: as much may be a scan with a stamp in its layer
_STAMP = 400  # characters: a layer with more is no stamp
_UNSAID = 4  # lines of text in the pixels and not in the layer
_OUTLINES = 150  # small shapes: text drawn glyph by glyph, without a font
_GLYPH = 30.0  # points
_INVISIBLE = 3  # PDF's text rendering mode of what an earlier OCR left under a scan


def needs_ocr(groups: Sequence[Group], drawn: Drawings, page: Any, read_text: bool = True) -> bool:
    """Whether the text layer of a `pymupdf.Page` (`groups`) does not say what the page shows.

    True for a page of images without text; of shapes as small and many as letters, without
    text; with a layer in which every tenth character stands for nothing; with an invisible layer
    of noise under a scan; and with a scan of which the layer has only a stamp or a page number.
    `drawn` is what `read_drawings` found on it. A stamp is looked for only with `read_text`: it
    takes the OCR's detector.
    """
    lines = [x for g in groups for x in g]
    characters = _count(lines)
    area = float(page.rect.width * page.rect.height)
    if _count(legible_lines(page, groups)) < (1 - DEAD) * characters:
        return True
    if characters < _USABLE:
        return sum(i.area for i in drawn.images) > _PICTURED * area or _is_outlined(drawn)
    if max((i.area for i in drawn.images), default=0.0) < _SCAN * area:
        return False
    if is_noise(lines) and _is_invisible(page):
        return True
    return read_text and characters < _STAMP and _is_stamp(page, lines)


def read(
    page: Any, groups: Sequence[Group], read_text: bool = True, pictures: bool = True
) -> list[Block]:
    """Blocks of a page read from its pixels, in reading order, and the picture of the page.

    Lines of the text layer (`groups`) that can be read stay as they are, and OCR gives the rest.
    Empty where OCR brings nothing to a layer that has text: the caller goes on with the layer.
    `read_text=False` leaves the pixels unread and gives the picture only, or nothing where the
    layer has any text; `pictures=False` gives the blocks without what they look like.
    """
    layer = [x for g in groups for x in g]
    whole = Box(0.0, 0.0, float(page.rect.width), float(page.rect.height))
    if not read_text:
        if layer:
            return []
        return [
            _page_block(whole, _pixels(page, _UNREAD)) if pictures else Block("page", whole, ())
        ]
    pixels = _pixels(page)
    frame = _ScanFrame(ocr.read(pixels), whole.width / pixels.shape[1])
    kept = legible_lines(page, groups)
    if is_noise(kept) and _is_invisible(page):
        kept = []
    lines = _merged(frame, kept, layer)
    if layer and not lines:
        return []
    upright = blocks_of(frame.reading.image, lines, frame.scale) if lines else []
    blocks = [*map(frame.shown, upright), _page_block(whole, frame.reading.image)]
    return blocks if pictures else [replace(b, image=None) for b in blocks]


@dataclass(frozen=True, slots=True)
class _ScanFrame:
    """A page's pixels set upright. Its points are those of the upright page; the page that is
    displayed may lie on its side."""

    reading: ocr.OcrResult
    scale: float  # points a pixel

    def displayed(self, box: Box) -> Box:
        return _scaled(self.reading.to_given(_scaled(box, 1 / self.scale)), self.scale)

    def upright(self, box: Box) -> Box:
        return _scaled(self.reading.to_upright(_scaled(box, 1 / self.scale)), self.scale)

    def shown(self, block: Block) -> Block:
        """A block of the upright page on the displayed one."""
        lines, caption = (
            tuple(replace(x, box=self.displayed(x.box)) for x in part)
            for part in (block.lines, block.caption)
        )
        return replace(block, box=self.displayed(block.box), lines=lines, caption=caption)


def _merged(frame: _ScanFrame, kept: Sequence[Line], layer: Sequence[Line]) -> list[Line]:
    """What OCR read and the lines of the layer, on the upright page; none where OCR adds nothing.

    Of two readings of one place a legible line of the layer (`kept`) stays; a line that is not
    legible stays where OCR found nothing.
    """
    legible_boxes = [x.box for x in kept]
    new_lines = []
    for ocr_line in frame.reading.lines:
        line = Line(ocr_line.text, _scaled(ocr_line.box, frame.scale))
        if covered(frame.displayed(line.box), legible_boxes) < 0.5:
            new_lines.append(line)
    illegible = _count(layer) - _count(kept)
    least = min(_USABLE, illegible / 2) if illegible else _USABLE
    if _count(new_lines) < (least if layer else 1):
        return []
    covered_boxes = [frame.displayed(x.box) for x in new_lines] + legible_boxes
    kept_keys = {(x.text, x.box) for x in kept}
    unread_lines = [
        x for x in layer if (x.text, x.box) not in kept_keys and covered(x.box, covered_boxes) < 0.3
    ]
    return [*new_lines, *(replace(x, box=frame.upright(x.box)) for x in (*kept, *unread_lines))]


def _is_outlined(drawn: Drawings) -> bool:
    """Whether a page has as many small shapes as a few lines of text have letters."""
    sides = (drawn.shapes[:, 2:] - drawn.shapes[:, :2]).max(axis=1, initial=0.0)
    return int((sides < _GLYPH).sum()) >= _OUTLINES


def _is_invisible(page: Any) -> bool:
    """Whether all text of the page is there to be searched and not shown."""
    spans = page.get_texttrace()
    return bool(spans) and all(s["type"] == _INVISIBLE for s in spans)


def _is_stamp(page: Any, lines: Sequence[Line]) -> bool:
    """Whether the page shows more text than its layer has."""
    pixels = _pixels(page)
    scale = float(page.rect.width) / pixels.shape[1]
    detected = [_scaled(b, scale) for b in ocr.detect_text(pixels)]
    layer = [x.box for x in lines]
    unmatched = [b for b in detected if covered(b, layer) < 0.3]
    return len(unmatched) >= _UNSAID and sum(b.area for b in unmatched) > sum(b.area for b in layer)


def _pixels(page: Any, most: int = _MOST_PIXELS) -> Pixels:
    zoom = min(_DPI / 72, most / max(page.rect.width, page.rect.height, 1.0))
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), alpha=False)
    return np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)


def _page_block(whole: Box, image: Pixels) -> Block:
    box = Box(0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
    return Block("page", whole, (), image=cropped(image, box))


def _count(lines: Iterable[Line]) -> int:
    return sum(len(x.text) for x in lines)


def _scaled(box: Box, by: float) -> Box:
    return Box(box.x0 * by, box.y0 * by, box.x1 * by, box.y1 * by)
