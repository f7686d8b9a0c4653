"""Retrieval metrics through `ir_measures` (trec_eval's definitions), and times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import ir_measures

from evals.boxes import score_boxes
from evals.dataset import Qrels
from evals.run import Asked
from ingest.document import Box

_NAMES = {
    "nDCG@10": "nDCG@10",
    "R@1": "Recall@1",
    "R@5": "Recall@5",
    "R@10": "Recall@10",
    "R@100": "Recall@100",
    "RR@10": "MRR@10",
    "AP@100": "MAP@100",
    "Success@1": "Success@1",
    "Success@5": "Success@5",
}


def retrieval(asked: Sequence[Asked], qrels: Qrels) -> dict[str, float]:
    """Means over the questions with a positive judgement; one without results scores 0."""
    each = by_question(asked, qrels)
    if not each:
        return {}
    return {name: math.fsum(v[name] for v in each.values()) / len(each) for name in _NAMES.values()}


def by_question(asked: Sequence[Asked], qrels: Qrels) -> dict[str, dict[str, float]]:
    """Every measure of every question with a positive judgement, asked or not."""
    judged = {q: items for q, items in qrels.items() if any(v > 0 for v in items.values())}
    run = {
        a.question.id: {item: 1 / rank for rank, (item, _) in enumerate(a.items, 1)}
        for a in asked
        if a.question.id in judged
    }
    measures = {ir_measures.parse_measure(m): name for m, name in _NAMES.items()}
    values = {q: dict.fromkeys(_NAMES.values(), 0.0) for q in judged}
    if judged:
        for one in ir_measures.iter_calc(list(measures), judged, run):
            values[one.query_id][measures[one.measure]] = float(one.value)
    return values


def box_means(
    asked: Sequence[Asked], gold: Mapping[str, Mapping[tuple[str, int], Sequence[Box]]]
) -> dict[str, float]:
    """Means over the questions with gold boxes; one that was not asked scores 0. The predicted
    boxes are those of the first hits (see `evals.run`)."""
    found: dict[str, dict[tuple[str, int], list[Box]]] = {}
    for a in asked:
        for row in a.boxes:
            key = (str(row["doc"]), int(row["page"]))
            found.setdefault(a.question.id, {}).setdefault(key, []).append(Box(*row["bbox"]))
    scores = [score_boxes(boxes, found.get(q, {})) for q, boxes in gold.items()]
    if not scores:
        return {}
    n = len(scores)
    return {
        "box recall@IoU0.5": math.fsum(s.recall for s in scores) / n,
        "box mean best IoU": math.fsum(s.mean_best for s in scores) / n,
        "box area F1": math.fsum(s.f1 for s in scores) / n,
    }


def percentile(seconds: Sequence[float], share: float) -> float:
    """Nearest-rank percentile, in milliseconds; 0 of nothing."""
    if not seconds:
        return 0.0
    ordered = sorted(seconds)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000
