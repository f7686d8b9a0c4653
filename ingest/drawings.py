"""What is drawn on a page: ruled lines, and clusters of paths and images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ingest.document import Box

#: Grid cell of the cluster search, points. 3 pt keeps an A4 page at 199 x 281 cells.
_CELL = 3.0
_MAX_CELLS = 2000  # a side: a page may claim to be three kilometres wide
#: A path this thin is a rule, not an area (points).
_THIN = 2.5


@dataclass(frozen=True, slots=True)
class Drawings:
    """Vector paths and images of one page, in displayed points."""

    horizontal: tuple[Box, ...]  # rules and edges of rectangles, height about 0
    vertical: tuple[Box, ...]
    paths: tuple[Box, ...]  # bounding box of every path that is not a page background
    images: tuple[Box, ...]


def read_drawings(page: Any) -> Drawings:
    """Everything drawn on a `pymupdf.Page`."""
    turn = page.rotation_matrix
    full = Box(0.0, 0.0, page.rect.width, page.rect.height)
    horizontal: list[Box] = []
    vertical: list[Box] = []
    paths: list[Box] = []
    for drawing in page.get_cdrawings():
        box = turned(drawing["rect"], turn)
        if box.clip(full).area > 0.9 * full.area:
            continue  # a page background
        paths.append(box)
        for edge in _edges(drawing["items"], turn):
            (horizontal if edge.height <= edge.width else vertical).append(edge)
    images = tuple(turned(i["bbox"], turn).clip(full) for i in page.get_image_info())
    return Drawings(
        tuple(horizontal), tuple(vertical), tuple(paths), tuple(i for i in images if i.area > 0)
    )


def turned(rect: Sequence[float], matrix: Any) -> Box:
    """A rectangle of the unrotated page as a box of the displayed page."""
    a, b, c, d, e, f = matrix
    x0, y0, x1, y1 = rect[:4]
    xs = (a * x0 + c * y0 + e, a * x1 + c * y1 + e)
    ys = (b * x0 + d * y0 + f, b * x1 + d * y1 + f)
    if not all(map(math.isfinite, (*xs, *ys))):
        return Box(0.0, 0.0, 0.0, 0.0)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _edges(items: Sequence[Any], turn: Any) -> list[Box]:
    """Straight horizontal and vertical edges among a path's items."""
    found: list[Box] = []
    for item in items:
        if item[0] == "l":
            (xa, ya), (xb, yb) = item[1], item[2]
            line = turned((min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)), turn)
            if min(line.width, line.height) <= 1.0 and max(line.width, line.height) >= 6.0:
                found.append(line)
        elif item[0] == "re":
            found.extend(_rectangle_edges(turned(item[1], turn)))
    return found


def _rectangle_edges(box: Box) -> list[Box]:
    if box.height <= _THIN or box.width <= _THIN:
        return [box] if max(box.width, box.height) >= 6.0 else []
    return [
        Box(box.x0, box.y0, box.x1, box.y0),
        Box(box.x0, box.y1, box.x1, box.y1),
        Box(box.x0, box.y0, box.x0, box.y1),
        Box(box.x1, box.y0, box.x1, box.y1),
    ]


def clusters(boxes: Sequence[Box], width: float, height: float, gap: float) -> list[Box]:
    """Boxes nearer than `gap` points joined; each cluster's bounding box.

    Done on a coarse bitmap (connected components), so that ten thousand paths cost no more
    than ten: `Page.cluster_drawings` took minutes on some maps.
    """
    if not boxes:
        return []
    cell = max(_CELL, max(width, height) / _MAX_CELLS)
    grid: npt.NDArray[np.uint8] = np.zeros(
        (int(height / cell) + 2, int(width / cell) + 2), np.uint8
    )
    for b in boxes:
        r0, c0 = max(0, int(b.y0 / cell)), max(0, int(b.x0 / cell))
        grid[r0 : int(b.y1 / cell) + 1, c0 : int(b.x1 / cell) + 1] = 1
    reach = max(1, round(gap / 2 / cell))
    thick = cv2.dilate(grid, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    count, labels = cv2.connectedComponents(thick)
    members: list[list[Box]] = [[] for _ in range(count)]
    rows, columns = grid.shape
    for b in boxes:
        row = min(rows - 1, max(0, int((b.y0 + b.y1) / 2 / cell)))
        column = min(columns - 1, max(0, int((b.x0 + b.x1) / 2 / cell)))
        members[int(labels[row, column])].append(b)
    page = Box(0.0, 0.0, width, height)
    joined = [_joined(m) for m in members[1:] if m]
    return [j.clip(page) for j in joined]


def _joined(boxes: Sequence[Box]) -> Box:
    return Box(
        min(b.x0 for b in boxes),
        min(b.y0 for b in boxes),
        max(b.x1 for b in boxes),
        max(b.y1 for b in boxes),
    )
