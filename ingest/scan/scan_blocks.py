"""What was read from a scanned page, set upright, to text, tables and figures in order."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from octavo.ingest.document import Block, Box, Line, bounding
from octavo.ingest.figures.captions import CAPTION
from octavo.ingest.figures.subfigures import caption_of
from octavo.ingest.figures.vector_graphics import Drawings
from octavo.ingest.scan.scan_figures import ScanFigures, find_scan_figures
from octavo.ingest.scan.scan_layout import arrange_blocks
from octavo.ingest.scan.text_quads import Pixels
from octavo.ingest.tables.find_tables import find_tables
from octavo.ingest.tables.table_cells import Table, structure_of

_CROP_PIXELS = 640  # longest side of a picture handed to the image encoder
_PROSE = 60  # characters in two lines or more: a paragraph, which is no label of a figure
_EMPTY = 0.45  # share of a table's cells
_CELL = 40  # characters: the mean of a table's filled cells is shorter
_SAME = 0.6  # share of a figure inside a table, or the other way round


def blocks_of(image: Pixels, lines: Sequence[Line], scale: float) -> list[Block]:
    """Blocks in reading order. Boxes are in points, `scale` of them to a pixel of `image`."""
    pictured = find_scan_figures(image, [(_scaled(x.box, 1 / scale), x.text) for x in lines])
    texts = arrange_blocks(lines)
    tables = _tables(texts, pictured, scale)
    figures = [_scaled(b, scale) for b in pictured.figures]
    figures = [f for f in figures if not any(_same(f, t.box) for t in tables)]
    captions = [b for b in texts if CAPTION.match(b.lines[0].text)]

    def take_caption(box: Box) -> tuple[Line, ...]:
        index = caption_of(box, [c.box for c in captions])
        return captions.pop(index).lines if index is not None else ()

    used_ids = {id(p) for t in tables for p in t.pieces}
    objects = [
        Block("table", t.box, t.rows, take_caption(t.box), table=structure_of(t)) for t in tables
    ]
    label_lines = [
        x
        for b in texts
        if not _is_prose(b) and b not in captions
        for x in b.lines
        if id(x) not in used_ids
    ]
    for box in sorted(figures, key=lambda b: b.area):
        labels = tuple(x for x in label_lines if x.box.inside(box) > 0.6)
        cut = cropped(image, _scaled(box, 1 / scale))
        objects.append(Block("figure", box, labels, take_caption(box), image=cut))
    used_ids |= {id(x) for b in objects for x in (*b.lines, *b.caption)}
    return _in_order(objects, _remaining_text(texts, used_ids))


def cropped(image: Pixels, box: Box) -> bytes:
    """PNG of a box of `image`, in its pixels; longest side 640 at most."""
    height, width = image.shape[:2]
    rows = slice(max(0, int(box.y0)), min(height, int(box.y1) + 1))
    part = Image.fromarray(image[rows, max(0, int(box.x0)) : min(width, int(box.x1) + 1)])
    part.thumbnail((_CROP_PIXELS, _CROP_PIXELS))
    out = io.BytesIO()
    part.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _tables(texts: Sequence[Block], pictured: ScanFigures, scale: float) -> list[Table]:
    none = np.zeros((0, 4))
    horizontal, vertical = (
        tuple(_scaled(b, scale) for b in rules)
        for rules in (pictured.horizontal, pictured.vertical)
    )
    flags = np.zeros(0, np.bool_)
    drawn = Drawings(horizontal, vertical, none, flags, flags, ())
    tables = find_tables([b.lines for b in texts], drawn, ())
    return [t for t in tables if _is_plausible(t)]


def _is_plausible(table: Table) -> bool:
    """Edges in photographs and panels of slides look like rules: most cells of a table are
    filled, and shortly."""
    cells = [c.strip() for row in table.rows for c in row.text.split(" | ")]
    filled = [c for c in cells if c]
    total = len(table.rows) * max(1, table.columns)
    return (
        len(filled) >= (1 - _EMPTY) * total
        and sum(map(len, filled)) <= _CELL * len(filled)
        and len(table.rows) >= 2
    )


def _same(figure: Box, table: Box) -> bool:
    return figure.inside(table) > _SAME or table.inside(figure) * table.area > _SAME * figure.area


def _is_prose(block: Block) -> bool:
    return len(block.lines) >= 2 and sum(len(x.text) for x in block.lines) >= _PROSE


def _remaining_text(texts: Sequence[Block], used_ids: set[int]) -> list[Block]:
    """The text blocks without the lines that a table, a figure or a caption has."""
    remaining = []
    for block in texts:
        lines = tuple(x for x in block.lines if id(x) not in used_ids)
        if lines:
            box = bounding(x.box for x in lines)
            remaining.append(Block("text", box, lines, heading=block.heading))
    return remaining


def _in_order(objects: Sequence[Block], texts: Sequence[Block]) -> list[Block]:
    """Figures and tables put before the first text that starts below them in their column."""
    ordered = list(texts)
    for block in sorted(objects, key=lambda b: (b.box.y0, b.box.x0)):
        place = len(ordered)
        for i, other in enumerate(ordered):
            shares = min(block.box.x1, other.box.x1) > max(block.box.x0, other.box.x0)
            if shares and other.box.y0 >= block.box.y0:
                place = i
                break
        ordered.insert(place, block)
    return ordered


def _scaled(box: Box, by: float) -> Box:
    return Box(box.x0 * by, box.y0 * by, box.x1 * by, box.y1 * by)
