"""Retrieval metrics through `ir_measures` (trec_eval's definitions), boxes, times, intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import ir_measures
import numpy as np

from octavo.evals.dataset import Qrels
from octavo.evals.metrics.boxes import Boxes, score_boxes
from octavo.evals.statistics.compare import bootstraps

#: ir_measures' name to ours.
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

_DRAWS = 2_000  # bootstrap samples of an interval

#: A value for each metric of each question.
Values = Mapping[str, Mapping[str, float]]


def retrieval_metrics(
    run: Mapping[str, Sequence[str]], qrels: Qrels
) -> dict[str, dict[str, float]]:
    """Every measure of every question with a positive judgement. `run`: question to items, best
    first; a question that is not in it scores 0."""
    judged = {q: items for q, items in qrels.items() if any(v > 0 for v in items.values())}
    values = {q: dict.fromkeys(_NAMES.values(), 0.0) for q in judged}
    ranked = {q: {i: 1 / r for r, i in enumerate(run[q], 1)} for q in judged if run.get(q)}
    measures = {ir_measures.parse_measure(m): name for m, name in _NAMES.items()}
    if ranked:
        for one in ir_measures.iter_calc(list(measures), judged, ranked):
            values[one.query_id][measures[one.measure]] = float(one.value)
    return values


def box_scores(
    gold: Mapping[str, Boxes], predicted: Mapping[str, Boxes]
) -> dict[str, dict[str, float]]:
    """By question with gold boxes; one without predictions scores 0."""
    return {
        question: {
            "box recall@IoU0.5": scores.recall,
            "box mean best IoU": scores.mean_best,
            "box area F1": scores.f1,
        }
        for question, boxes in gold.items()
        for scores in [score_boxes(boxes, predicted.get(question, {}))]
    }


def means(values: Values) -> dict[str, float]:
    """Mean of each metric over the questions that have it."""
    return {name: math.fsum(column) / len(column) for name, (column, _) in _columns(values).items()}


def intervals(
    values: Values, groups: Mapping[str, str], seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap interval of each mean; whole groups (documents) are drawn, for questions on
    one document are not independent. `groups`: question to document, where the set says it."""
    together: dict[tuple[str, ...], dict[str, list[float]]] = {}
    for name, (column, questions) in _columns(values).items():
        together.setdefault(tuple(questions), {})[name] = column
    bounds: dict[str, tuple[float, float]] = {}
    for ids, columns in together.items():
        low, high = bootstraps(
            np.array(list(columns.values())).T,
            [groups.get(q) or q for q in ids],
            np.random.default_rng(seed),
            _DRAWS,
        )
        bounds |= {n: (float(a), float(b)) for n, a, b in zip(columns, low, high, strict=True)}
    return {name: bounds[name] for name in _columns(values)}


def _columns(values: Values) -> dict[str, tuple[list[float], list[str]]]:
    columns: dict[str, tuple[list[float], list[str]]] = {}
    for question, row in values.items():
        for name, value in row.items():
            column, questions = columns.setdefault(name, ([], []))
            column.append(value)
            questions.append(question)
    return columns


def percentile(seconds: Sequence[float], share: float) -> float:
    """Nearest-rank percentile, in milliseconds; 0 of nothing."""
    return nearest_rank(seconds, share) * 1000


def nearest_rank(values: Sequence[float], share: float) -> float:
    """The value at rank ceil(share x n) of the n in order; 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
