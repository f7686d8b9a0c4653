"""Figures: images and clusters of drawing, grown by their labels, kept apart by paragraphs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from octavo.ingest.boxes import Boxes, as_array, bounding_box, covered, inside, overlaps
from octavo.ingest.document import Box, Line, bounding
from octavo.ingest.figures.captions import CAPTION
from octavo.ingest.figures.clusters import clusters
from octavo.ingest.figures.vector_graphics import THIN, Drawings

_MIN_SHARE = 0.012  # of the page's area: smaller ones are icons, bullets and logos
_MIN_SIDE = 36.0  # points
_MAX_TEXT = 0.45  # share of a cluster under text: above it is a text box
_PANEL = 0.10  # share of a shape under paragraphs: above it is what they are printed on
_PAGE = 0.8  # of the page's area: a larger one on a page of paragraphs is their ground
_RULE = 0.45  # of the page's side: a longer line parts the page, and joins no figure
_LABEL = 44  # characters: a line up to this long may be a label of a figure
_LARGE_TYPE = 18.0  # points: on slides a line of this size is said, not a label
_SWATCH = 18.0  # points: the largest mark of a legend
_LEGEND = 72.0  # points from a chart to its legend
_NAME = 26  # characters of the name of a bar; longer lines beside a drawing are text about it
_NAMES = 60.0  # points from bars to the column of their names
_SIDEWAYS, _UPWARDS = 12.0, 7.0  # points to a label beside, and above or below
_STACK = 26.0  # points between groups of bars of one chart
_AROUND = 0.05  # share of a cluster under paragraphs
_GAP = 9.0  # points between parts of one drawing


def is_paragraph(group: Sequence[Line]) -> bool:
    """Whether the lines of a block are a paragraph, which no figure may swallow."""
    characters = sum(len(x.text) for x in group)
    if characters >= 90 and characters >= 24 * len(group):
        return True
    return min(x.size for x in group) >= _LARGE_TYPE and characters >= 8


def find_figures(
    groups: Sequence[Sequence[Line]],
    drawn: Drawings,
    tables: Sequence[Box],
    bars: Sequence[Boxes],
    width: float,
    height: float,
) -> list[Box]:
    """Boxes of figures on a page, top to bottom. Decorations and text boxes are left out.

    `groups` are the text blocks of the page, `bars` those of each bar chart.
    """
    page = Box(0.0, 0.0, width, height)
    lines = [x for g in groups for x in g]
    paragraph_boxes = as_array([bounding(x.box for x in g) for g in groups if is_paragraph(g)])
    label_lines = [x for g in groups if not is_paragraph(g) for x in g]
    shapes, rounds = _free_shapes(drawn, tables, paragraph_boxes)
    images = [b for b in drawn.images if b.area < 0.9 * page.area or not lines]
    image_shares = list(
        zip(images, covered(as_array(images), paragraph_boxes).tolist(), strict=True)
    )
    figures = [b for b, share in image_shares if _PANEL < share < _MAX_TEXT and _is_large(b, page)]
    images = [b for b, share in image_shares if share <= _PANEL]
    rules = _is_rule(shapes, page)
    rules[rules] = ~_is_axis(shapes[rules], shapes[~rules])
    drawn_shapes, is_round = shapes[~rules], rounds[~rules]
    # The bars of a chart stand apart; the box around them does not.
    parts = np.concatenate(
        [drawn_shapes, as_array(images), as_array([bounding_box(b) for b in bars])]
    )
    clusters_kept: list[tuple[Box, bool]] = []
    for members in _clusters(parts, paragraph_boxes, page):
        drawing = members[members < len(drawn_shapes)]
        box = bounding_box(parts[members]).clip(page)
        pixels = [
            images[m - len(drawn_shapes)]
            for m in members
            if 0 <= m - len(drawn_shapes) < len(images)
        ]
        # A picture may be cut into strips; and a headline filled by pictures is no text to MuPDF.
        strips = sum(i.area for i in pixels) > box.area / 2
        pictured = strips or any(_is_large(i, page) for i in pixels)
        if not _is_large(box, page) or any(box.inside(t) > 0.5 for t in tables):
            continue
        if pictured or _is_drawing(box, drawn_shapes[drawing], is_round[drawing], lines):
            clusters_kept.append((box, pictured))
    marks = [
        m for m in _swatches(drawn_shapes) if not any(m.inside(b) > 0.5 for b, _ in clusters_kept)
    ]
    drawings: list[Box] = []
    for box, pictured in clusters_kept:
        box = _with_legend(_with_rules(box, shapes[rules]), marks, label_lines)
        box = _with_row_names(_with_labels(box, label_lines, page), label_lines)
        (figures if pictured else drawings).append(box)
    figures += _stacked(drawings, paragraph_boxes)
    if covered(as_array([page]), paragraph_boxes)[0] > _PANEL:
        figures = [f for f in figures if f.area < _PAGE * page.area]
    return sorted(_apart(figures), key=lambda b: (b.y0, b.x0))


def _clusters(parts: Boxes, paragraph_boxes: Boxes, page: Box) -> list[npt.NDArray[np.intp]]:
    """Clusters; one that reaches around a paragraph is two figures that stand close."""
    clusters_found = []
    for members in clusters(parts, paragraph_boxes, page.width, page.height, _GAP):
        own = parts[members]
        if (
            len(members) > 1
            and covered(as_array([bounding_box(own)]), paragraph_boxes)[0] > _AROUND
        ):
            near = clusters(own, paragraph_boxes, page.width, page.height, 0.0)
            clusters_found += [members[n] for n in near]
        else:
            clusters_found.append(members)
    return clusters_found


def _stacked(boxes: Sequence[Box], paragraph_boxes: Boxes) -> list[Box]:
    """Drawings under each other with little between them joined: the groups of a bar chart."""
    joined: list[Box] = []
    for box in sorted(boxes, key=lambda b: (b.y0, b.x0)):
        for i, other in enumerate(joined):
            shared = min(box.x1, other.x1) - max(box.x0, other.x0)
            near = box.y0 - other.y1 <= _STACK and shared >= 0.6 * max(box.width, other.width)
            if near and covered(as_array([box.join(other)]), paragraph_boxes)[0] < 0.02:
                joined[i] = other.join(box)
                break
        else:
            joined.append(box)
    return joined


def _free_shapes(
    drawn: Drawings, tables: Sequence[Box], paragraph_boxes: Boxes
) -> tuple[Boxes, npt.NDArray[np.bool_]]:
    """Shapes outside of tables that are not panels behind paragraphs."""
    ruled = as_array([t.grow(3) for t in tables])
    kept = (inside(drawn.shapes, ruled) <= 0.5) & (covered(drawn.shapes, paragraph_boxes) <= _PANEL)
    return drawn.shapes[kept], drawn.round[kept]


def _is_rule(shapes: Boxes, page: Box) -> npt.NDArray[np.bool_]:
    wide = shapes[:, 2] - shapes[:, 0]
    high = shapes[:, 3] - shapes[:, 1]
    across = (high <= THIN) & (wide > _RULE * page.width)
    down = (wide <= THIN) & (high > _RULE * page.height)
    return np.asarray(across | down)


def _is_axis(rules: Boxes, shapes: Boxes) -> npt.NDArray[np.bool_]:
    """Whether a line has shapes standing on it, as an axis has; a separator has none."""
    sides = shapes[:, 2:] - shapes[:, :2]
    solid = shapes[sides.min(axis=1) > THIN] if len(shapes) else shapes
    if not len(rules) or not len(solid):
        return np.zeros(len(rules), np.bool_)
    meets = overlaps(rules + np.array([-2.0, -2.0, 2.0, 2.0]), solid) > 0
    return np.asarray(meets.sum(axis=1) >= 2)


def _is_large(box: Box, page: Box) -> bool:
    return box.area >= _MIN_SHARE * page.area and min(box.width, box.height) >= _MIN_SIDE


def _is_drawing(
    box: Box, shapes: Boxes, rounds: npt.NDArray[np.bool_], lines: Sequence[Line]
) -> bool:
    """Whether a cluster of shapes is a picture, and not a box, a banner or an underlined text."""
    areas = np.minimum(shapes[:, 2] - shapes[:, 0], shapes[:, 3] - shapes[:, 1]) > THIN
    if len(shapes) < 3 or not (rounds.any() or areas.sum() >= 3):
        return False
    covered = sum(x.box.clip(box).area for x in lines if len(x.text) > 25)
    return covered <= _MAX_TEXT * box.area


def _with_rules(box: Box, rules: Boxes) -> Box:
    """Joined with the long lines that lie mostly in it: axes, the frame's edges."""
    near = as_array([box.grow(6.0)])
    kept = rules[inside(rules, near) > 0.6] if len(rules) else rules
    return box.join(bounding_box(kept)) if len(kept) else box


def _swatches(shapes: Boxes) -> list[Box]:
    sides = shapes[:, 2:] - shapes[:, :2]
    small = (sides.min(axis=1) >= 2) & (sides.max(axis=1) <= _SWATCH)
    return [Box(*row) for row in shapes[small].tolist()]


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
            and x.box.inside(near) > 0
            and not CAPTION.match(x.text)
            and x.size < 16
        ]
        grown = bounding([box, *labels])
        if grown.area > 1.8 * box.area:
            break
        box = grown
    return box.clip(page)


def _with_row_names(box: Box, lines: Sequence[Line]) -> Box:
    """Joined with names of bars or rows at its left or right: short lines in a column."""
    level = [
        x.box
        for x in lines
        if len(x.text) <= _NAME and box.y0 <= (x.box.y0 + x.box.y1) / 2 <= box.y1
    ]
    left = [b for b in level if -2 <= box.x0 - b.x1 <= _NAMES]
    right = [b for b in level if -2 <= b.x0 - box.x1 <= _NAMES]
    for column in (left, right):
        ends = [b.x1 for b in column], [b.x0 for b in column]
        if len(column) >= 3 and any(max(e) - min(e) <= 4 for e in ends):
            box = bounding([box, *column])
    return box


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
