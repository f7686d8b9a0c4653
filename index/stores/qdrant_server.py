"""A Qdrant server or cluster through qdrant-client, shared by any number of processes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from qdrant_client import QdrantClient
from qdrant_client import models as qm

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
from octavo.index.stores.fusion import cut_fused, cut_subquery, fetch_limit, to_float16
from octavo.index.stores.payload import LEASE_KIND, RECORD_KINDS, chunk_from
from octavo.index.stores.qdrant_collection import QdrantCollection
from octavo.index.stores.qdrant_connection import Remote
from octavo.index.stores.qdrant_server_records import (
    CommitRecords,
    FailureRecords,
    read_manifest_record,
    write_manifest_record,
)
from octavo.index.stores.qdrant_server_types import (
    PENDING,
    chunks_of,
    committed,
    committed_chunks,
    equals,
    nearest,
    point_from,
    requests_of,
    scored,
    subquery_filter,
    words_corpus,
)
from octavo.index.stores.writer_leases import STALE, WriterLeases
from octavo.ingest.document import Chunk

_PAGE = 256  # points read at a time when scrolling
_PAGE_MULTI = 16  # with multivectors: some MB of JSON


class QdrantStore:
    """Satisfies `Store`. Chunks are written `pending`, which search leaves out; `commit` writes
    the commit record and then takes the flag away. A lease tells other processes who is
    writing.
    """

    def __init__(
        self,
        client: QdrantClient,
        collection: str,
        sizes: Sizes,
        shards: int = 1,
        replicas: int = 1,
        url: str = "(local)",
        stale: float = STALE,
    ) -> None:
        """Opens the collection, or makes it with `shards` and `replicas`.

        `url` is for messages. Commits that were cut short are finished; documents that nobody has
        written on for `stale` seconds, and deletions cut short, are left to `settle`. Raises
        StoreError where the server does not answer, or the collection has vectors of other sizes.
        """
        self._collection = QdrantCollection(client, collection, Remote(url))
        self._leases = WriterLeases(self._collection, stale)
        self._commits = CommitRecords(self._collection)
        self._failures = FailureRecords(self._collection)
        self._names = sizes.names()
        self._collection.open(sizes, shards, replicas)
        self._finish_commits()

    def settle(self) -> None:
        for lease in list(self._leases.find()):
            if self._leases.is_live(lease):
                continue
            committed = lease.state == "writing" and self.find(lease.document, fresh=True)
            others = (self._leases.is_live(other) for other in self._leases.find(lease.document))
            if not committed and not any(others):
                self._erase(lease.document)
            self._leases.remove(lease.id)

    def begin(self, document: str) -> None:
        """Where another process is writing the same document, what it wrote stays: chunks have
        the same ids and contents from every process, and each commit completes them."""
        # Marked first: one who looks at the same time sees this one, too.
        self._leases.put(document, "writing")
        leases = self._leases.find(document)
        if not any(x.state == "writing" and self._leases.is_live(x) for x in list(leases)):
            self._erase(document)

    def upsert(self, points: Sequence[Point]) -> None:
        # Two processes may read the same file: where the other one was faster, its chunks, the same
        # as these, are visible already and must not be hidden again.
        documents = {p.chunk.document for p in points}
        done = {d for d in documents if self.find(d, fresh=True) is not None}
        for rows in requests_of([p for p in points if p.chunk.document not in done]):
            self._collection.upsert("writing chunks", rows)
        for document in documents - done:
            self._leases.renew(document)

    def commit(self, stored: StoredDocument) -> None:
        """Raises StoreError where the store does not hold `stored.chunks` chunks: another process
        deleted the document meanwhile."""
        document = stored.document.id
        count = self._collection.count(chunks_of(document))
        if count != stored.chunks:
            raise StoreError(
                f"{stored.document.name} has {count} chunks in the store, {stored.chunks} were "
                "written: another process deleted it meanwhile; ingest it again"
            )
        self._commits.put(stored)
        self._show(document)
        self._leases.drop(document)
        self._commits.remember(stored)

    def delete(self, document: str) -> None:
        self._leases.put(document, "deleting")
        self._erase(document)
        self._leases.drop(document)

    def documents(self) -> list[StoredDocument]:
        return self._commits.all()

    def find(self, document: str, fresh: bool = False) -> StoredDocument | None:
        return self._commits.find(document, fresh)

    def record_failure(self, failure: Failure) -> None:
        self._failures.put(failure)

    def failures(self) -> list[Failure]:
        return self._failures.all()

    def forget_failure(self, source: str) -> None:
        self._failures.remove(source)

    def count(self) -> int:
        return self._collection.count(committed_chunks(()))

    def search(
        self, subqueries: Sequence[Subquery], fusion: Fusion, limit: int, where: Filter
    ) -> SearchResult:
        if not subqueries:
            return SearchResult((), ())
        prefetches, requests = [], []
        for subquery in subqueries:
            arguments: dict[str, Any] = {
                "query": nearest(subquery),
                "using": subquery.using,
                "filter": subquery_filter(where, subquery),
                "params": words_corpus(subquery),
                "limit": fetch_limit(subquery),
            }
            prefetches.append(qm.Prefetch(**arguments))
            requests.append(qm.QueryRequest(**arguments))
        weights = [subquery.weight for subquery in subqueries]
        how: qm.RrfQuery | qm.FusionQuery = (
            qm.RrfQuery(rrf=qm.Rrf(k=RRF_K, weights=weights))
            if fusion == "rrf"
            else qm.FusionQuery(fusion=qm.Fusion.DBSF)
        )
        every = sum(fetch_limit(subquery) for subquery in subqueries)
        requests.append(qm.QueryRequest(prefetch=prefetches, query=how, limit=every))
        *each, fused = map(scored, self._collection.query_batch("searching", requests))
        kept = tuple(
            cut_subquery(subquery, points)
            for subquery, points in zip(subqueries, each, strict=True)
        )
        return SearchResult(kept, cut_fused(kept, fused, limit))

    def maxsim(
        self, tokens: Matrix, ids: Collection[str], using: MultiVectorName = "tokens"
    ) -> list[ScoredChunk]:
        if not ids:
            return []
        # Without `exact`, which local mode warns about: vectors without a graph are always exact.
        query = qm.NearestQuery(nearest=to_float16(tokens).tolist())
        where = committed(qm.HasIdCondition(has_id=list(ids)))
        return list(
            scored(self._collection.query("late interaction", query, using, where, len(ids)))
        )

    def points(
        self, vectors: Collection[str], documents: Collection[str] = ()
    ) -> Iterator[list[Point]]:
        names = sorted(self._names & set(vectors))
        page = _PAGE_MULTI if {"tokens", "patches"} & set(names) else _PAGE
        records = self._collection.scroll("reading", committed_chunks(documents), page, names)
        while batch := [point_from(r) for r in islice(records, page)]:
            yield batch

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        if not ids:
            return []
        records = self._collection.retrieve("reading chunks", ids)
        payloads = {str(r.id): r.payload or {} for r in records}
        return [
            chunk_from(i, payload)
            for i in ids
            if (payload := payloads.get(i))
            and not payload.get(PENDING)
            and payload["kind"] not in RECORD_KINDS
        ]

    def page_chunks(self, document: str, page: int) -> list[Chunk]:
        where = committed(equals("document", document), equals("page", page))
        records = self._collection.scroll("reading", where)
        chunks = [chunk_from(str(r.id), r.payload or {}) for r in records]
        return sorted(chunks, key=lambda c: (c.kind, c.ordinal))

    def read_manifest(self) -> dict[str, Any] | None:
        """What `write_manifest` wrote, or None in a new collection."""
        return read_manifest_record(self._collection)

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replaces the manifest. `manifest` is JSON-like."""
        write_manifest_record(self._collection, manifest)

    def close(self) -> None:
        self._collection.close()

    def _finish_commits(self) -> None:
        """Where the commit record is there and its writer gone, only the flags are missing. Taking
        them away twice does no harm."""
        for lease in list(self._leases.find()):
            if lease.state == "writing" and self.find(lease.document, fresh=True):
                self._show(lease.document)

    def _show(self, document: str) -> None:
        where = qm.Filter(must=[equals("document", document), equals(PENDING, True)])
        self._collection.delete_payload("showing a document", PENDING, where)

    def _erase(self, document: str) -> None:
        """Commit record and chunks in one operation: search never sees the one without the
        other for longer than the server takes."""
        self._commits.forget(document)
        everything = qm.Filter(
            must=[equals("document", document)], must_not=[equals("kind", LEASE_KIND)]
        )
        self._collection.delete_where("deleting a document", everything)
