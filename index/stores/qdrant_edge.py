"""Qdrant Edge: Qdrant's engine inside this process, one shard directory."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
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
    by_name,
)
from octavo.index.stores.fusion import depth, fused_cut, leg_cut
from octavo.index.stores.payload import (
    DOCUMENT_KIND,
    FAILURE_KIND,
    RECORD_KINDS,
    chunk_from,
    commit_id,
    document_payload,
    failure_from,
    failure_id,
    failure_payload,
    stored_from,
)
from octavo.index.stores.qdrant_edge_log import shorten_log
from octavo.index.stores.qdrant_edge_types import (
    any_of,
    chunks_of,
    edge_config,
    edge_point,
    equals,
    hidden_of,
    leg_filter,
    match,
    nearest,
    point_from,
    scored,
)
from octavo.ingest.document import Chunk, Document

_ROOM = 128 << 20  # bytes that must be free before a write; vectors grow in steps of 32 MB
#: Points between two cuts of the log, which by itself goes on growing until the shard is closed:
#: 1 GB for 2,400 pages. A cut takes a hundredth of the time that embedding so many takes.
_LOGGED = 500
_PAGE = 1000  # points read at a time when scrolling
_PAGE_MULTI = 32  # with multivectors, which come back as lists of Python floats
_KEYWORDS = ("document", "kind")


class EdgeStore:
    """Satisfies `Store` on one shard directory. One process at a time (see `octavo.index.lock`)."""

    def __init__(self, path: Path, sizes: Sizes, bits: int = 16, check: bool = True) -> None:
        """Opens the shard, or makes it with `sizes` and `bits` a number of a multivector, 16 or 4
        (an existing one keeps its own). Points of documents that were never committed are not
        found. Raises StoreError where it cannot, and with `check` where chunks of committed
        documents are gone."""
        self._path = path
        try:
            if not path.exists():
                _need_room(path.parent)
                _create(path, edge_config(sizes, bits))
            shorten_log(path)
            self._shard = qe.EdgeShard.load(str(path))
            _index_pages(self._shard)
        except StoreError:
            raise
        except BaseException as error:
            if not _is_of_the_engine(error):
                raise
            raise StoreError(f"the index at {path} cannot be opened: {error}") from error
        self._documents: dict[str, StoredDocument] = {}
        self._failures: dict[str, Failure] = {}  # by source
        self._pending: set[str] = set()
        self._names = sizes.names()
        self._turn = threading.Lock()
        self._logged = 0  # points written since the log was cut
        self._gone = False  # points were deleted since the shard was loaded
        try:
            self._load_records()
            self._hide_uncommitted(check)
        except BaseException:
            self._shard.close()
            raise

    def settle(self) -> None:
        left = self._uncommitted()
        if self._count(left):
            self._update(qe.UpdateOperation.delete_points_by_filter(left))
            self._gone = True
        self._pending.clear()

    def broken_documents(self) -> list[Document]:
        """Committed documents of which chunks are gone."""
        return [
            s.document
            for s in self.documents()
            if self._count(match("document", s.document.id)) - 1 < s.chunks
        ]

    def begin(self, document: str) -> None:
        if self._count(match("document", document)):
            self.delete(document)
        self._pending.add(document)

    def upsert(self, points: Sequence[Point]) -> None:
        rows = [edge_point(p) for p in points]
        if rows:
            _need_room(self._path)
            self._update(qe.UpdateOperation.upsert_points(rows))
            self._logged += len(rows)
            if self._logged >= _LOGGED:
                self._logged = 0
                self._flush()

    def commit(self, stored: StoredDocument) -> None:
        self._record(commit_id(stored.document.id), document_payload(stored))
        self._documents[stored.document.id] = stored
        self._pending.discard(stored.document.id)

    def delete(self, document: str) -> None:
        self._pending.add(document)  # hidden from the first moment on
        self._documents.pop(document, None)
        self._update(qe.UpdateOperation.delete_points([uuid.UUID(commit_id(document))]))
        self._update(qe.UpdateOperation.delete_points_by_filter(match("document", document)))
        self._pending.discard(document)
        self._gone = True

    def documents(self) -> list[StoredDocument]:
        return sorted(self._documents.values(), key=lambda s: (s.document.name, s.document.source))

    def find(self, document: str, fresh: bool = False) -> StoredDocument | None:
        return self._documents.get(document)

    def fail(self, failure: Failure) -> None:
        self._record(failure_id(failure.source), failure_payload(failure))
        self._failures[failure.source] = failure

    def failures(self) -> list[Failure]:
        return by_name(self._failures.values())

    def forgive(self, source: str) -> None:
        if self._failures.pop(source, None) is not None:
            self._update(qe.UpdateOperation.delete_points([uuid.UUID(failure_id(source))]))

    def count(self) -> int:
        return sum(s.chunks for s in list(self._documents.values()))

    def search(
        self, legs: Sequence[Subquery], fusion: Fusion, limit: int, where: Filter
    ) -> SearchResult:
        if not legs:
            return SearchResult((), ())
        prefetches, queries = [], []
        hidden = tuple(self._pending)
        for leg in legs:
            query, only, params = nearest(leg), leg_filter(where, leg, hidden), self._params(leg)
            n = depth(leg)
            prefetches.append(qe.Prefetch(limit=n, query=query, filter=only, params=params))
            queries.append(qe.QueryRequest(limit=n, query=query, filter=only, params=params))
        weights = [leg.weight for leg in legs]
        how: Any = qe.Fusion.Rrf(k=RRF_K, weights=weights) if fusion == "rrf" else qe.Fusion.Dbsf()
        every = sum(depth(leg) for leg in legs)
        queries.append(qe.QueryRequest(limit=every, prefetches=prefetches, query=how))
        *each, fused = self._ask(self._shard.query_batch, qe.QueryBatchRequest(queries))
        kept = tuple(leg_cut(leg, scored(points)) for leg, points in zip(legs, each, strict=True))
        return SearchResult(kept, fused_cut(kept, scored(fused), limit))

    def maxsim(
        self, tokens: Matrix, ids: Collection[str], using: MultiVectorName = "tokens"
    ) -> list[ScoredChunk]:
        if not ids:
            return []
        wanted = qe.Filter(
            must=[qe.HasIdCondition({uuid.UUID(i) for i in ids})], must_not=hidden_of(self._pending)
        )
        points = self._ask(
            self._shard.query,
            qe.QueryRequest(
                limit=len(ids),
                query=qe.Query.Nearest(tokens.tolist(), using),
                filter=wanted,
                params=qe.SearchParams(exact=True),
            ),
        )
        return list(scored(points))

    def points(
        self, vectors: Collection[str], documents: Collection[str] = ()
    ) -> Iterator[list[Point]]:
        names = sorted(self._names & set(vectors))
        page = _PAGE_MULTI if {"tokens", "patches"} & set(names) else _PAGE
        records = self._scroll(
            chunks_of(documents, tuple(self._pending)), page, sorted(self._names & set(vectors))
        )
        while batch := [point_from(r) for r in islice(records, page)]:
            yield batch

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        records = self._shard.retrieve([uuid.UUID(i) for i in ids], True, False)
        found = {str(r.id): r.payload or {} for r in records}
        return [
            chunk_from(i, payload)
            for i in ids
            if (payload := found.get(i))
            and payload["kind"] not in RECORD_KINDS
            and payload["document"] in self._documents
        ]

    def page_chunks(self, document: str, page: int) -> list[Chunk]:
        both = qe.Filter(
            must=[equals("document", document), equals("page", page)],
            must_not=hidden_of(self._pending),
        )
        chunks = [chunk_from(str(r.id), r.payload) for r in self._scroll(both)]
        return sorted(chunks, key=lambda c: (c.kind, c.ordinal))

    def close(self) -> None:
        self._shard.flush()
        self._shard.close()

    def _params(self, leg: Subquery) -> qe.SearchParams | None:
        """The engine's IDF goes on counting deleted points until the shard is loaded again, and
        counts uncommitted ones: where there are any, it is told to count what search can see."""
        if leg.using != "words" or not (self._gone or self._pending):
            return None
        return qe.SearchParams(idf=qe.IdfParams(corpus=chunks_of((), tuple(self._pending))))

    def _scroll(
        self, where: qe.Filter | None, page: int = _PAGE, vectors: Sequence[str] = ()
    ) -> Iterator[Any]:
        offset = None
        while True:
            request = qe.ScrollRequest(
                offset=offset,
                limit=page,
                filter=where,
                with_payload=True,
                with_vector=list(vectors) or False,
            )
            records, offset = self._ask(self._shard.scroll, request)
            yield from records
            if offset is None:
                return

    def _record(self, identity: str, payload: dict[str, Any]) -> None:
        """Writes a point without vectors."""
        _need_room(self._path)
        point = qe.Point(uuid.UUID(identity), {}, payload)
        self._update(qe.UpdateOperation.upsert_points([point]))

    def _load_records(self) -> None:
        try:
            for record in self._scroll(match("kind", DOCUMENT_KIND)):
                stored = stored_from(record.payload)
                self._documents[stored.document.id] = stored
            for record in self._scroll(match("kind", FAILURE_KIND)):
                failure = failure_from(record.payload)
                self._failures[failure.source] = failure
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(
                f"the index at {self._path} has a damaged record: {error!r}"
            ) from error

    def _uncommitted(self) -> qe.Filter:
        """What a run that died left behind: chunks without a commit record."""
        known: list[Any] = [equals("kind", FAILURE_KIND)]
        if self._documents:
            known.append(any_of("document", tuple(self._documents)))
        return qe.Filter(must_not=known)

    def _hide_uncommitted(self, check: bool) -> None:
        """They stay until somebody writes. Raises StoreError where chunks of documents are gone."""
        left = self._uncommitted()
        there, hidden = self._count(None), self._count(left)
        if hidden:
            self._pending.update(r.payload["document"] for r in self._scroll(left))
        chunks = there - hidden - len(self._documents) - len(self._failures)
        if check and chunks < self.count():
            raise StoreError(
                f"the index at {self._path} has {chunks} chunks of {len(self._documents)} "
                f"documents; {self.count()} were committed"
            )

    def _count(self, where: qe.Filter | None) -> int:
        return int(self._shard.count(qe.CountRequest(exact=True, filter=where)))

    def _ask(self, call: Callable[[Any], Any], request: Any) -> Any:
        # The engine holds the interpreter's lock while it searches. Threads that queue here, not
        # there, leave it to those that work: 64 at a time get a third more done.
        try:
            with self._turn:
                return call(request)
        except Exception as error:
            raise StoreError(f"the index could not be searched: {error}") from error

    def _flush(self) -> None:
        try:
            self._shard.flush()
        except Exception as error:
            raise StoreError(f"the index could not be written: {error}") from error

    def _update(self, operation: Any) -> None:
        try:
            self._shard.update(operation)
        except Exception as error:
            raise StoreError(f"the index could not be written: {error}") from error


def _is_of_the_engine(error: BaseException) -> bool:
    """A damaged file may make the engine panic, which Python is told by an exception of a type
    that is no `Exception` and cannot be imported."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _need_room(directory: Path) -> None:
    """The engine writes through memory maps: on a full disk the kernel kills the process (SIGBUS)
    before anything can be said, so what a batch may need is asked for before."""
    free = shutil.disk_usage(directory).free
    if free < _ROOM:
        raise StoreError(
            f"the disk of {directory} has {free >> 20} MB free; at least {_ROOM >> 20} MB are "
            "needed to write. What was committed stays; make room and run the same again"
        )


def _index_pages(shard: qe.EdgeShard) -> None:
    """Without it a question that names a page reads every payload: 150 ms of 9,900 chunks, not 3.
    Also of older shards: 0.5 s once, and nothing where it is there."""
    shard.update(qe.UpdateOperation.create_field_index("page", qe.PayloadSchemaType.Integer))


def _create(path: Path, config: qe.EdgeConfig) -> None:
    """Made aside and renamed: a process that dies leaves a whole shard or none."""
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    qe.EdgeShard.create(str(part), config).close()
    shutil.rmtree(part / "wal")  # nothing is in it yet, and it is as long as ever
    shorten_log(part)
    shard = qe.EdgeShard.load(str(part))
    for key in _KEYWORDS:
        shard.update(qe.UpdateOperation.create_field_index(key, qe.PayloadSchemaType.Keyword))
    shard.flush()
    shard.close()
    part.rename(path)
