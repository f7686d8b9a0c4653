"""Text of images, by RapidOCR (PP-OCR weights that come inside its wheel; no download)."""

from __future__ import annotations

import io
import logging
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from ingest.document import Box, Line

#: A line read with less confidence than this is left out.
_MIN_SCORE = 0.6
_MAX_SIDE = 1280  # pixels: the longest side given to the detector


@cache
def _engine() -> Any:
    """The models, loaded once a process. The angle classifier is off: it turned upright words
    around and lost a third of the words of a test page."""
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Global.max_side_len": _MAX_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def read_lines(png: bytes, place: Box) -> list[Line]:
    """Lines printed in an image, top to bottom, in the points of `place`, where it is shown."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    result = _engine()(np.asarray(image)[:, :, ::-1])
    if result.boxes is None:
        return []
    sx, sy = place.width / image.width, place.height / image.height
    lines = []
    for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
        if score < _MIN_SCORE or not text.strip():
            continue
        x0, y0 = (float(v) for v in corners.min(axis=0))
        x1, y1 = (float(v) for v in corners.max(axis=0))
        box = Box(place.x0 + x0 * sx, place.y0 + y0 * sy, place.x0 + x1 * sx, place.y0 + y1 * sy)
        lines.append(Line(text.strip(), box))
    return sorted(lines, key=lambda x: (round(x.box.y0 / 4), x.box.x0))
