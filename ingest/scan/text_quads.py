"""Corners of lines of text in an image: how they lie, and how they are set straight."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from octavo.ingest.document import Box

#: Height to width of a line that runs up or down.
TALL = 1.5
_LEAST_SKEW, _MOST_SKEW = 0.4, 20.0  # degrees

Pixels = npt.NDArray[np.uint8]  # height x width x 3, RGB
Corners = npt.NDArray[np.float32]  # 4 x 2, x and y, clockwise from the text's top left
Matrix = npt.NDArray[np.float64]  # 2 x 3, affine


def sides(quad: Corners) -> tuple[float, float]:
    """Width and height of a line's box, along its own edges."""
    return float(np.linalg.norm(quad[1] - quad[0])), float(np.linalg.norm(quad[3] - quad[0]))


def is_sideways(quads: Sequence[Corners]) -> bool:
    """Whether most text, by length, runs up or down."""
    tall = wide = 0.0
    for width, height in map(sides, quads):
        if height > TALL * width:
            tall += height
        elif width > TALL * height:
            wide += width
    return tall > 1.5 * wide


def cut_out(image: Pixels, quad: Corners) -> Pixels:
    """The pixels inside four corners, set straight."""
    width, height = (max(2, math.ceil(n)) for n in sides(quad))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    cut: Pixels = cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return cut


def skew_of(quads: Sequence[Corners]) -> float:
    """Degrees by which long lines fall to the right (median); 0 where they lie straight."""
    angles = []
    for quad in quads:
        width, height = sides(quad)
        if width > 6 * height:
            dx, dy = quad[1] - quad[0]
            angles.append(math.degrees(math.atan2(dy, dx)))
    middle = float(np.median(angles)) if len(angles) >= 3 else 0.0
    return middle if _LEAST_SKEW <= abs(middle) <= _MOST_SKEW else 0.0


def inverse_rotation(given: Pixels, turns: int) -> Matrix:
    """Takes a point of `np.rot90(given, turns)` back to `given`."""
    height, width = given.shape[:2]
    return np.array(
        {
            0: [[1, 0, 0], [0, 1, 0]],
            1: [[0, -1, width], [1, 0, 0]],
            2: [[-1, 0, width], [0, -1, height]],
            3: [[0, 1, 0], [-1, 0, height]],
        }[turns],
        np.float64,
    )


def compose(outer: Matrix, inner: Any) -> Matrix:
    """The affine map that does `inner`, then `outer`."""
    return np.hstack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2:] + outer[:, 2:]])


def transform_box(box: Box, matrix: Any) -> Box:
    (x0, y0), (x1, y1) = (
        f(transform_points(_corners(box), matrix), axis=0) for f in (np.min, np.max)
    )
    return Box(float(x0), float(y0), float(x1), float(y1))


def transform_points(corners: Corners, matrix: Any) -> Corners:
    return np.asarray(corners @ matrix[:, :2].T + matrix[:, 2], np.float32)


def _corners(box: Box) -> Corners:
    corners = [(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)]
    return np.array(corners, np.float32)
