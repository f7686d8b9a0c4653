"""The words printed in a query's picture: labels of a chart find their page by BM25."""

from __future__ import annotations

import threading

import numpy as np

from octavo.index.image_files import open_image

_SIDE = 1200  # pixels: of the picture's longest side
_MAX_LINES = 300.0  # line heights of text that are read: about 60 words, 0.7 s
_ocr_lock = threading.Lock()  # the reader keeps state of its own


def query_ocr(image: bytes) -> str:
    """Lines of text in an encoded image, as OCR reads them; empty where there is none.

    0.25 s of CPU for a figure of half a page (95th percentile 1.3 s without `_MAX_LINES`), most of
    it to find out where text is. Raises ValueError for bytes that are no image.
    """
    from octavo.ingest.scan import (
        ocr,  # loads its models, half a second, when the first picture needs it
    )

    picture = open_image(image, _SIDE)
    picture.thumbnail((_SIDE, _SIDE))
    with _ocr_lock:
        lines = ocr.read(np.asarray(picture), most=_MAX_LINES).lines
    return " ".join(line.text for line in lines)
