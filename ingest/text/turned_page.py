"""Pages whose text runs up or down the paper, as wide tables are printed: read as if upright."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from octavo.ingest.document import Block, Box, Line


@contextmanager
def upright(page: Any, turn: int) -> Iterator[Callable[[Block], Block]]:
    """Turns a `pymupdf.Page` by `turn` degrees clockwise for as long as it is read. Gives what puts
    a block that was read to where it stands on the page as it is displayed."""
    before = page.rotation
    shown = page.rotation_matrix
    page.set_rotation((before + turn) % 360)
    back = page.derotation_matrix * shown
    try:
        yield lambda block: _moved(block, back)
    finally:
        page.set_rotation(before)


def _moved(block: Block, matrix: Sequence[float]) -> Block:
    return replace(
        block,
        box=_turned(block.box, matrix),
        lines=_lines(block.lines, matrix),
        caption=_lines(block.caption, matrix),
    )


def _lines(lines: Sequence[Line], matrix: Sequence[float]) -> tuple[Line, ...]:
    return tuple(replace(x, box=_turned(x.box, matrix)) for x in lines)


def _turned(box: Box, matrix: Sequence[float]) -> Box:
    a, b, c, d, e, f = matrix
    xs = (a * box.x0 + c * box.y0 + e, a * box.x1 + c * box.y1 + e)
    ys = (b * box.x0 + d * box.y0 + f, b * box.x1 + d * box.y1 + f)
    return Box(min(xs), min(ys), max(xs), max(ys))
