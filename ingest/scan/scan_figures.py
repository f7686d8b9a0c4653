"""Figures and ruled lines in the pixels of a scanned page: what is inked and is not text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from octavo.ingest.document import Box, bounding
from octavo.ingest.scan.text_quads import Pixels

_SIDE = 800  # pixels: longest side of the picture that is looked at
_PAPER = 16  # levels of any channel by which paper may differ from its own colour
_BORDER = 0.15  # share of the page's edge that has a colour of paper
_SPECK = 0.0001  # share of the page: smaller spots are dust and punctuation
_GAP = 0.011  # of the longest side: parts of one drawing lie nearer
_THIN = 0.012  # of the longest side: a long mark that is thinner is a rule, not a drawing
_MIN_SHARE = 0.012  # of the page: smaller ones are icons, bullets and logos
_MIN_SIDE = 0.05  # of the longest side
_MAX_SHARE = 0.9  # of the page: what is larger lies under the text
_PANEL = 0.04  # of the longest side: the parts of one panel lie nearer
_MIN_FILL = 0.02  # share of a figure's box that is inked
_RUNNING = 25  # characters: a line over this is running text
_MAX_TEXT = 0.35  # share of a figure's box under running text: above it is a text box
_LABEL = 44  # characters: a line up to this long may be a label of a figure
_REACH = 0.02  # of the longest side: from a figure to its labels
_RULE = 0.06  # of the longest side: the shortest ruled line
_RULE_WIDTH = 7  # pixels of the small picture: the thickest, with both edges
_STEP = 24  # levels of brightness across a rule's edge

_Mask = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ScanFigures:
    """What is drawn on a scanned page, in its pixels."""

    figures: tuple[Box, ...]  # top to bottom
    horizontal: tuple[Box, ...]  # ruled lines
    vertical: tuple[Box, ...]


def find_scan_figures(image: Pixels, lines: Sequence[tuple[Box, str]]) -> ScanFigures:
    """Photographs, charts and drawings of a page set upright, and its ruled lines.

    `lines` are the boxes (pixels) and texts of what is printed.
    What differs from the paper's colour and lies under no line of text is put together where it
    lies close; short lines of text that touch it are its labels.
    """
    scale = min(1.0, _SIDE / max(image.shape[:2]))
    size = [max(1, round(n * scale)) for n in (image.shape[1], image.shape[0])]
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    ink, gray = _ink(small), cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    texts = [_scaled(box, scale) for box, _ in lines]
    ink_without_text = ink.copy()
    for box in texts:
        ink_without_text[_slice(box, ink_without_text)] = 0
    labels = [b for b, (_, x) in zip(texts, lines, strict=True) if len(x) <= _LABEL]
    running = [b for b, (_, x) in zip(texts, lines, strict=True) if len(x) > _RUNNING]
    parts = [b for b in _clusters(ink_without_text) if _text_share(b, running) < _MAX_TEXT]
    figures = _apart([_with_labels(b, labels, ink) for b in parts])
    figures += _groups(figures, max(ink.shape), ink_without_text.size)
    ordered = sorted(figures, key=lambda b: (b.y0, b.x0))
    back = 1 / scale
    return ScanFigures(
        tuple(_scaled(b, back) for b in ordered),
        tuple(_scaled(b, back) for b in _rules(gray)),
        tuple(_turned(_scaled(b, back)) for b in _rules(np.ascontiguousarray(gray.T))),
    )


def _ink(small: Pixels) -> _Mask:
    """1 where a pixel has none of the colours that the page's edge is made of."""
    edge = np.concatenate(
        [
            small[:3].reshape(-1, 3),
            small[-3:].reshape(-1, 3),
            small[:, :3].reshape(-1, 3),
            small[:, -3:].reshape(-1, 3),
        ]
    )
    ink = np.ones(small.shape[:2], np.uint8)
    total = len(edge)
    edge = edge.astype(np.int16)
    for _ in range(3):
        if not len(edge):
            break
        coarse, count = np.unique(edge >> 4, axis=0, return_counts=True)
        paper = np.median(edge[(edge >> 4 == coarse[count.argmax()]).all(axis=1)], axis=0)
        same = np.abs(edge - paper).max(axis=1) <= _PAPER
        if same.sum() < _BORDER * total:
            break
        edge = edge[~same]
        ink[np.abs(small.astype(np.int16) - paper).max(axis=2) <= _PAPER] = 0
    return ink


