"""Cells of a ruled grid that are one: no rule is drawn between them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from octavo.ingest.document import Box

_MOST = 20_000_000  # places times rules: a page of graph paper
_NEAR = 3.0  # points from a rule to the edge that it is drawn on
_DRAWN = 0.5  # of an edge that has to be ruled
_RULED = 0.5  # of the inner edges of a grid: under it, its rows or columns are not ruled at all


@dataclass(frozen=True, slots=True)
class MergedCell:
    """`rows` by `columns` places of the grid from `row` and `column` on, counted from 0."""

    row: int
    column: int
    rows: int
    columns: int


def merged_cells(
    ys: Sequence[float], xs: Sequence[float], across: Sequence[Box], down: Sequence[Box]
) -> list[MergedCell]:
    """Cells of more than one place. `ys` and `xs` are the levels of the grid; `across` and `down`
    its rules. Where most rows (columns) are not parted by rules, none are merged downwards
    (across): such a table is ruled in one direction."""
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows * columns * (len(across) + len(down)) > _MOST:
        return []
    right = [[_is_drawn(down, x, a, b) for x in xs[1:-1]] for a, b in itertools.pairwise(ys)]
    below = [
        [_is_drawn_across(across, y, a, b) for a, b in itertools.pairwise(xs)] for y in ys[1:-1]
    ]
    if _share(right) < _RULED:
        right = [[True] * (columns - 1) for _ in range(rows)]
    if _share(below) < _RULED:
        below = [[True] * columns for _ in range(rows - 1)]
    merged: list[MergedCell] = []
    taken: set[tuple[int, int]] = set()
    for r in range(rows):
        for c in range(columns):
            if (r, c) in taken:
                continue
            wide = 1
            while c + wide < columns and not right[r][c + wide - 1]:
                wide += 1
            high = 1
            while r + high < rows and _goes_on(right, below, r + high, c, wide):
                high += 1
            if wide * high > 1:
                merged.append(MergedCell(r, c, high, wide))
                taken |= {(i, j) for i in range(r, r + high) for j in range(c, c + wide)}
    return merged


def _goes_on(
    right: Sequence[Sequence[bool]],
    below: Sequence[Sequence[bool]],
    row: int,
    column: int,
    wide: int,
) -> bool:
    """Whether nothing is ruled above `wide` places of a row, nor between them."""
    open_above = not any(below[row - 1][column : column + wide])
    return open_above and not any(right[row][column : column + wide - 1])


def _share(edges: Sequence[Sequence[bool]]) -> float:
    flat = [e for row in edges for e in row]
    return sum(flat) / len(flat) if flat else 1.0


def _is_drawn(rules: Sequence[Box], x: float, top: float, bottom: float) -> bool:
    """Whether vertical rules at `x` cover half of the way from `top` to `bottom`."""
    near = [r for r in rules if abs((r.x0 + r.x1) / 2 - x) <= _NEAR]
    drawn = _covered([(max(r.y0, top), min(r.y1, bottom)) for r in near])
    return drawn >= _DRAWN * (bottom - top)


def _is_drawn_across(rules: Sequence[Box], y: float, left: float, right: float) -> bool:
    near = [r for r in rules if abs((r.y0 + r.y1) / 2 - y) <= _NEAR]
    return _covered([(max(r.x0, left), min(r.x1, right)) for r in near]) >= _DRAWN * (right - left)


def _covered(pieces: Sequence[tuple[float, float]]) -> float:
    """Length that pieces of a line cover together."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(p for p in pieces if p[1] > p[0]):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
