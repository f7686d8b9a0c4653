"""Named places: what the legs find on a page or in a document, whatever its rank elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from octavo.index.store import Filter, Fusion, ScoredChunk, SearchResult, Store, Subquery, ranked
from octavo.index.stores.fusion import fuse
from octavo.retrieve.understanding.boosts import Boosts, QueryConstraints


@dataclass(frozen=True, slots=True)
class ScopedHits:
    """What the legs find in the named places, and the boosts of those places by chunk id."""

    legs: tuple[tuple[ScoredChunk, ...], ...]
    boosts: Mapping[str, float]


def search_scope(
    heard: QueryConstraints, legs: Sequence[Subquery], store: Store, how: Fusion, boosts: Boosts
) -> ScopedHits:
    """The best of each leg on the pages and in the documents that are named, whatever its rank
    elsewhere. A chunk counts for the page that it begins on."""
    lists: list[list[ScoredChunk]] = [[] for _ in legs]
    wanted = heard.wanted
    extra: dict[str, float] = defaultdict(float)
    for place in _places(heard, boosts):
        where = _within(heard.where, place)
        if where is None:
            continue
        few = [replace(leg, limit=place.limit) for leg in legs]
        found = store.search(few, how, 1, where).legs
        for points, more in zip(lists, found, strict=True):
            points += [p for p in more if place.boost or p.id in wanted]
        for i in {p.id for points in found for p in points}:
            extra[i] = max(extra[i], place.boost)
    return ScopedHits(tuple(tuple(points) for points in lists), extra)


@dataclass(frozen=True, slots=True)
class _Scope:
    documents: tuple[str, ...]
    pages: tuple[int, ...]
    boost: float
    limit: int


def _places(heard: QueryConstraints, boosts: Boosts) -> list[_Scope]:
    """The pages of what was looked up, so that it has a score from each leg; the named pages, each
    named document, and the pages in the documents."""
    made = []
    if heard.places:
        documents, pages = zip(*sorted(heard.places), strict=True)
        made.append(_Scope(documents, pages, 0.0, boosts.depth))
    numbers = tuple(heard.pages)
    if numbers:
        made.append(_Scope((), numbers, boosts.page, boosts.beside))
    for document, page in heard.printed:
        made.append(_Scope((document,), (page,), boosts.page, boosts.beside))
    for document, boost in heard.documents.items():
        made.append(_Scope((document,), (), boost, boosts.beside))
        if numbers:
            made.append(_Scope((document,), numbers, boosts.page + boost, boosts.beside))
    return made


def _within(where: Filter, place: _Scope) -> Filter | None:
    """`where` and the place; None where they have nothing in common."""
    documents = [d for d in place.documents if not where.documents or d in where.documents]
    pages = [p for p in place.pages if not where.pages or p in where.pages]
    if (place.documents and not documents) or (place.pages and not pages):
        return None
    return replace(
        where,
        documents=tuple(dict.fromkeys(documents)) or where.documents,
        pages=tuple(dict.fromkeys(pages)) or where.pages,
    )


def merged(
    legs: Sequence[Subquery],
    first: SearchResult,
    more: ScopedHits,
    heard: QueryConstraints,
    how: Fusion,
) -> SearchResult:
    """The points of each leg from both searches, best first, and their fusion; what was looked up
    and no leg has comes last."""
    only = heard.only
    lists = []
    for a, b in zip(first.legs, more.legs, strict=True):
        scores = {p.id: p.score for p in (*b, *a) if only is None or p.id in only}
        lists.append(ranked([ScoredChunk(i, s) for i, s in scores.items()]))
    fused = fuse(how, lists, [leg.weight for leg in legs])
    known = {p.id for p in fused}
    rest = (ScoredChunk(i, 0.0) for i in sorted(heard.wanted - known))
    return SearchResult(tuple(lists), (*ranked(fused), *rest))
