"""How well the boxes of hits meet the gold boxes of their questions.

A gold box is met by a predicted one on its page with intersection over union of at least 0.5
(Everingham et al. 2010, PASCAL VOC). Areas are those of unions, so that boxes which overlap count
once. Every value is a mean over the questions with gold; one without predictions scores 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from octavo.ingest.document import Box

IOU = 0.5

#: Boxes of one question by document and page.
Boxes = Mapping[tuple[str, int], Sequence[Box]]


@dataclass(frozen=True, slots=True)
class BoxScores:
    """Of one question; `best` is the greatest IoU of each gold box."""

    best: tuple[float, ...]
    recall: float  # gold boxes met
    mean_best: float
    precision: float  # of the predicted area, how much is gold
    area_recall: float
    f1: float  # of the areas


def score_boxes(gold: Boxes, predicted: Boxes) -> BoxScores:
    """Raises ValueError where there is no gold box with an area."""
    pairs = [(g, predicted.get(key, ())) for key in sorted(gold) for g in gold[key]]
    if not pairs or not any(g.area > 0 for g, _ in pairs):
        raise ValueError("no gold box with an area")
    best = tuple(max((iou(g, p) for p in boxes_there), default=0.0) for g, boxes_there in pairs)
    gold_area = math.fsum(union_area(v) for v in gold.values())
    found_area = math.fsum(union_area(v) for v in predicted.values())
    both = math.fsum(
        union_area([a.clip(b) for a in boxes for b in predicted.get(key, ())])
        for key, boxes in gold.items()
    )
    return BoxScores(
        best,
        sum(b >= IOU for b in best) / len(best),
        math.fsum(best) / len(best),
        both / found_area if found_area > 0 else 0.0,
        both / gold_area,
        2 * both / (gold_area + found_area),
    )


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0 to 1."""
    both = a.clip(b).area
    return both / (a.area + b.area - both) if both > 0 else 0.0


def union_area(boxes: Sequence[Box]) -> float:
    """Exact area of a union of boxes, in square points, by vertical strips."""
    solid = [b for b in boxes if b.area > 0]
    edges = sorted({x for b in solid for x in (b.x0, b.x1)})
    total = []
    for left, right in pairwise(edges):
        covered, end = 0.0, -math.inf
        for top, bottom in sorted((b.y0, b.y1) for b in solid if b.x0 <= left and b.x1 >= right):
            covered += max(0.0, bottom - max(top, end))
            end = max(end, bottom)
        total.append(covered * (right - left))
    return math.fsum(total)
