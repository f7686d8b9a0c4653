"""Subqueries limited to the pages and documents that a question names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from octavo.index.store import Filter, Fusion, ScoredChunk, SearchResult, Store, Subquery, ranked
from octavo.index.stores.fusion import fuse
from octavo.retrieve.understanding.boosts import Boosts, QueryConstraints


@dataclass(frozen=True, slots=True)
class ScopedHits:
    """Hits of each subquery in the named pages and documents, best first; `boosts` by chunk id."""

    results: tuple[tuple[ScoredChunk, ...], ...]
    boosts: Mapping[str, float]


def search_scope(
    constraints: QueryConstraints,
    subqueries: Sequence[Subquery],
    store: Store,
    fusion: Fusion,
    boosts: Boosts,
) -> ScopedHits:
    """The best of each subquery on the pages and in the documents that are named, whatever its rank
    elsewhere. A chunk counts for the page that it begins on."""
    lists: list[list[ScoredChunk]] = [[] for _ in subqueries]
    looked_up = constraints.looked_up
    scope_boosts: dict[str, float] = defaultdict(float)
    for scope in _scopes(constraints, boosts):
        where = _within(constraints.where, scope)
        if where is None:
            continue
        limited = [replace(subquery, limit=scope.limit) for subquery in subqueries]
        results = store.search(limited, fusion, 1, where).by_subquery
        for points, points_in_scope in zip(lists, results, strict=True):
            points += [p for p in points_in_scope if scope.boost or p.id in looked_up]
        for i in {p.id for points in results for p in points}:
            scope_boosts[i] = max(scope_boosts[i], scope.boost)
    return ScopedHits(tuple(tuple(points) for points in lists), scope_boosts)


@dataclass(frozen=True, slots=True)
class _Scope:
    documents: tuple[str, ...]
    pages: tuple[int, ...]
    boost: float
    limit: int


def _scopes(constraints: QueryConstraints, boosts: Boosts) -> list[_Scope]:
    """The pages of what was looked up, so that it has a score from each subquery; the
    named pages, each
    named document, and the pages in the documents."""
    scopes = []
    if constraints.lookup_pages:
        documents, pages = zip(*sorted(constraints.lookup_pages), strict=True)
        scopes.append(_Scope(documents, pages, 0.0, boosts.lookup_depth))
    numbers = tuple(constraints.pages)
    if numbers:
        scopes.append(_Scope((), numbers, boosts.page, boosts.scope_depth))
    for document, page in constraints.labelled_pages:
        scopes.append(_Scope((document,), (page,), boosts.page, boosts.scope_depth))
    for document, boost in constraints.document_boosts.items():
        scopes.append(_Scope((document,), (), boost, boosts.scope_depth))
        if numbers:
            scopes.append(_Scope((document,), numbers, boosts.page + boost, boosts.scope_depth))
    return scopes


def _within(where: Filter, scope: _Scope) -> Filter | None:
    """`where` and the scope; None where they have nothing in common."""
    documents = [d for d in scope.documents if not where.documents or d in where.documents]
    pages = [p for p in scope.pages if not where.pages or p in where.pages]
    if (scope.documents and not documents) or (scope.pages and not pages):
        return None
    return replace(
        where,
        documents=tuple(dict.fromkeys(documents)) or where.documents,
        pages=tuple(dict.fromkeys(pages)) or where.pages,
    )


def merge_scoped(
    subqueries: Sequence[Subquery],
    everywhere: SearchResult,
    scoped: ScopedHits,
    constraints: QueryConstraints,
    fusion: Fusion,
) -> SearchResult:
    """The points of each subquery from both searches, best first, and their fusion; what was looked
    up and no subquery has comes last."""
    allowed = constraints.phrase_chunks
    lists = []
    for a, b in zip(everywhere.by_subquery, scoped.results, strict=True):
        scores = {p.id: p.score for p in (*b, *a) if allowed is None or p.id in allowed}
        lists.append(ranked([ScoredChunk(i, s) for i, s in scores.items()]))
    fused = fuse(fusion, lists, [subquery.weight for subquery in subqueries])
    fused_ids = {p.id for p in fused}
    rest = (ScoredChunk(i, 0.0) for i in sorted(constraints.looked_up - fused_ids))
    return SearchResult(tuple(lists), (*ranked(fused), *rest))
