"""Text of images, by RapidOCR (PP-OCR weights that come inside its wheel; no download).

The detector sees a small picture, the recogniser crops from the full one: words cost 5 ms for
every 100 pixels of width at the recogniser's own height of 48, whatever the resolution, and the
detector 0.1 s at 800 pixels a side against 0.5 s at 1280.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

import cv2
import numpy as np
from PIL import Image

from octavo.ingest.document import Box, Line
from octavo.ingest.scan.text_quads import (
    TALL,
    Corners,
    Matrix,
    Pixels,
    compose,
    cut_out,
    inverse_rotation,
    is_sideways,
    sides,
    skew_of,
    transform_box,
    transform_points,
)

#: A line read with less confidence than this is left out.
_MIN_SCORE = 0.6
_FIRST_SIDE = 960  # pixels: longest side of the picture in which the detector looks first
_SECOND_SIDE = 1440  # and where a quarter of the lines it found are lower than `_SMALL` pixels
_SMALL = 15.0
_SURE = 0.9  # mean confidence of upright words; of upside-down ones 0.4 to 0.75
_PROBES = 4  # lines read in both directions where the direction is in doubt


@dataclass(frozen=True, slots=True)
class OcrLine:
    """A line of text in an image, with the recogniser's confidence (0 to 1)."""

    corners: Corners
    text: str
    score: float

    @property
    def box(self) -> Box:
        (x0, y0), (x1, y1) = self.corners.min(axis=0), self.corners.max(axis=0)
        return Box(float(x0), float(y0), float(x1), float(y1))


@dataclass(frozen=True, slots=True)
class OcrResult:
    """What was read from an image, in the pixels of `image`, which is the given one set upright.

    `to_given_matrix` (2 x 3) takes a point of it to the image that was given.
    """

    image: Pixels
    lines: tuple[OcrLine, ...]
    to_given_matrix: Matrix

    def to_given(self, box: Box) -> Box:
        """A box of the upright image in the image that was given."""
        return transform_box(box, self.to_given_matrix)

    def to_upright(self, box: Box) -> Box:
        """A box of the image that was given in the upright one."""
        return transform_box(box, cv2.invertAffineTransform(self.to_given_matrix))


@cache
def _engine() -> Any:
    """The models, loaded once a process.

    The angle classifier is off: it turned upright words around and lost a third of the words of
    a test page. Lines are recognised one by one, for a batch is padded to its longest: 6 together
    took 1.3 times as long. The detector never scales: `_detect` does.
    """
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Global.use_preprocess_img": False,
            "Det.limit_type": "max",
            "Det.limit_side_len": 2 * _SECOND_SIDE,
            "Rec.rec_batch_num": 1,
            "Rec.rec_img_shape": [3, 48, 48],
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def read_lines(png: bytes, place: Box) -> list[Line]:
    """Lines printed in an image, top to bottom, in the points of `place`, where it is shown.

    The crop that the image encoder gets will do: drawn anew with 960 pixels instead of 640, 60
    charts gave .901 of their words for .904, and took a fifth longer.
    """
    given = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    reading = read(given)
    sx, sy = place.width / given.shape[1], place.height / given.shape[0]
    lines = []
    for spotted in reading.lines:
        b = reading.to_given(spotted.box)
        box = Box(
            place.x0 + b.x0 * sx, place.y0 + b.y0 * sy, place.x0 + b.x1 * sx, place.y0 + b.y1 * sy
        )
        lines.append(Line(spotted.text, box))
    return sorted(lines, key=lambda x: (round(x.box.y0 / 4), x.box.x0))


