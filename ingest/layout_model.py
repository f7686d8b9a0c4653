"""The layout model of PyMuPDF: a graph network over text boxes and pixels.

It takes 0.3 to 0.6 s a page, 50 times the rest of reading, so it is asked only where the cheap
way cannot see: where a page is one picture, the rules of its tables and the lines of its drawings
are pixels. It needs the text's places to find anything: on 73 scanned development pages it found
none of 114 evidence boxes by itself, and 35 besides whole pages with the lines that OCR had read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pymupdf

from octavo.ingest.document import Box, Line
from octavo.ingest.figures.vector_graphics import Drawings

_WHOLE = 0.85  # share of the page under one image


@dataclass(frozen=True, slots=True)
class LayoutRegion:
    """A region of the model, in displayed points. `kind` is its class: `picture`, `table`,
    `text`, `title`, `section-header`, `list-item`, `caption`, `formula`, `footnote`,
    `page-header`, `page-footer`."""

    kind: str
    box: Box


def is_picture_page(drawn: Drawings, width: float, height: float) -> bool:
    """Whether a page of `width` x `height` points is one picture with text over it."""
    return any(i.area > _WHOLE * width * height for i in drawn.images)


def find_regions(page: Any) -> list[LayoutRegion]:
    """Regions of a `pymupdf.Page` that has a text layer, in reading order."""
    import pymupdf.layout  # noqa: F401  loads the model, on the first page that needs it

    page.get_layout()
    rows = page.layout_information or ()
    return [LayoutRegion(str(row[4]), Box(*(float(v) for v in row[:4]))) for row in rows]


def find_regions_of_scan(
    png: bytes, width: float, height: float, lines: Sequence[Line]
) -> list[LayoutRegion]:
    """Regions of a scanned page from its picture and the `lines` that were read on it."""
    with pymupdf.open() as document:
        page = document.new_page(width=width, height=height)
        page.insert_image(page.rect, stream=png)
        font = pymupdf.Font("helv")
        for line in lines:
            _insert_invisible(page, line, font)
        return find_regions(page)


def _insert_invisible(page: Any, line: Line, font: Any) -> None:
    """A line as an invisible text layer has it: in its place, as wide as it is printed."""
    size = max(1.0, 0.75 * line.box.height)
    width = font.text_length(line.text, size)
    if width > line.box.width > 0:
        size = max(1.0, size * line.box.width / width)
    foot = (line.box.x0, line.box.y1 - 0.2 * line.box.height)
    page.insert_text(foot, line.text, fontsize=size, render_mode=3)
