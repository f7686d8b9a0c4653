"""Qdrant Edge: Qdrant's engine inside this process, one shard directory."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import qdrant_edge as qe

from octavo.index.encoders.encoder import Matrix
from octavo.index.store import (
    RRF_K,
    Failure,
    Filter,
    Fusion,
    MultiVectorName,
    Point,
    ScoredChunk,
    SearchResult,
    Sizes,
    StoredDocument,
    StoreError,
    Subquery,
)
from octavo.index.stores.fusion import cut_fused, cut_subquery, fetch_limit
from octavo.index.stores.payload import RECORD_KINDS, chunk_from
from octavo.index.stores.qdrant_edge_records import EdgeRecords
from octavo.index.stores.qdrant_edge_shard import Shard
from octavo.index.stores.qdrant_edge_types import (
    chunks_of,
    edge_point,
    equals,
    hidden_of,
    match,
    nearest,
    point_from,
    scored,
    subquery_filter,
)
from octavo.ingest.document import Chunk

_PAGE = 1000  # points read at a time when scrolling
_PAGE_MULTI = 32  # with multivectors, which come back as lists of Python floats


class EdgeStore:
    """Satisfies `Store` on one shard directory. One process at a time (see `octavo.index.lock`)."""

    def __init__(self, path: Path, sizes: Sizes, bits: int = 16, check: bool = True) -> None:
        """Opens the shard, or makes it with `sizes` and `bits` a number of a multivector, 16 or 4
        (an existing one keeps its own). Points of documents that were never committed are not
        found. Raises StoreError where it cannot, and with `check` where chunks of committed
        documents are gone."""
        self._names = sizes.names()
        self._shard = Shard(path, sizes, bits)
        self._gone = False  # points were deleted since the shard was loaded
        try:
            self._records = EdgeRecords(self._shard, path)
            if check:
                self._check_chunks(path)
        except BaseException:
            self._shard.abandon()
            raise

    def settle(self) -> None:
        uncommitted = self._records.uncommitted()
        if self._shard.count(uncommitted):
            self._shard.delete_where(uncommitted)
            self._gone = True
        self._records.hidden.clear()

    def broken_documents(self) -> list[tuple[StoredDocument, int]]:
        """Committed documents of which chunks are gone, each with the number of those left."""
        counted = (
            (s, self._shard.count(match("document", s.document.id)) - 1) for s in self.documents()
        )
        return [(stored, chunks) for stored, chunks in counted if chunks < stored.chunks]

    def begin(self, document: str) -> None:
        if self._shard.count(match("document", document)):
            self.delete(document)
        self._records.hidden.add(document)

    def upsert(self, points: Sequence[Point]) -> None:
        if points:
            self._shard.upsert([edge_point(p) for p in points])

    def commit(self, stored: StoredDocument) -> None:
        self._records.commit(stored)

    def delete(self, document: str) -> None:
        self._records.delete(document)
        self._shard.delete_where(match("document", document))
        self._records.hidden.discard(document)
        self._gone = True

    def documents(self) -> list[StoredDocument]:
        return self._records.documents()

    def find(self, document: str, fresh: bool = False) -> StoredDocument | None:
        return self._records.find(document)

    def record_failure(self, failure: Failure) -> None:
        self._records.record_failure(failure)

    def failures(self) -> list[Failure]:
        return self._records.failures()

    def forget_failure(self, source: str) -> None:
        self._records.forget_failure(source)

    def count(self) -> int:
        return self._records.chunks()

    def search(
        self, subqueries: Sequence[Subquery], fusion: Fusion, limit: int, where: Filter
    ) -> SearchResult:
        if not subqueries:
            return SearchResult((), ())
        prefetches, queries = [], []
        hidden = tuple(self._records.hidden)
        for subquery in subqueries:
            query, only, params = (
                nearest(subquery),
                subquery_filter(where, subquery, hidden),
                self._params(subquery),
            )
            n = fetch_limit(subquery)
            prefetches.append(qe.Prefetch(limit=n, query=query, filter=only, params=params))
            queries.append(qe.QueryRequest(limit=n, query=query, filter=only, params=params))
        weights = [subquery.weight for subquery in subqueries]
        how: Any = qe.Fusion.Rrf(k=RRF_K, weights=weights) if fusion == "rrf" else qe.Fusion.Dbsf()
        every = sum(fetch_limit(subquery) for subquery in subqueries)
        queries.append(qe.QueryRequest(limit=every, prefetches=prefetches, query=how))
        *each, fused = self._shard.query_batch(queries)
        kept = tuple(
            cut_subquery(subquery, scored(points))
            for subquery, points in zip(subqueries, each, strict=True)
        )
        return SearchResult(kept, cut_fused(kept, scored(fused), limit))

    def maxsim(
        self, tokens: Matrix, ids: Collection[str], using: MultiVectorName = "tokens"
    ) -> list[ScoredChunk]:
        if not ids:
            return []
        wanted = qe.Filter(
            must=[qe.HasIdCondition({uuid.UUID(i) for i in ids})],
            must_not=hidden_of(self._records.hidden),
        )
        points = self._shard.query(
            qe.QueryRequest(
                limit=len(ids),
                query=qe.Query.Nearest(tokens.tolist(), using),
                filter=wanted,
                params=qe.SearchParams(exact=True),
            )
        )
        return list(scored(points))

    def points(
        self, vectors: Collection[str], documents: Collection[str] = ()
    ) -> Iterator[list[Point]]:
        names = sorted(self._names & set(vectors))
        page = _PAGE_MULTI if {"tokens", "patches"} & set(names) else _PAGE
        where = chunks_of(documents, tuple(self._records.hidden))
        records = self._shard.scroll(where, page, names)
        while batch := [point_from(r) for r in islice(records, page)]:
            yield batch

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        payloads = {str(r.id): r.payload or {} for r in self._shard.retrieve(ids)}
        return [
            chunk_from(i, payload)
            for i in ids
            if (payload := payloads.get(i))
            and payload["kind"] not in RECORD_KINDS
            and payload["document"] in self._records
        ]

    def page_chunks(self, document: str, page: int) -> list[Chunk]:
        both = qe.Filter(
            must=[equals("document", document), equals("page", page)],
            must_not=hidden_of(self._records.hidden),
        )
        chunks = [chunk_from(str(r.id), r.payload) for r in self._shard.scroll(both)]
        return sorted(chunks, key=lambda c: (c.kind, c.ordinal))

    def close(self) -> None:
        self._shard.close()

    def _params(self, subquery: Subquery) -> qe.SearchParams | None:
        """The engine's IDF goes on counting deleted points until the shard is loaded again, and
        counts uncommitted ones: where there are any, it is told to count what search can see."""
        if subquery.using != "words" or not (self._gone or self._records.hidden):
            return None
        return qe.SearchParams(idf=qe.IdfParams(corpus=chunks_of((), tuple(self._records.hidden))))

    def _check_chunks(self, path: Path) -> None:
        """Raises StoreError where chunks of committed documents are gone."""
        uncommitted = self._shard.count(self._records.uncommitted())
        chunks = self._shard.count() - uncommitted - len(self._records)
        if chunks < self.count():
            raise StoreError(
                f"the index at {path} has {chunks} chunks of {len(self.documents())} "
                f"documents; {self.count()} were committed"
            )
