"""Query to candidates: legs, run and fused by the engine, each candidate with its trace."""

from __future__ import annotations

from index.embed import Encoders, chunk_text
from index.store import Filter, Found, Fusion, Leg, Store
from ingest.caption import without_label
from retrieve.exact import Boosts, boosted
from retrieve.hearing import Numbered, hear, with_printed
from retrieve.legs import Depths, image_legs, text_legs
from retrieve.names import Names
from retrieve.places import beside, merged
from retrieve.query import Candidate, Candidates, Query, Stage
from retrieve.query_bounds import shortened
from retrieve.sight import Eyes, Sight, see, with_matches
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
    names: Names | None = None,
    boosts: Boosts | None = None,
    numbered: Numbered | None = None,
    eyes: Eyes | None = None,
) -> Candidates:
    """The `limit` best chunks by the fused legs (all that the legs bring, by default).

    What the question names exactly is looked up (`retrieve.hearing`): quoted words are a filter,
    the rest boosts. `names` are the documents it may name, `numbered` tells which page calls itself
    12; None: neither is asked for.

    A query with text and image is composed: the figure that the image shows, or resembles most,
    lends its caption to the text, so that "what torque for this?" asks about the part in the
    picture. Without `eyes` pages are not compared with the picture: vectors must do.
    """
    depths, boosts = depths or Depths(), boosts or Boosts()
    asked = shortened(query.text)
    # Only of what the user wrote: what a picture was recognised as names nothing.
    with timed("legs"):
        heard = hear(asked.text, store, names, query.where, boosts)
    where = heard.where if heard else query.where
    with timed("encode"):
        pictures = image_legs(query, encoders, depths)
    sight = Sight(tuple(pictures))
    if query.image is not None and pictures and eyes and depths.pages > 0:
        with timed("look"):
            sight = see(query.image, pictures, store, where, depths, eyes)
        pictures = list(sight.legs)
    text = asked.text.strip()
    if text and pictures:
        text = " ".join(p for p in (text, _recognised(sight, store, where)) if p)
    with timed("encode"):
        legs = [*pictures, *(text_legs(text, encoders, depths) if text else [])]
    with timed("legs"):
        found = store.search(legs, fusion, limit, where)
    if heard is None:
        items = with_matches(_traced(legs, found), sight.matches)
        return Candidates(text, items, asked.left, tuple(legs), where)
    with timed("legs"):
        heard = with_printed(heard, numbered) if numbered else heard
        more = beside(heard, legs, store, fusion, boosts)
        found = merged(legs, found, more, heard, fusion)
        seen = with_matches(_traced(legs, found), sight.matches)
        items = boosted(seen, heard, more.boosts)
    return Candidates(text, items, (*asked.left, *heard.understood), tuple(legs), where)


def _recognised(sight: Sight, store: Store, where: Filter) -> str:
    """Caption (else text) of what shows the query's image, or looks like it, or nothing."""
    best = sight.matches[:1]
    if not best:
        best = store.search([sight.legs[0]], "rrf", 1, where).legs[0][:1]
        if not best or best[0].score < SAME_THING:
            return ""
    chunks = store.chunks([best[0].id])
    if not chunks:
        return ""
    return shortened(without_label(chunks[0].caption) or chunk_text(chunks[0])[:200]).text


def _traced(legs: list[Leg], found: Found) -> tuple[Candidate, ...]:
    stages: dict[str, list[Stage]] = {}
    for leg, points in zip(legs, found.legs, strict=True):
        for rank, point in enumerate(points, 1):
            stages.setdefault(point.id, []).append(Stage(leg.name, rank, point.score))
    return tuple(
        Candidate(p.id, p.score, (*stages.get(p.id, ()), Stage("fused", rank, p.score)))
        for rank, p in enumerate(found.fused, 1)
    )
