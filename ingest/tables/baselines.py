"""Printed pieces line by line, as tables without rules are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from octavo.ingest.boxes import Boxes
from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.figures.vector_graphics import Drawings

_SAME = 0.35  # of a piece's height between middles on one line


@dataclass(slots=True)
class Baseline:
    """Pieces on one line of the page, from left to right."""

    pieces: list[Line]

    @property
    def box(self) -> Box:
        return bounding(p.box for p in self.pieces)


def baselines(pieces: Sequence[Line]) -> list[Baseline]:
    """Pieces by the line that they stand on, top to bottom."""
    found: list[Baseline] = []
    last_middle = float("-inf")
    for piece in sorted(pieces, key=lambda p: ((p.box.y0 + p.box.y1) / 2, p.box.x0)):
        middle = (piece.box.y0 + piece.box.y1) / 2
        if middle - last_middle > _SAME * piece.box.height or not found:
            found.append(Baseline([]))
            last_middle = middle
        found[-1].pieces.append(piece)
    for b in found:
        b.pieces.sort(key=lambda p: p.box.x0)
    return found


def is_charted(box: Box, bars: Boxes, drawn: Drawings) -> bool:
    """Whether bars or curves lie among the pieces: they are a chart's."""
    middles = (bars[:, :2] + bars[:, 2:]) / 2
    inside = (middles > [box.x0, box.y0]).all(axis=1) & (middles < [box.x1, box.y1]).all(axis=1)
    return bool(np.count_nonzero(inside) >= 3 or drawn.curves(box) >= 3)
