"""Retrieval metrics through `ir_measures` (trec_eval's definitions), and times."""

from __future__ import annotations

import math
from collections.abc import Sequence

import ir_measures

from evals.dataset import Qrels
from evals.run import Asked

_NAMES = {
    "nDCG@10": "nDCG@10",
    "R@1": "Recall@1",
    "R@5": "Recall@5",
    "R@10": "Recall@10",
    "R@100": "Recall@100",
    "RR@10": "MRR@10",
}


def retrieval(asked: Sequence[Asked], qrels: Qrels) -> dict[str, float]:
    """Means over the questions with a positive judgement; one without results scores 0."""
    judged = {q: items for q, items in qrels.items() if any(v > 0 for v in items.values())}
    run = {
        a.question.id: {item: 1 / rank for rank, (item, _) in enumerate(a.items, 1)}
        for a in asked
        if a.question.id in judged
    }
    measures = [ir_measures.parse_measure(m) for m in _NAMES]
    if not judged:
        return {}
    values = ir_measures.calc_aggregate(measures, judged, run)
    return {name: float(values[m]) for m, name in zip(measures, _NAMES.values(), strict=True)}


def percentile(seconds: Sequence[float], share: float) -> float:
    """Nearest-rank percentile, in milliseconds; 0 of nothing."""
    if not seconds:
        return 0.0
    ordered = sorted(seconds)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000
