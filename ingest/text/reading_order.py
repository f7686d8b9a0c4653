"""Blocks that a page's file has late and its reader sees early, moved to where they are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from octavo.ingest.boxes import Boxes, as_array
from octavo.ingest.document import Block

#: `(n, n)`: whether the block of the row is read before that of the column, for its place.
_Pairs = npt.NDArray[np.bool_]
_LEAST = 0.9  # of the narrower one's width that two blocks share, to stand in one column


def in_reading_order(blocks: Sequence[Block]) -> list[Block]:
    """The file's own order, but for text that stands above a block in the same column: a title
    that was drawn last is read before what is under it.

    One of the two is as wide as the other or wider, and over all of it. So what stands above two
    columns comes before both; what is beside a block, or above half of it (a quotation between two
    columns), says nothing, and the file is believed. A figure in the middle of two columns does
    not part them: only text does.
    """
    if len(blocks) < 2:
        return list(blocks)
    boxes = as_array([b.box for b in blocks])
    order = _headers_first(boxes)
    texts = np.array([b.kind == "text" for b in blocks])
    first = _precedes(boxes) & texts[:, None] & ~_is_footer(boxes)[None]
    return [blocks[n] for n in _topological_order(order, first)]


def _headers_first(boxes: Boxes) -> list[int]:
    """The file's order, but for blocks drawn after all that is under them: they are often no wider
    than the first of the columns."""
    order = list(range(len(boxes)))
    while boxes[order[-1], 3] < boxes[order[:-1], 1].min():
        order = [order[-1], *order[:-1]]
    return order


def _is_footer(boxes: Boxes) -> npt.NDArray[np.bool_]:
    """`(n,)`: footers, which are part of no text and stay where the file has them."""
    lowest = np.sort(boxes[:, 3])[::-1]
    others = np.where(boxes[:, 3] == lowest[0], lowest[1], lowest[0])
    return np.asarray(boxes[:, 1] > others, np.bool_)


def _precedes(boxes: Boxes) -> _Pairs:
    x0, y0, x1, y1 = (boxes[:, n] for n in range(4))
    width = np.maximum(x1 - x0, 1.0)
    shared = np.minimum(x1[:, None], x1[None]) - np.maximum(x0[:, None], x0[None])
    above = (y1[:, None] <= y0[None]) & (y0[:, None] < y0[None])
    return above & (shared >= _LEAST * np.minimum(width[:, None], width[None]))


def _topological_order(order: list[int], first: _Pairs) -> list[int]:
    """`order` where it is right; else the next that waits for no other, again and again."""
    if not np.tril(first[np.ix_(order, order)]).any():
        return order
    sorted_order: list[int] = []
    while order:
        next_block = next(n for n in order if not first[order, n].any())  # who is first lies above
        order.remove(next_block)
        sorted_order.append(next_block)
    return sorted_order
