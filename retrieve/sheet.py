"""A stored page as the grey pixels that a query's picture is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.bounds import BOUNDS, Bounds
from ingest.document import DocumentError

Grey = npt.NDArray[np.uint8]  # (height, width)

_SIDE = 1000  # pixels: of a page's longest side; a letter page at 90 dpi, in 15 ms


@dataclass(frozen=True, slots=True)
class Sheet:
    """`pixels` of a page as displayed, `zoom` of them a point."""

    pixels: Grey
    zoom: float


def sheet_of(data: bytes, kind: str, number: int, bounds: Bounds = BOUNDS) -> Sheet:
    """Page `number` (from 1) of a document's bytes.

    Raises DocumentError for a page that the document does not have, or that cannot be drawn.
    """
    import pymupdf  # 64 MB that a process without pictures in its questions does without

    from ingest.opening import MUPDF_ERRORS, open_document

    with open_document(data, kind, bounds=bounds) as document:
        if not 1 <= number <= document.page_count:
            raise DocumentError(f"has pages 1 to {document.page_count}; page {number} was asked")
        try:
            page = document[number - 1]
            zoom = _SIDE / max(page.rect.width, page.rect.height, 1.0)
            drawn = page.get_pixmap(
                matrix=pymupdf.Matrix(zoom, zoom), colorspace=pymupdf.csGRAY, alpha=False
            )
        except MUPDF_ERRORS as error:
            raise DocumentError(f"page {number} cannot be drawn: {error}") from error
        rows = np.frombuffer(drawn.samples, np.uint8).reshape(drawn.height, drawn.stride)
        return Sheet(rows[:, : drawn.width].copy(), zoom)
