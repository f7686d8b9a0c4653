"""One caption for several pictures: which of them are parts of one figure."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.ingest.document import Box

_REACH = 60.0  # points from a figure to its caption
_APART = 48.0  # points between parts of one figure


def caption_of(box: Box, captions: Sequence[Box], reach: float = _REACH) -> int | None:
    """Index of the caption that belongs to `box`: the nearest below, else above it."""
    best: tuple[float, int] | None = None
    for i, c in enumerate(captions):
        shared = min(box.x1, c.x1) - max(box.x0, c.x0)
        if shared < 0.3 * min(box.width, c.width):
            continue
        below, above = c.y0 - box.y1, box.y0 - c.y1
        distance = max(below, 0.0) if c.y0 > (box.y0 + box.y1) / 2 else max(above, 0.0) * 1.2 + 1
        if distance <= reach and (best is None or distance < best[0]):
            best = (distance, i)
    return best[1] if best else None


def join_parts(
    figures: Sequence[Box], captions: Sequence[Box], others: Sequence[Box]
) -> list[tuple[Box, tuple[Box, ...]]]:
    """Each figure with its parts (none where it is one picture), top to bottom.

    Pictures that share a caption are one figure, and so is a picture beside or above them with
    nothing between; `others` are paragraphs and tables, which no figure may cover.
    """
    remaining = sorted(figures, key=lambda b: (b.y0, b.x0))
    joined: list[tuple[Box, tuple[Box, ...]]] = []
    for n, caption in enumerate(captions):
        captioned = [f for f in remaining if caption_of(f, captions) == n]
        if not captioned:
            continue
        box, parts = captioned[0], [captioned[0]]
        blocked = [*others, *(c for i, c in enumerate(captions) if i != n), caption]
        for other in _by_distance(captioned[0], [f for f in remaining if f is not captioned[0]]):
            union = box.join(other)
            other_caption = caption_of(other, captions)
            near = other_caption == n or (other_caption is None and _gap(box, other) <= _APART)
            if near and not any(b.inside(union) > 0.3 for b in blocked):
                box, parts = union, [*parts, other]
        remaining = [f for f in remaining if f not in parts]
        joined.append((box, tuple(parts) if len(parts) > 1 else ()))
    joined += [(f, ()) for f in remaining]
    return sorted(joined, key=lambda j: (j[0].y0, j[0].x0))


def _by_distance(box: Box, others: Sequence[Box]) -> list[Box]:
    return sorted(others, key=lambda b: (_gap(box, b), b.y0, b.x0))


def _gap(box: Box, other: Box) -> float:
    """Points between two boxes that stand in one row or one column; infinite elsewhere."""
    shared_y = min(box.y1, other.y1) - max(box.y0, other.y0)
    shared_x = min(box.x1, other.x1) - max(box.x0, other.x0)
    if shared_y > 0.5 * min(box.height, other.height):
        return max(0.0, -shared_x)
    if shared_x > 0.5 * min(box.width, other.width):
        return max(0.0, -shared_y)
    return float("inf")
