"""Named places: what the legs find on a page or in a document, whatever its rank elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from index.scores import fuse
from index.store import Filter, Found, Fusion, Leg, Scored, Store, ranked
from retrieve.exact import Boosts, Heard


@dataclass(frozen=True, slots=True)
class Beside:
    """What the legs find in the named places, and the boosts of those places by chunk id."""

    legs: tuple[tuple[Scored, ...], ...]
    boosts: Mapping[str, float]


def beside(heard: Heard, legs: Sequence[Leg], store: Store, how: Fusion, boosts: Boosts) -> Beside:
    """The best of each leg on the pages and in the documents that are named, whatever its rank
    elsewhere. A chunk counts for the page that it begins on."""
    lists: list[list[Scored]] = [[] for _ in legs]
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
    return Beside(tuple(tuple(points) for points in lists), extra)


@dataclass(frozen=True, slots=True)
class _Place:
    documents: tuple[str, ...]
    pages: tuple[int, ...]
    boost: float
    limit: int


def _places(heard: Heard, boosts: Boosts) -> list[_Place]:
    """The pages of what was looked up, so that it has a score from each leg; the named pages, each
    named document, and the pages in the documents."""
    made = []
    if heard.places:
        documents, pages = zip(*sorted(heard.places), strict=True)
        made.append(_Place(documents, pages, 0.0, boosts.depth))
    numbers = tuple(heard.pages)
    if numbers:
        made.append(_Place((), numbers, boosts.page, boosts.beside))
    for document, page in heard.printed:
        made.append(_Place((document,), (page,), boosts.page, boosts.beside))
    for document, boost in heard.documents.items():
        made.append(_Place((document,), (), boost, boosts.beside))
        if numbers:
            made.append(_Place((document,), numbers, boosts.page + boost, boosts.beside))
    return made


def _within(where: Filter, place: _Place) -> Filter | None:
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


def merged(legs: Sequence[Leg], first: Found, more: Beside, heard: Heard, how: Fusion) -> Found:
    """The points of each leg from both searches, best first, and their fusion; what was looked up
    and no leg has comes last."""
    only = heard.only
    lists = []
    for a, b in zip(first.legs, more.legs, strict=True):
        scores = {p.id: p.score for p in (*b, *a) if only is None or p.id in only}
        lists.append(ranked([Scored(i, s) for i, s in scores.items()]))
    fused = fuse(how, lists, [leg.weight for leg in legs])
    known = {p.id for p in fused}
    rest = (Scored(i, 0.0) for i in sorted(heard.wanted - known))
    return Found(tuple(lists), (*ranked(fused), *rest))
