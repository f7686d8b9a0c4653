"""Bars of charts among filled rectangles, told from cells of tables by where they end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from octavo.ingest.boxes import Boxes, as_array
from octavo.ingest.document import Box
from octavo.ingest.figures.clusters import clusters
from octavo.ingest.figures.vector_graphics import THIN, Drawings

_NEAR = 30.0  # points between bars of one chart
_SAME = 1.5  # points: ends that stand under each other
_TWINS = 0.8  # share of rectangles with one above or below of the same ends: more are cells
_LEAST, _ROWS = 3, 3  # rectangles, and their different upper ends


def find_bars(drawn: Drawings, width: float, height: float) -> list[Boxes]:
    """The bars of each chart, `(n, 4)`: filled rectangles whose ends tell values. In cells of a
    table the ends repeat from row to row; without this a bar chart passes for a ruled table."""
    sides = drawn.shapes[:, 2:] - drawn.shapes[:, :2]
    filled = drawn.shapes[drawn.inked & ~drawn.round & (sides.min(axis=1) > THIN)]
    near = clusters(filled, filled[:0], width, height, _NEAR)
    groups = (filled[members] for members in near)
    return [g for g in groups if len(g) >= _LEAST and _tell_values(g)]


def _tell_values(group: Boxes) -> bool:
    """Whether few of the rectangles have a twin above or below, though they stand in rows."""
    if len(group) > 400:
        return True  # a map or a heat map, not cells with text
    ends = np.abs(group[:, None, [0, 2]] - group[None, :, [0, 2]]).max(axis=2) <= _SAME
    levels = np.abs(group[:, None, [1, 3]] - group[None, :, [1, 3]]).max(axis=2) <= _SAME
    if len(np.unique(np.round(group[:, 1] / THIN))) < _ROWS:
        return False  # the header of a table has nothing to compare with
    return bool((ends & ~levels).any(axis=1).mean() < _TWINS)


def off_bars(rules: Sequence[Box], painted: Boxes) -> list[Box]:
    """`rules` without those that lie on one of the `painted` bars."""
    if not len(painted):
        return list(rules)
    lines = as_array(rules)
    low = lines[:, None, :2] >= painted[None, :, :2] - 0.5
    high = lines[:, None, 2:] <= painted[None, :, 2:] + 0.5
    on = set(np.flatnonzero((low & high).all(axis=2).sum(axis=1)).tolist())
    return [r for n, r in enumerate(rules) if n not in on]
