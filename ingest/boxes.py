"""Many boxes at once, as arrays: a map has 50,000 shapes, and a loop over them takes seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from octavo.ingest.document import Box

#: `(n, 4)` float64: x0, y0, x1, y1 in displayed points.
Boxes = npt.NDArray[np.float64]
_Shares = npt.NDArray[np.float64]


def as_array(boxes: Sequence[Box]) -> Boxes:
    """Boxes as an `(n, 4)` array."""
    return np.array([(b.x0, b.y0, b.x1, b.y1) for b in boxes], np.float64).reshape(-1, 4)


def bounding_box(boxes: Boxes) -> Box:
    """The smallest box that holds all of `boxes`, of which there is at least one."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return Box(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def overlaps(boxes: Boxes, others: Boxes) -> npt.NDArray[np.float64]:
    """`(n, m)` square points that each pair shares."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    sides = np.clip(high - low, 0, None)
    return np.asarray(sides[:, :, 0] * sides[:, :, 1], np.float64)


def inside(boxes: Boxes, others: Boxes) -> _Shares:
    """`(n,)` share of each box in the other that holds most of it."""
    if not len(others):
        return np.zeros(len(boxes))
    most = overlaps(_thick(boxes), others).max(axis=1)
    return np.asarray(most / _areas(boxes), np.float64)


def covered(boxes: Boxes, others: Boxes) -> _Shares:
    """`(n,)` share of each box under all the others."""
    if not len(others) or not len(boxes):
        return np.zeros(len(boxes))
    return np.asarray(overlaps(boxes, others).sum(axis=1) / _areas(boxes), np.float64)


def _areas(boxes: Boxes) -> _Shares:
    # A line has no area; a hundredth of a point makes it one that can lie in something.
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.01)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float64)


def _thick(boxes: Boxes) -> Boxes:
    grown = boxes.copy()
    grown[:, 2:] = np.maximum(grown[:, 2:], grown[:, :2] + 0.01)
    return grown
