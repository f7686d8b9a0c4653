"""Late interaction over the fused candidates, then one score from every stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from index.encode import TokenEncoder
from index.store import Store
from retrieve.query import Candidate, Candidates, Hit, Stage

MAXSIM = "maxsim"


@dataclass(frozen=True, slots=True)
class Rerank:
    """How many candidates late interaction scores, and what each stage counts in the end.

    On SciFact (train) the convex sum of BM25, cosine and MaxSim reached nDCG@10 0.744, the mean
    of RRF and MaxSim 0.733, MaxSim alone 0.718: ranks throw away how far apart scores are.
    """

    depth: int = 300
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "text": 1.0,
            "words": 1.0,
            MAXSIM: 1.0,
            "joint": 0.2,
            "image": 3.0,
            "image-text": 0.2,
        }
    )


def rerank(
    found: Candidates, store: Store, tokens: TokenEncoder, how: Rerank
) -> tuple[Candidate, ...]:
    """Candidates in their final order, with the stages `maxsim` and `final` in their traces.

    `maxsim` is divided by the number of query tokens: 1 means that every token met its equal.
    With a depth of 0 or without text the stage is skipped.
    """
    items = found.items
    if found.text and how.depth > 0:
        items = _with_maxsim(found.text, items, store, tokens, how.depth)
    scored = [replace(c, score=s) for c, s in zip(items, convex(items, how.weights), strict=True)]
    ordered = sorted(scored, key=lambda c: (-c.score, c.id))
    return tuple(
        replace(c, trace=(*c.trace, Stage("final", rank, c.score)))
        for rank, c in enumerate(ordered, 1)
    )


def _with_maxsim(
    text: str, items: Sequence[Candidate], store: Store, tokens: TokenEncoder, depth: int
) -> tuple[Candidate, ...]:
    query = tokens.embed_tokens([text])[0]
    points = store.maxsim(query, [c.id for c in items[:depth]])
    stages = {p.id: Stage(MAXSIM, rank, p.score / len(query)) for rank, p in enumerate(points, 1)}
    return tuple(replace(c, trace=(*c.trace, stages[c.id])) if c.id in stages else c for c in items)


def convex(items: Sequence[Candidate], weights: Mapping[str, float]) -> list[float]:
    """Weighted mean of each stage's scores, stretched over 0 to 1 (min-max) within the stage.

    A candidate that a stage did not reach has 0 there (Bruch, Gai and Ingber 2023 show that
    convex combination is robust to the choice of the normalization). Stages that reached no
    candidate do not count in the mean.
    """
    totals = [0.0] * len(items)
    present = 0.0
    for name, weight in weights.items():
        scores = [next((s.score for s in c.trace if s.name == name), None) for c in items]
        reached = [s for s in scores if s is not None]
        if not reached or weight <= 0:
            continue
        present += weight
        low, high = min(reached), max(reached)
        width = high - low
        for i, score in enumerate(scores):
            if score is not None:
                totals[i] += weight * ((score - low) / width if width > 0 else 1.0)
    return [t / present for t in totals] if present else totals


def to_hits(candidates: Sequence[Candidate], store: Store, limit: int) -> list[Hit]:
    """The first `limit` candidates with their chunks."""
    head = {c.id: c for c in candidates[:limit]}
    hits = []
    for chunk in store.chunks(list(head)):
        stored = store.find(chunk.document)
        name = stored.document.name if stored else ""
        hits.append(Hit(chunk, name, head[chunk.id].score, head[chunk.id].trace))
    return hits
