"""Query to candidates: legs, run and fused by the engine, each candidate with its trace."""

from __future__ import annotations

from index.embed import Encoders, chunk_text
from index.store import Filter, Found, Fusion, Leg, Store
from ingest.caption import without_label
from retrieve.legs import Depths, image_legs, text_legs
from retrieve.query import Candidate, Candidates, Query, Stage
from retrieve.timing import timed

#: A figure this near to the query's image is taken to show the same thing.
SAME_THING = 0.72


def retrieve(
    query: Query,
    store: Store,
    encoders: Encoders,
    depths: Depths | None = None,
    fusion: Fusion = "rrf",
    limit: int = 300,
) -> Candidates:
    """The `limit` best chunks by the fused legs (all that the legs bring, by default).

    A query with text and image is composed: the figure that the image resembles most lends its
    caption to the text, so that "what torque for this?" asks about the part in the picture.
    """
    depths = depths or Depths()
    where = query.where
    with timed("encode"):
        pictures = image_legs(query, encoders, depths)
    text = query.text.strip()
    if text and pictures:
        text = " ".join(p for p in (text, _recognised(pictures[0], store, where)) if p)
    with timed("encode"):
        legs = [*pictures, *(text_legs(text, encoders, depths) if text else [])]
    with timed("legs"):
        found = store.search(legs, fusion, limit, where)
    return Candidates(text, _traced(legs, found))


def _recognised(leg: Leg, store: Store, where: Filter) -> str:
    """Caption (else text) of the figure that looks like the query's image, or nothing."""
    best = store.search([leg], "rrf", 1, where).legs[0][:1]
    if not best or best[0].score < SAME_THING:
        return ""
    chunks = store.chunks([best[0].id])
    if not chunks:
        return ""
    return without_label(chunks[0].caption) or chunk_text(chunks[0])[:200]


def _traced(legs: list[Leg], found: Found) -> tuple[Candidate, ...]:
    stages: dict[str, list[Stage]] = {}
    for leg, points in zip(legs, found.legs, strict=True):
        for rank, point in enumerate(points, 1):
            stages.setdefault(point.id, []).append(Stage(leg.name, rank, point.score))
    return tuple(
        Candidate(p.id, p.score, (*stages.get(p.id, ()), Stage("fused", rank, p.score)))
        for rank, p in enumerate(found.fused, 1)
    )
