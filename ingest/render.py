"""Pages and crops as pictures, rendered on demand from the stored original."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from PIL import Image, ImageDraw

from octavo.ingest.document import Box, DocumentError
from octavo.ingest.file_limits import BOUNDS, FileLimits
from octavo.ingest.mupdf import import_mupdf

_INK = (200, 30, 30)
_TINT = (255, 214, 0)
_MOST_PIXELS = 4096  # of a crop's longest side: 50 MB of pixels
_CLOSEST = 5.0  # zoom of a crop: 360 dpi, at which 5-point labels are 25 pixels high


@contextmanager
def open_page(data: bytes, kind: str, number: int, bounds: FileLimits = BOUNDS) -> Iterator[Any]:
    """Page `number` (from 1) of a document that is open meanwhile. What draws is imported with the
    first: a process that only indexes and searches does without its 37 MB.

    Raises DocumentError for a page that the document does not have, or that cannot be drawn.
    """
    import_mupdf()
    from octavo.ingest.open_document import MUPDF_ERRORS, open_document

    with open_document(data, kind, bounds=bounds) as document:
        if not 1 <= number <= document.page_count:
            raise DocumentError(f"has pages 1 to {document.page_count}; page {number} was asked")
        try:
            yield document[number - 1]
        except MUPDF_ERRORS as error:
            raise DocumentError(f"page {number} cannot be drawn: {error}") from error


def render_page(
    data: bytes,
    kind: str,
    number: int,
    boxes: Sequence[Box] = (),
    pixels: int = 1400,
    bounds: FileLimits = BOUNDS,
) -> bytes:
    """PNG of page `number` (from 1), `boxes` marked on it; longest side `pixels` at most.

    Raises DocumentError for a page that the document does not have.
    """
    with open_page(data, kind, number, bounds) as page:
        zoom = min(3.0, pixels / max(page.rect.width, page.rect.height, 1.0))
        picture = _drawn(page, zoom)
    return _png(_marked(picture, boxes, zoom))


def render_crop(
    data: bytes, kind: str, region_page: int, box: Box, pixels: int, bounds: FileLimits = BOUNDS
) -> bytes:
    """PNG of `box` (points, as displayed) on page `region_page` (from 1), longest side `pixels`
    at most; less where that would magnify more than five times.

    Raises DocumentError for a page that the document does not have or a box that is not on it,
    ValueError for `pixels` outside 1 to 4096.
    """
    if not 1 <= pixels <= _MOST_PIXELS:
        raise ValueError(f"a crop has 1 to {_MOST_PIXELS} pixels a side; {pixels} were asked")
    with open_page(data, kind, region_page, bounds) as page:
        part = box.clip(Box(0.0, 0.0, page.rect.width, page.rect.height))
        if not (part.width > 0 and part.height > 0):  # also where a side is no number
            raise DocumentError(
                f"page {region_page} is {page.rect.width:.0f} x {page.rect.height:.0f} "
                f"points; the box {box.rounded()} is not on it"
            )
        zoom = min(_CLOSEST, pixels / max(part.width, part.height))
        image = _drawn(page, zoom, part)
    image.thumbnail((pixels, pixels))  # MuPDF rounds outwards
    return _png(image)


def _drawn(page: Any, zoom: float, part: Box | None = None) -> Image.Image:
    """`part` of a page in points, or all of it."""
    import pymupdf

    clip = pymupdf.Rect(part.x0, part.y0, part.x1, part.y1) if part else None
    pixmap = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), clip=clip, alpha=False)
    return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)


def _marked(image: Image.Image, boxes: Sequence[Box], zoom: float) -> Image.Image:
    if not boxes:
        return image
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    for box in boxes:
        b = box.grow(2.0)
        corners = (b.x0 * zoom, b.y0 * zoom, b.x1 * zoom, b.y1 * zoom)
        # A line of text is tinted; a figure keeps its colours.
        alpha = 70 if b.height <= 60 else 18
        draw.rectangle(
            corners, fill=(*_TINT, alpha), outline=(*_INK, 255), width=max(2, round(zoom))
        )
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
