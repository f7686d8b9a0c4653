"""A Qdrant server or cluster through qdrant-client, shared by any number of processes."""

from __future__ import annotations

import time
import uuid
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
from octavo.index.stores.failure_records import FAILED, FailureRecords
from octavo.index.stores.fusion import depth, fused_cut, half, leg_cut
from octavo.index.stores.payload import (
    DOCUMENT_KIND,
    MANIFEST_KIND,
    MARKER_KIND,
    RECORD_KINDS,
    chunk_from,
    commit_id,
    document_payload,
    stored_from,
)
from octavo.index.stores.qdrant_collection import open_collection
from octavo.index.stores.qdrant_connection import Remote
from octavo.index.stores.qdrant_server_types import (
    PENDING,
    chunks_of,
    committed,
    committed_chunks,
    equals,
    leg_filter,
    nearest,
    point_from,
    record_point,
    requests_of,
    scored,
    words_corpus,
)
from octavo.index.stores.writer_leases import WriterLease, WriterLeases
from octavo.ingest.document import Chunk

#: Seconds after which a document that is being written is taken for abandoned. Markers are renewed
#: while chunks come in, so this bounds the time between two batches, not that of a document.
STALE = 3600.0
_RENEW = 60.0  # seconds between renewals
_DELETING = 60.0  # seconds left to a process to finish its deletion itself
_FRESH = 2.0  # seconds for which a commit record is believed without asking
_REMEMBERED = 4096  # commit records
_PAGE = 256  # points read at a time when scrolling
_PAGE_MULTI = 16  # with multivectors: some MB of JSON
_MANIFEST = str(uuid.UUID("b7d8a0c2-3a53-4d0f-8d0e-6f7c1d1a9e42"))


