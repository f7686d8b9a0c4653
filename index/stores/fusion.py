"""What makes ids and scores the same from every engine: rounding, cuts, the fusion formulas."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from statistics import fmean, stdev

import numpy as np

from octavo.index.encoders.encoder import Matrix
from octavo.index.store import RRF_K, Fusion, ScoredChunk, Subquery, ranked

#: Points asked for beyond a subquery's limit. Which of two equal scores falls below a cut is left
#: to chance in the engines, so they are asked for more, and the cut is made here, by score and id.
SLACK = 24
_FUSED_DIGITS = 7  # single precision: sums of the same parts in another order differ after them


def to_float16(vectors: Matrix) -> Matrix:
    """`vectors` rounded to float16, as float32: what the engines store. They round a query the
    same way, so a score is the dot product of two rounded vectors."""
    return vectors.astype(np.float16).astype(np.float32)


def fetch_limit(subquery: Subquery) -> int:
    """Points to ask an engine for."""
    return subquery.limit + SLACK


def cut_subquery(subquery: Subquery, points: Iterable[ScoredChunk]) -> tuple[ScoredChunk, ...]:
    """Its best `limit` points. BM25 weights are added up in the order of storage, so that the last
    digits of equal scores differ between two indexes with the same points: they are rounded off.
    """
    digits = 4 if subquery.using == "words" else 7
    return ranked([ScoredChunk(p.id, round(p.score, digits)) for p in points])[: subquery.limit]


def cut_fused(
    subqueries: Sequence[Sequence[ScoredChunk]], fused: Iterable[ScoredChunk], limit: int
) -> tuple[ScoredChunk, ...]:
    """The best `limit` of a fusion, without points that no subquery kept."""
    known = {p.id for points in subqueries for p in points}
    rounded = [ScoredChunk(p.id, round(p.score, _FUSED_DIGITS)) for p in fused if p.id in known]
    return ranked(rounded)[:limit]


def fuse(
    how: Fusion, lists: Sequence[Sequence[ScoredChunk]], weights: Sequence[float]
) -> list[ScoredChunk]:
    """The engines' own fusion, of subqueries that did not run in one engine; lists best first."""
    return reciprocal_ranks(lists, weights) if how == "rrf" else distribution_based(lists)


def reciprocal_ranks(
    lists: Sequence[Sequence[ScoredChunk]], weights: Sequence[float], k: int = RRF_K
) -> list[ScoredChunk]:
    """Weighted RRF as Qdrant has it: the sum of 1 / (k + rank / weight - 1), ranks from 1 (Cormack,
    Clarke and Buettcher 2009 with weight 1 and ranks from 0). A weight of 0 adds nothing."""
    totals: dict[str, float] = {}
    for points, weight in zip(lists, weights, strict=True):
        for rank, point in enumerate(points, 1):
            part = 1 / (k + rank / weight - 1) if weight > 0 else 0.0
            totals[point.id] = totals.get(point.id, 0.0) + part
    return [ScoredChunk(i, s) for i, s in totals.items()]


def distribution_based(lists: Sequence[Sequence[ScoredChunk]]) -> list[ScoredChunk]:
    """DBSF as Qdrant has it: within a subquery, mean - 3 sigma becomes 0 and mean + 3 sigma 1
    (sigma with n - 1; 0.5 for one point, or where all scores are equal), then the sum over
    subqueries, without weights (https://qdrant.tech/documentation/concepts/hybrid-queries/)."""
    totals: dict[str, float] = {}
    for points in lists:
        for point, value in zip(points, _standard([p.score for p in points]), strict=True):
            totals[point.id] = totals.get(point.id, 0.0) + value
    return [ScoredChunk(i, s) for i, s in totals.items()]


def _standard(scores: Collection[float]) -> list[float]:
    sigma = stdev(scores) if len(scores) > 1 else 0.0
    if sigma == 0:
        return [0.5] * len(scores)
    low = fmean(scores) - 3 * sigma
    return [(s - low) / (6 * sigma) for s in scores]
