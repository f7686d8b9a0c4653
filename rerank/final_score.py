"""The final score: convex combination, modality gate, boosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from octavo.rerank.convex_combination import convex_combination
from octavo.rerank.modality_gate import NO_GATE, GateBounds, modality_gate
from octavo.retrieve.query import Candidate
from octavo.retrieve.understanding.boosts import boost_of


def by_final_score(
    items: Sequence[Candidate],
    weights: Mapping[str, float],
    gate: GateBounds = NO_GATE,
) -> list[Candidate]:
    """By the weighted sum of the stages; in fused order where no stage weighs anything."""
    if not any(w > 0 for w in weights.values()):
        return list(items)
    scores = scores_of(items, weights, gate)
    scored = [replace(c, score=s) for c, s in zip(items, scores, strict=True)]
    return sorted(scored, key=lambda c: (-c.score, c.id))


def scores_of(
    items: Sequence[Candidate],
    weights: Mapping[str, float],
    gate: GateBounds = NO_GATE,
    pending_weight: float = 0.0,
) -> list[float]:
    """Final scores. `pending_weight` is that of a stage still to come, which scores all 0 for
    now."""
    scores = convex_combination(items, weights, pending_weight)
    text_share = modality_gate(items, gate) if gate and weights.get("joint", 0) > 0 else 1.0
    if text_share < 1:
        visual = convex_combination(items, {"joint": 1.0})
        scores = [
            text_share * s + (1 - text_share) * x for s, x in zip(scores, visual, strict=True)
        ]
    return [s + boost_of(c) for c, s in zip(items, scores, strict=True)]