class QdrantStore:
    """Satisfies `Store`. Chunks are written `pending`, which search leaves out; `commit` writes
    the commit record and then takes the flag away. A marker tells other processes who is writing.
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
        self._client = client
        self._name = collection
        self._remote = Remote(url)
        self._stale = stale
        self._markers = WriterLeases(client, collection, self._remote)
        self._failures = FailureRecords(client, collection, self._remote)
        self._renewed: dict[str, float] = {}  # documents this process writes, time of the marker
        self._known: dict[str, tuple[float, StoredDocument]] = {}
        self._names = sizes.names()
        open_collection(client, collection, sizes, shards, replicas, self._remote)
        self._finish_commits()

    def settle(self) -> None:
        for marker in list(self._markers.find()):
            if self._is_live(marker):
                continue
            committed = marker.state == "writing" and self.find(marker.document, fresh=True)
            others = (self._is_live(m) for m in self._markers.find(marker.document))
            if not committed and not any(others):
                self._erase(marker.document)
            self._markers.remove(marker.id)

    def begin(self, document: str) -> None:
        """Where another process is writing the same document, what it wrote stays: chunks have
        the same ids and contents from every process, and each commit completes them."""
        # Marked first: one who looks at the same time sees this one, too.
        self._mark(document)
        found = list(self._markers.find(document))
        others = [m for m in found if m.state == "writing" and self._is_live(m)]
        if not others:
            self._erase(document)

    def upsert(self, points: Sequence[Point]) -> None:
        # Two processes may read the same file: where the other one was faster, its chunks, the same
        # as these, are visible already and must not be hidden again.
        documents = {p.chunk.document for p in points}
        done = {d for d in documents if self.find(d, fresh=True) is not None}
        for rows in requests_of([p for p in points if p.chunk.document not in done]):
            self._remote.run(
                "writing chunks", self._client.upsert, self._name, rows, wait=True
            )  # fmt: skip
        for document in documents - done:
            if time.monotonic() - self._renewed.get(document, -_RENEW) >= _RENEW:
                self._mark(document)

    def commit(self, stored: StoredDocument) -> None:
        """Raises StoreError where the store does not hold `stored.chunks` chunks: another process
        deleted the document meanwhile."""
        document = stored.document.id
        there = self._count(chunks_of(document))
        if there != stored.chunks:
            raise StoreError(
                f"{stored.document.name} has {there} chunks in the store, {stored.chunks} were "
                "written: another process deleted it meanwhile; ingest it again"
            )
        record = record_point(commit_id(document), document_payload(stored))
        self._remote.run("committing", self._client.upsert, self._name, [record], wait=True)
        self._show(document)
        self._markers.drop(document)
        self._renewed.pop(document, None)
        self._remember(stored)

    def delete(self, document: str) -> None:
        self._markers.put(document, "deleting")
        self._erase(document)
        self._markers.drop(document)
        self._renewed.pop(document, None)

    def documents(self) -> list[StoredDocument]:
        found = [
            stored_from(r.payload or {})
            for r in self._scroll(qm.Filter(must=[equals("kind", DOCUMENT_KIND)]))
        ]
        for stored in found:
            self._remember(stored)
        return sorted(found, key=lambda s: (s.document.name, s.document.source))

    def find(self, document: str, fresh: bool = False) -> StoredDocument | None:
        since, known = self._known.get(document, (0.0, None))
        if known and not fresh and time.monotonic() - since < _FRESH:
            return known
        records = self._remote.run(
            "reading a commit record",
            self._client.retrieve,
            self._name,
            [commit_id(document)],
            with_payload=True,
        )
        if not records:
            self._known.pop(document, None)
            return None
        return self._remember(stored_from(records[0].payload or {}))

    def fail(self, failure: Failure) -> None:
        self._failures.put(failure)

    def failures(self) -> list[Failure]:
        return self._failures.of(self._scroll(FAILED))

    def forgive(self, source: str) -> None:
        self._failures.drop(source)

    def count(self) -> int:
        return self._count(committed_chunks(()))

    def search(
        self, legs: Sequence[Subquery], fusion: Fusion, limit: int, where: Filter
    ) -> SearchResult:
        if not legs:
            return SearchResult((), ())
        prefetches, requests = [], []
        for leg in legs:
            asked: dict[str, Any] = {
                "query": nearest(leg),
                "using": leg.using,
                "filter": leg_filter(where, leg),
                "params": words_corpus(leg),
                "limit": depth(leg),
            }
            prefetches.append(qm.Prefetch(**asked))
            requests.append(qm.QueryRequest(**asked))
        weights = [leg.weight for leg in legs]
        how: qm.RrfQuery | qm.FusionQuery = (
            qm.RrfQuery(rrf=qm.Rrf(k=RRF_K, weights=weights))
            if fusion == "rrf"
            else qm.FusionQuery(fusion=qm.Fusion.DBSF)
        )
        every = sum(depth(leg) for leg in legs)
        requests.append(qm.QueryRequest(prefetch=prefetches, query=how, limit=every))
        answers = self._remote.run(
            "searching", self._client.query_batch_points, self._name, requests
        )
        *each, fused = [scored(a.points) for a in answers]
        kept = tuple(leg_cut(leg, points) for leg, points in zip(legs, each, strict=True))
        return SearchResult(kept, fused_cut(kept, fused, limit))

    def maxsim(
        self, tokens: Matrix, ids: Collection[str], using: MultiVectorName = "tokens"
    ) -> list[ScoredChunk]:
        if not ids:
            return []
        # Without `exact`, which local mode warns about: vectors without a graph are always exact.
        found = self._remote.run(
            "late interaction",
            self._client.query_points,
            self._name,
            query=qm.NearestQuery(nearest=half(tokens).tolist()),
            using=using,
            query_filter=committed(qm.HasIdCondition(has_id=list(ids))),
            limit=len(ids),
            with_payload=False,
        )
        return list(scored(found.points))

    def points(
        self, vectors: Collection[str], documents: Collection[str] = ()
    ) -> Iterator[list[Point]]:
        names = sorted(self._names & set(vectors))
        page = _PAGE_MULTI if {"tokens", "patches"} & set(names) else _PAGE
        records = self._scroll(
            committed_chunks(documents), page, sorted(self._names & set(vectors))
        )
        while batch := [point_from(r) for r in islice(records, page)]:
            yield batch

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        if not ids:
            return []
        records = self._remote.run(
            "reading chunks", self._client.retrieve, self._name, list(ids), with_payload=True
        )
        found = {str(r.id): r.payload or {} for r in records}
        return [
            chunk_from(i, payload)
            for i in ids
            if (payload := found.get(i))
            and not payload.get(PENDING)
            and payload["kind"] not in RECORD_KINDS
        ]

    def page_chunks(self, document: str, page: int) -> list[Chunk]:
        where = committed(equals("document", document), equals("page", page))
        chunks = [chunk_from(str(r.id), r.payload or {}) for r in self._scroll(where)]
        return sorted(chunks, key=lambda c: (c.kind, c.ordinal))

    def read_manifest(self) -> dict[str, Any] | None:
        """What `write_manifest` wrote, or None in a new collection."""
        records = self._remote.run(
            "reading the manifest", self._client.retrieve, self._name, [_MANIFEST]
        )
        return dict((records[0].payload or {})["manifest"]) if records else None

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        """Replaces the manifest. `manifest` is JSON-like."""
        row = record_point(_MANIFEST, {"kind": MANIFEST_KIND, "manifest": manifest})
        self._remote.run("writing the manifest", self._client.upsert, self._name, [row], wait=True)

    def close(self) -> None:
        self._client.close()

    def _finish_commits(self) -> None:
        """Where the commit record is there and its writer gone, only the flags are missing. Taking
        them away twice does no harm."""
        for marker in list(self._markers.find()):
            if marker.state == "writing" and self.find(marker.document, fresh=True):
                self._show(marker.document)

    def _is_live(self, marker: WriterLease) -> bool:
        """Whether another process may still be at it."""
        limit = self._stale if marker.state == "writing" else min(_DELETING, self._stale)
        return marker.owner != self._markers.owner and marker.age() < limit

    def _mark(self, document: str) -> None:
        self._markers.put(document, "writing")
        self._renewed[document] = time.monotonic()

    def _show(self, document: str) -> None:
        self._remote.run(
            "showing a document",
            self._client.delete_payload,
            self._name,
            [PENDING],
            qm.Filter(must=[equals("document", document), equals(PENDING, True)]),
            wait=True,
        )

    def _erase(self, document: str) -> None:
        """Commit record and chunks in one operation: search never sees the one without the
        other for longer than the server takes."""
        self._known.pop(document, None)
        everything = qm.Filter(
            must=[equals("document", document)], must_not=[equals("kind", MARKER_KIND)]
        )
        self._remote.run(
            "deleting a document",
            self._client.delete,
            self._name,
            qm.FilterSelector(filter=everything),
            wait=True,
        )

    def _remember(self, stored: StoredDocument) -> StoredDocument:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[stored.document.id] = (time.monotonic(), stored)
        return stored

    def _count(self, where: qm.Filter) -> int:
        return self._remote.run(
            "counting", self._client.count, self._name, where, exact=True
        ).count  # fmt: skip

    def _scroll(
        self, where: qm.Filter, page: int = _PAGE, vectors: Sequence[str] = ()
    ) -> Iterator[qm.Record]:
        offset = None
        while True:
            records, offset = self._remote.run(
                "reading",
                self._client.scroll,
                self._name,
                scroll_filter=where,
                limit=page,
                offset=offset,
                with_payload=True,
                with_vectors=list(vectors) or False,
            )
            yield from records
            if offset is None:
                return