def read(given: Pixels, most: float = math.inf) -> OcrResult:
    """The lines of an image, which may lie on any side and be askew by some degrees.

    `most`: the first ones only, up to so many line heights of text together.
    """
    image, quads = given, _detect(given)
    turns = 0
    if is_sideways(quads):
        turns, image = 1, np.ascontiguousarray(np.rot90(given))
        quads = _detect(image)
    if quads and _upside_down(image, quads, doubt=turns > 0):
        turns, image = turns + 2, np.ascontiguousarray(np.rot90(image, 2))
        quads = _detect(image)
    back = inverse_rotation(given, turns)
    skew = skew_of(quads)
    chosen = _first(quads, most)
    lines = tuple(x for x in (_recognise(image, q) for q in chosen) if x is not None)
    if not lines:  # a fence or a crowd may look like text on its side: photos stay as they are
        return OcrResult(given, (), inverse_rotation(given, 0))
    if skew:
        height, width = image.shape[:2]
        straight = cv2.getRotationMatrix2D((width / 2, height / 2), skew, 1.0)
        image = cv2.warpAffine(image, straight, (width, height), borderMode=cv2.BORDER_REPLICATE)
        lines = tuple(
            OcrLine(transform_points(x.corners, straight), x.text, x.score) for x in lines
        )
        back = compose(back, cv2.invertAffineTransform(straight))
    return OcrResult(image, lines, back)


def _first(quads: Sequence[Corners], most: float) -> list[Corners]:
    """As many as have `most` line heights of length together."""
    lengths = accumulate(max(sides(q)) / max(min(sides(q)), 1.0) for q in quads)
    return [q for q, length in zip(quads, lengths, strict=True) if length <= most]


def detect_text(image: Pixels) -> list[Box]:
    """Where lines of text stand in an image, in its pixels; they are not read."""
    return [OcrLine(q, "", 0.0).box for q in _detect(image)]


def _detect(image: Pixels) -> list[Corners]:
    """Corners of every line of text; looked for again in a larger picture where they are small."""
    full = max(image.shape[:2])
    side = min(_FIRST_SIDE, full)
    quads = _detected_at(image, side)
    low = [min(sides(q)) * side / full for q in quads]
    if low and side < full and np.quantile(low, 0.25) < _SMALL:
        quads = _detected_at(image, min(_SECOND_SIDE, full))
    return quads


def _detected_at(image: Pixels, side: int) -> list[Corners]:
    scale = min(1.0, side / max(image.shape[:2]))
    # No side under the 32 pixels that the detector's strides need.
    size = [max(32, round(n * scale)) for n in (image.shape[1], image.shape[0])]
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image
    quads = _engine()(small[:, :, ::-1], use_det=True, use_cls=False, use_rec=False).boxes
    if quads is None:
        return []
    factor = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]])
    return [np.asarray(q * factor, np.float32) for q in quads]


def _upside_down(image: Pixels, quads: Sequence[Corners], doubt: bool) -> bool:
    """Whether the longest lines are read with more confidence when turned by 180 degrees."""
    wide = [q for q in quads if sides(q)[0] > TALL * sides(q)[1]]
    longest = sorted(wide, key=lambda q: -sides(q)[0])[:_PROBES]
    cuts = [cut_out(image, q) for q in longest]
    if not cuts:
        return False
    upright = float(np.mean(_confidence(cuts)))
    if upright >= (0.97 if doubt else _SURE):
        return False
    turned = float(np.mean(_confidence([np.rot90(c, 2) for c in cuts])))
    return turned > upright + 0.05


def _confidence(cuts: Sequence[Pixels]) -> list[float]:
    result = _engine().recognize_txt([np.ascontiguousarray(c[:, :, ::-1]) for c in cuts])
    return [s if t.strip() else 0.0 for t, s in zip(result.txts, result.scores, strict=True)]


def _recognise(image: Pixels, quad: Corners) -> OcrLine | None:
    """One line read; one that runs up or down is tried both ways."""
    cut = cut_out(image, quad)
    tall = cut.shape[0] >= TALL * cut.shape[1]
    # Upwards first: the labels of most vertical axes run so.
    tries = [np.rot90(cut, -1), np.rot90(cut)] if tall else [cut]
    best: OcrLine | None = None
    for cut in tries:
        result = _engine().recognize_txt([np.ascontiguousarray(cut[:, :, ::-1])])
        text, score = result.txts[0].strip(), float(result.scores[0])
        if _is_legible(text, score) and (best is None or score > best.score):
            best = OcrLine(quad, text, score)
        if score >= _SURE:
            break
    return best


def _is_legible(text: str, score: float) -> bool:
    """Whether a line counts as read. A lone character is often the edge of a drawing."""
    return bool(text) and score >= (_MIN_SCORE if len(text) > 1 else _SURE)