def _clusters(ink: _Mask) -> list[Box]:
    """Boxes of what lies close together and is large enough for a figure."""
    height, width = ink.shape
    longest, area = max(height, width), height * width
    _, marks, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    ruled = (np.minimum(wide, high) <= _THIN * longest) & (np.maximum(wide, high) > 0.2 * longest)
    banner = (wide > 0.85 * width) & (high < 0.14 * height)
    keep = (stats[:, cv2.CC_STAT_AREA] >= max(3, _SPECK * area)) & ~ruled & ~banner
    keep[0] = False
    solid = keep[marks].astype(np.uint8)
    reach = max(1, round(_GAP * longest / 2))
    thick = cv2.dilate(solid, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    count, groups = cv2.connectedComponents(thick)
    groups = groups * solid
    boxes = []
    for index in range(1, count):
        ys, xs = np.nonzero(groups == index)
        if not len(ys):
            continue
        box = Box(float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
        large = box.area >= _MIN_SHARE * area and min(box.width, box.height) >= _MIN_SIDE * longest
        if large and box.area <= _MAX_SHARE * area and len(ys) >= _MIN_FILL * box.area:
            boxes.append(box)
    return boxes


def _with_labels(box: Box, labels: Sequence[Box], ink: _Mask) -> Box:
    reach = _REACH * max(ink.shape)
    for _ in range(2):
        near = [x for x in labels if x.inside(box.grow(reach)) > 0.3]
        grown = bounding([box, *near])
        if grown.area > 1.6 * box.area:
            break
        box = grown
    return box


def _groups(figures: Sequence[Box], longest: int, area: int) -> list[Box]:
    """Figures that lie close to each other as one more: parts of a panel or a diagram."""
    groups: list[list[Box]] = []
    for figure in figures:
        near = [g for g in groups if any(_near(figure, b, _PANEL * longest) for b in g)]
        groups = [g for g in groups if g not in near] + [[figure, *(b for g in near for b in g)]]
    joined = [bounding(g) for g in groups if len(g) > 1]
    return [b for b in joined if b.area <= _MAX_SHARE * area]


def _near(a: Box, b: Box, gap: float) -> bool:
    across = max(a.x0, b.x0) - min(a.x1, b.x1)
    down = max(a.y0, b.y0) - min(a.y1, b.y1)
    return max(across, down) <= gap


def _text_share(box: Box, running: Sequence[Box]) -> float:
    return sum(x.clip(box).area for x in running if x.inside(box) > 0.5) / box.area


def _apart(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that mostly overlap become one."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: -b.area):
        for i, other in enumerate(kept):
            if box.inside(other) > 0.5:
                kept[i] = other.join(box)
                break
        else:
            kept.append(box)
    return kept


def _rules(gray: _Mask) -> list[Box]:
    """Level ruled lines and edges of filled cells: long straight steps of brightness."""
    step = np.zeros(gray.shape, np.uint8)
    step[1:] = np.abs(np.diff(gray.astype(np.int16), axis=0)) > _STEP
    step = cv2.dilate(step, np.ones((3, 1), np.uint8))  # both edges of a thin rule are one
    long = max(8, round(_RULE * max(gray.shape)))
    level = cv2.morphologyEx(step, cv2.MORPH_OPEN, np.ones((1, long), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(level)
    rules = []
    for x, y, width, height, _ in stats[1:]:
        if height <= _RULE_WIDTH:
            middle = float(y + height / 2)
            rules.append(Box(float(x), middle, float(x + width), middle))
    return rules


def _scaled(box: Box, by: float) -> Box:
    return Box(box.x0 * by, box.y0 * by, box.x1 * by, box.y1 * by)


def _turned(box: Box) -> Box:
    return Box(box.y0, box.x0, box.y1, box.x1)


def _slice(box: Box, mask: _Mask) -> tuple[slice, slice]:
    height, width = mask.shape
    x0, x1 = max(0, round(box.x0)), min(width, round(box.x1))
    y0, y1 = max(0, round(box.y0)), min(height, round(box.y1))
    return slice(y0, max(y0, y1)), slice(x0, max(x0, x1))
