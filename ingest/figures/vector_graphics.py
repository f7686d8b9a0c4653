"""What is drawn on a page: ruled lines, painted shapes, images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo.ingest.boxes import Boxes, as_array
from octavo.ingest.document import Box

#: A shape this thin is a rule, not an area (points).
THIN = 2.5
_MANY = 4000  # paths: more than a table or a chart with its grid has
_SHORT = 6.0  # points: shorter straight lines rule nothing
_TINT, _COLOUR = 0.6, 0.25  # least component of a tint's colour, and their largest difference
_WHITE = 0.985  # of each colour: what is painted like paper is not seen


#: A matrix as PDF has them, or None for a page that is not rotated.
Rotation = tuple[float, ...] | None
_STRAIGHT = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_FAR = 1e9  # points: what lies farther off, or at no number, is handled with care


@dataclass(frozen=True, slots=True)
class Drawings:
    """Vector shapes and images of one page, in displayed points."""

    horizontal: tuple[Box, ...]  # rules and edges of rectangles, height about 0
    vertical: tuple[Box, ...]
    shapes: Boxes  # every visible shape that is not a page background
    round: npt.NDArray[np.bool_]  # (n,): the shape has a curve or a slanted line
    inked: npt.NDArray[np.bool_]  # (n,): filled with more than a tint, as bars are
    images: tuple[Box, ...]

    def curves(self, box: Box) -> int:
        """How many shapes in `box` have curves or slanted lines."""
        low, high = self.shapes[self.round, :2], self.shapes[self.round, 2:]
        inside = (low >= [box.x0 - 2, box.y0 - 2]).all(axis=1)
        inside &= (high <= [box.x1 + 2, box.y1 + 2]).all(axis=1)
        return int(np.count_nonzero(inside))


def read_drawings(page: Any, images: Sequence[Box]) -> Drawings:
    """Everything drawn on a `pymupdf.Page`; `images` are those of its text layer."""
    turn = rotation_of(page)
    page_box = Box(0.0, 0.0, page.rect.width, page.rect.height)
    paths = page.get_cdrawings()
    visible_images = tuple(b for i in images if (b := i.clip(page_box)).area > 0)
    if len(paths) > _MANY:
        return _crowded(paths, turn, visible_images)
    horizontal: list[Box] = []
    vertical: list[Box] = []
    shapes: list[Box] = []
    kinds: list[tuple[bool, bool]] = []
    for path in paths:
        box = rotated_box(path["rect"], turn)
        if box.clip(page_box).area > 0.9 * page_box.area:
            continue  # a page background
        items = path["items"]
        if not _is_paper_coloured(path):
            # Bars of one colour are one path: its box alone would say where none of them is.
            bars = len(items) > 1 and all(item[0] == "re" for item in items)
            shapes += [rotated_box(item[1], turn) for item in items] if bars else [box]
            kind = (not bars and _is_round(items), _is_inked(path))
            kinds += [kind] * (len(items) if bars else 1)
        for edge in _edges(items, turn):
            (horizontal if edge.height <= edge.width else vertical).append(edge)
    flags = np.array(kinds, np.bool_).reshape(-1, 2)
    return Drawings(
        tuple(horizontal),
        tuple(vertical),
        as_array(shapes),
        flags[:, 0],
        flags[:, 1],
        visible_images,
    )


def _crowded(paths: Sequence[dict[str, Any]], turn: Rotation, images: tuple[Box, ...]) -> Drawings:
    """A map or a drawing of thousands of paths: their boxes only, for to look at each took
    seconds. No table has so many."""
    shapes = as_array([rotated_box(p["rect"], turn) for p in paths])
    none = np.zeros(len(shapes), np.bool_)
    return Drawings((), (), shapes, ~none, none, images)


def rotation_of(page: Any) -> Rotation:
    """What turns boxes of the unrotated page into those of the displayed one; None: nothing."""
    return tuple(page.rotation_matrix) if page.rotation else None


def rotated_box(rect: Sequence[float], turn: Rotation) -> Box:
    """A rectangle of the unrotated page as a box of the displayed page."""
    x0, y0, x1, y1 = rect[:4]
    if turn is None and -_FAR < x0 <= x1 < _FAR and -_FAR < y0 <= y1 < _FAR:
        return Box(x0, y0, x1, y1)
    a, b, c, d, e, f = turn or _STRAIGHT
    xs = (a * x0 + c * y0 + e, a * x1 + c * y1 + e)
    ys = (b * x0 + d * y0 + f, b * x1 + d * y1 + f)
    if not all(map(math.isfinite, (*xs, *ys))):
        return Box(0.0, 0.0, 0.0, 0.0)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _is_paper_coloured(drawing: dict[str, Any]) -> bool:
    """Filled white or not at all, and without a line."""
    if drawing["type"] != "f":
        return False
    fill = drawing.get("fill")
    return fill is None or min(fill) > _WHITE or drawing.get("fill_opacity", 1.0) == 0


def _is_inked(drawing: dict[str, Any]) -> bool:
    """Filled darker than a tint (the shading of table rows), or in a strong colour."""
    fill: Sequence[float] = drawing.get("fill") or ()
    return bool(fill) and (min(fill) < _TINT or max(fill) - min(fill) > _COLOUR)


def _is_round(items: Sequence[Any]) -> bool:
    """Whether a path has a curve or a slanted line: tables and boxes have none."""
    for item in items:
        if item[0] in ("c", "qu"):
            return True
        if item[0] == "l":
            (xa, ya), (xb, yb) = item[1], item[2]
            if min(abs(xa - xb), abs(ya - yb)) > 1.0:
                return True
    return False


def _edges(items: Sequence[Any], turn: Rotation) -> list[Box]:
    """Straight horizontal and vertical edges among a path's items."""
    edges: list[Box] = []
    for item in items:
        if item[0] == "l":
            (xa, ya), (xb, yb) = item[1], item[2]
            wide, high = abs(xa - xb), abs(ya - yb)
            if min(wide, high) <= 1.0 and max(wide, high) >= _SHORT:
                edges.append(
                    rotated_box((min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)), turn)
                )
        elif item[0] == "re":
            edges.extend(_rectangle_edges(rotated_box(item[1], turn)))
    return edges


def _rectangle_edges(box: Box) -> list[Box]:
    if box.height <= THIN or box.width <= THIN:
        return [box] if max(box.width, box.height) >= _SHORT else []
    return [
        Box(box.x0, box.y0, box.x1, box.y0),
        Box(box.x0, box.y1, box.x1, box.y1),
        Box(box.x0, box.y0, box.x0, box.y1),
        Box(box.x1, box.y0, box.x1, box.y1),
    ]
