"""A stored page as the grayscale pixels that a query's picture is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.ingest.file_limits import BOUNDS, FileLimits
from octavo.ingest.render import open_page

Grayscale = npt.NDArray[np.uint8]  # (height, width)

_SIDE = 1000  # pixels: of a page's longest side; a letter page at 90 dpi, in 15 ms


@dataclass(frozen=True, slots=True)
class PageRaster:
    """`pixels` of a page as displayed, `zoom` of them a point."""

    pixels: Grayscale
    zoom: float


def rasterize_page(data: bytes, kind: str, number: int, bounds: FileLimits = BOUNDS) -> PageRaster:
    """Page `number` (from 1) of a document's bytes.

    Raises DocumentError for a page that the document does not have, or that cannot be drawn.
    """
    with open_page(data, kind, number, bounds) as page:
        import pymupdf

        zoom = _SIDE / max(page.rect.width, page.rect.height, 1.0)
        pixmap = page.get_pixmap(
            matrix=pymupdf.Matrix(zoom, zoom), colorspace=pymupdf.csGRAY, alpha=False
        )
    rows = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.stride)
    return PageRaster(rows[:, : pixmap.width].copy(), zoom)
