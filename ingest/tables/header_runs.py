"""Over which columns the pieces of a printed header row stand: the alignment of least distance."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 64  # columns: the time grows with their cube
_OFF = 8.0  # points that a header over several columns may stand off their middle
_BARE = 2.0  # points: what a column costs that has no header
_SKIPPED = 6.0  # points: what a column between or after groups costs that is in none of them
_ALONE = 8.0  # points: what a group of one column costs
_FAR = 0.9  # of a column's width that a header may stand beside the middle of what it covers

#: Left and right end of a column's printed cells, in points.
Extent = tuple[float, float]


def best_runs(
    spans: Sequence[Extent], extents: Sequence[Extent], groups: bool
) -> list[tuple[int, int]] | None:
    """For each piece a run of columns `(first, after)`, in order and without overlap, at the least
    distance in sum; None where the least is too far for one of them. Dynamic programming over
    columns and pieces."""
    count, columns = len(spans), len(extents)
    if count > columns or columns > _MOST:
        return None
    infinite = float("inf")
    best = [[infinite] * (columns + 1) for _ in range(count + 1)]
    back: list[list[tuple[int, int, bool]]] = [[(0, 0, False)] * (columns + 1) for _ in best]
    best[0][0] = 0.0
    for done in range(count + 1):
        for at in range(columns + 1):
            here = best[done][at]
            if here == infinite:
                continue
            if at < columns:
                cost = here + _skipped(extents[at], spans)
                if at:  # the names of the rows often have no header
                    cost += _SKIPPED if groups else _BARE
                if cost < best[done][at + 1]:
                    best[done][at + 1], back[done][at + 1] = cost, (done, at, False)
            if done == count:
                continue
            for end in range(at + 1, columns + 1):
                cost = here + _distance(spans[done], extents[at:end], groups)
                if cost < best[done + 1][end]:
                    best[done + 1][end], back[done + 1][end] = cost, (done, at, True)
    if best[count][columns] == infinite:
        return None
    runs: list[tuple[int, int]] = []
    done, at = count, columns
    while (done, at) != (0, 0):
        before, start, took = back[done][at]
        if took:
            runs.append((start, at))
        done, at = before, start
    runs.reverse()
    sure = all(_is_near(s, extents[a:b]) for s, (a, b) in zip(spans, runs, strict=True))
    return runs if sure else None


def _skipped(extent: Extent, spans: Sequence[Extent]) -> float:
    """What it costs to leave a column without a header in this row: much where a piece stands
    over it."""
    over = max((min(extent[1], b) - max(extent[0], a) for a, b in spans), default=0.0)
    return max(0.0, over)


def _distance(span: Extent, run: Sequence[Extent], group: bool) -> float:
    """Points from a piece to the run: of the middles, the left or the right ends, the least."""
    left, right = run[0][0], run[-1][1]
    middle = abs((span[0] + span[1]) / 2 - (left + right) / 2)
    if group:  # centred as a rule; set over one column alone it would say no more than that does
        ends = abs(span[0] - left) + 3.0
        return min(middle, ends) + (_ALONE if len(run) == 1 else 0.0)
    ends = min(abs(span[0] - left), abs(span[1] - right)) if len(run) == 1 else middle
    return min(middle, ends + 1.0) + 0.5 * (len(run) - 1) + _sticking_out(span, left, right)


def _sticking_out(span: Extent, left: float, right: float) -> float:
    """Of a piece that is wider than what is under it, as headers of narrow numbers are, nothing;
    of one that reaches over more, what reaches over."""
    outside = max(0.0, left - span[0]) + max(0.0, span[1] - right)
    return 0.25 * outside


def _is_near(span: Extent, run: Sequence[Extent]) -> bool:
    """Over one column, or in the middle or at the left of several."""
    left, right = run[0][0], run[-1][1]
    width = right - left
    if len(run) > 1:
        middle = abs((span[0] + span[1]) / 2 - (left + right) / 2)
        return middle <= max(_OFF, 0.12 * width) or abs(span[0] - left) <= _OFF
    shared = min(span[1], right) - max(span[0], left)
    if shared > 0.3 * min(span[1] - span[0], width):
        return True
    return _distance(span, run, False) <= _FAR * max(width, span[1] - span[0])
