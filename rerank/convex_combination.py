"""One score of several stages: a convex combination of min-max scaled scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from octavo.retrieve.query import Candidate


def convex_combination(
    items: Sequence[Candidate], weights: Mapping[str, float], pending_weight: float = 0.0
) -> list[float]:
    """Weighted mean of each stage's scores, stretched over 0 to 1 (min-max) within the stage.

    A candidate that a stage did not reach has 0 there (Bruch, Gai and Ingber 2023 show that
    convex combination is robust to the choice of the normalization). Stages that reached no
    candidate do not count in the mean; `pending_weight` counts in it as one of 0.
    """
    totals = [0.0] * len(items)
    present = pending_weight
    traces = [{stage.name: stage.score for stage in c.trace} for c in items]
    for name, weight in weights.items():
        scores = [trace.get(name) for trace in traces]
        scored = [s for s in scores if s is not None]
        if not scored or weight <= 0:
            continue
        present += weight
        low, high = min(scored), max(scored)
        width = high - low
        for i, score in enumerate(scores):
            if score is not None:
                totals[i] += weight * ((score - low) / width if width > 0 else 1.0)
    return [t / present for t in totals] if present else totals


def present_weight(items: Sequence[Candidate], weights: Mapping[str, float]) -> float:
    """The weights of the stages that reached a candidate."""
    scored = {stage.name for c in items for stage in c.trace}
    return sum(w for name, w in weights.items() if w > 0 and name in scored)
