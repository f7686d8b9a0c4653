"""Figures: images and clusters of drawing, grown by their labels, anchored on captions."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.caption import CAPTION
from ingest.document import Box, Line, bounding
from ingest.drawings import Drawings, clusters

_MIN_SHARE = 0.012  # of the page's area: smaller ones are icons, bullets and logos
_MIN_SIDE = 36.0  # points
_MAX_TEXT = 0.45  # share of a cluster covered by running text: above it is a text box
_LABEL = 44  # characters: a line up to this long may be a label of a figure
_SWATCH = 18.0  # points: the largest mark of a legend
_LEGEND = 72.0  # points from a chart to its legend
_SIDEWAYS, _UPWARDS = 12.0, 7.0  # points to a label beside, and above or below
_GAP = 9.0  # points between parts of one drawing


def find_figures(
    lines: Sequence[Line], drawn: Drawings, tables: Sequence[Box], width: float, height: float
) -> list[Box]:
    """Boxes of figures on a page, top to bottom. Decorations and text boxes are left out."""
    page = Box(0.0, 0.0, width, height)
    free = [b for b in drawn.paths if not any(b.inside(t.grow(3)) > 0.5 for t in tables)]
    parts = [b for b in (*free, *drawn.images) if b.area < 0.9 * page.area]
    parts += [b for b in drawn.images if b.area >= 0.9 * page.area and not lines]
    found: list[Box] = []
    swatches = [b for b in free if 2 <= min(b.width, b.height) <= max(b.width, b.height) <= _SWATCH]
    for cluster in clusters(parts, width, height, _GAP):
        if not _large(cluster, page) or any(cluster.inside(t) > 0.5 for t in tables):
            continue
        pictured = any(i.inside(cluster) > 0.9 and _large(i, page) for i in drawn.images)
        inside = [p for p in free if p.inside(cluster) > 0.9]
        if not pictured and (len(inside) < 3 or _running_text(cluster, lines) > _MAX_TEXT):
            continue
        found.append(_with_labels(_with_legend(cluster, swatches, lines), lines, page))
    return sorted(_apart(found), key=lambda b: (b.y0, b.x0))


def _large(box: Box, page: Box) -> bool:
    return box.area >= _MIN_SHARE * page.area and min(box.width, box.height) >= _MIN_SIDE


def _running_text(box: Box, lines: Sequence[Line]) -> float:
    """Share of the box under long lines."""
    covered = sum(x.box.clip(box).area for x in lines if len(x.text) > 25)
    return covered / box.area


def _with_legend(box: Box, swatches: Sequence[Box], lines: Sequence[Line]) -> Box:
    """Joined with the legend beside or under it: small marks, each with a short line at its
    right. Without it a pie chart is percentages of nothing."""
    near = box.grow(_LEGEND)
    marks = [s for s in swatches if s.inside(near) > 0.5 and s.inside(box) < 0.5]
    entries = []
    for mark in marks:
        for line in lines:
            beside = -2 <= line.box.x0 - mark.x1 <= 14 and line.box.y0 < mark.y1
            if beside and mark.y0 < line.box.y1 and len(line.text) <= _LABEL:
                entries.append(mark.join(line.box))
    return bounding([box, *entries]) if len(entries) >= 2 else box


def _with_labels(box: Box, lines: Sequence[Line], page: Box) -> Box:
    """Grown by short lines that touch it: axis labels, legends, callout numbers."""
    for _ in range(3):
        near = Box(box.x0 - _SIDEWAYS, box.y0 - _UPWARDS, box.x1 + _SIDEWAYS, box.y1 + _UPWARDS)
        labels = [
            x.box
            for x in lines
            if len(x.text) <= _LABEL
            and x.box.inside(near) > 0.2
            and not CAPTION.match(x.text)
            and x.size < 16
        ]
        grown = bounding([box, *labels])
        if grown.area > 1.8 * box.area:
            break
        box = grown
    return box.clip(page)


def _apart(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that mostly overlap become one."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: -b.area):
        for i, other in enumerate(kept):
            if box.inside(other) > 0.6:
                kept[i] = other.join(box)
                break
        else:
            kept.append(box)
    return kept


def caption_of(box: Box, captions: Sequence[Box], reach: float = 60.0) -> int | None:
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
