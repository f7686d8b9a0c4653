"""Shapes that stand near each other, found as one: connected components on a coarse bitmap."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from octavo.ingest.boxes import Boxes

#: Grid cell, points. 3 pt keeps an A4 page at 199 x 281 cells.
_CELL = 3.0
_MAX_CELLS = 2000  # a side: a page may claim to be three kilometres wide


def clusters(
    boxes: Boxes, barriers: Boxes, width: float, height: float, gap: float
) -> list[npt.NDArray[np.intp]]:
    """Indexes of the boxes of each cluster: those nearer than `gap` points, unless a barrier (a
    paragraph) lies between them. A box whose middle is under a barrier is in none.

    Ten thousand shapes cost no more than ten: `Page.cluster_drawings` took minutes on some maps.
    """
    if not len(boxes):
        return []
    cell = max(_CELL, max(width, height) / _MAX_CELLS)
    grid: npt.NDArray[np.uint8] = np.zeros(
        (int(height / cell) + 2, int(width / cell) + 2), np.uint8
    )
    rows, columns = grid.shape
    cells = np.clip(boxes / cell, 0, [columns - 1, rows - 1] * 2).astype(np.int64)
    for x0, y0, x1, y1 in np.unique(cells, axis=0).tolist():
        grid[y0 : y1 + 1, x0 : x1 + 1] = 1
    reach = max(1, round(gap / 2 / cell)) if gap else 0  # 0: only what meets in a cell
    thick = cv2.dilate(grid, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    for x0, y0, x1, y1 in (np.clip(barriers / cell, 0, None)).astype(np.int64).tolist():
        thick[y0 : y1 + 1, x0 : x1 + 1] = 0
    labels = cv2.connectedComponents(thick)[1]
    middles = np.clip((boxes[:, :2] + boxes[:, 2:]) / 2 / cell, 0, [columns - 1, rows - 1])
    where = middles.astype(np.int64)
    label = labels[where[:, 1], where[:, 0]]
    order = np.argsort(label, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
    return [g for g in groups if label[g[0]] > 0]
