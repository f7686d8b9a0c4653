"""Qdrant Edge: Qdrant's engine inside this process, one shard directory."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import qdrant_edge as qe

from index.encode import Matrix
from index.payload import DOCUMENT_KIND, chunk_from, chunk_payload, document_payload, stored_from
from index.store import (
    RRF_K,
    Filter,
    Found,
    Fusion,
    Leg,
    Point,
    Scored,
    Sparse,
    Stored,
    StoreError,
    ranked,
)
from ingest.document import Chunk, DocumentError

_ROOM = 128 << 20  # bytes that must be free before a write; the write-ahead log takes 32 MB steps
_SLACK = 24  # points asked for beyond a leg's depth
_PAGE = 1000  # points read at a time when scrolling
_KEYWORDS = ("document", "kind")


class EdgeStore:
    """Satisfies `Store` on one shard directory. One process at a time (see `index.lock`)."""

    def __init__(self, path: Path, text: int, joint: int, tokens: int) -> None:
        """Opens or makes the shard; sizes are vector dimensions. Points of documents that were
        never committed are removed."""
        self._path = path
        try:
            if not path.exists():
                _need_room(path.parent)
                _create(path, _config(text, joint, tokens))
            self._shard = qe.EdgeShard.load(str(path))
        except StoreError:
            raise
        except Exception as error:
            raise StoreError(f"the index at {path} cannot be opened: {error}") from error
        self._documents: dict[str, Stored] = {}
        self._pending: set[str] = set()
        self._gone = False  # points were deleted since the shard was loaded
        self._load_documents()
        self._remove_uncommitted()

    def begin(self, document: str) -> None:
        if self._shard.count(qe.CountRequest(exact=True, filter=_match("document", document))):
            self.delete(document)
        self._pending.add(document)

    def upsert(self, points: Sequence[Point]) -> None:
        try:
            rows = [qe.Point(p.chunk.id, _vectors(p), chunk_payload(p.chunk)) for p in points]
        except (TypeError, ValueError, OverflowError) as error:
            raise DocumentError(f"has content that cannot be stored: {error}") from error
        if rows:
            _need_room(self._path)
            self._update(qe.UpdateOperation.upsert_points(rows))

    def commit(self, stored: Stored) -> None:
        point = qe.Point(_commit_id(stored.document.id), {}, document_payload(stored))
        self._update(qe.UpdateOperation.upsert_points([point]))
        self._documents[stored.document.id] = stored
        self._pending.discard(stored.document.id)

    def delete(self, document: str) -> None:
        self._pending.add(document)  # hidden from the first moment on
        self._documents.pop(document, None)
        self._update(qe.UpdateOperation.delete_points([_commit_id(document)]))
        self._update(qe.UpdateOperation.delete_points_by_filter(_match("document", document)))
        self._pending.discard(document)
        self._gone = True

    def documents(self) -> list[Stored]:
        return sorted(self._documents.values(), key=lambda s: (s.document.name, s.document.source))

    def find(self, document: str) -> Stored | None:
        return self._documents.get(document)

    def count(self) -> int:
        return sum(s.chunks for s in list(self._documents.values()))

    def search(self, legs: Sequence[Leg], fusion: Fusion, limit: int, where: Filter) -> Found:
        if not legs:
            return Found((), ())
        prefetches, queries = [], []
        for leg in legs:
            query, only, params = _nearest(leg), self._filter(where, leg), self._params(leg)
            # Which of two equal scores falls below a cut is left to chance in the engine, so it
            # is asked for more, and the cut is made here, by score and id.
            depth = leg.limit + _SLACK
            prefetches.append(qe.Prefetch(limit=depth, query=query, filter=only, params=params))
            queries.append(qe.QueryRequest(limit=depth, query=query, filter=only, params=params))
        weights = [leg.weight for leg in legs]
        how: Any = qe.Fusion.Rrf(k=RRF_K, weights=weights) if fusion == "rrf" else qe.Fusion.Dbsf()
        every = sum(leg.limit + _SLACK for leg in legs)
        queries.append(qe.QueryRequest(limit=every, prefetches=prefetches, query=how))
        *each, fused = self._ask(self._shard.query_batch, qe.QueryBatchRequest(queries))
        kept = tuple(_leg_scored(leg, points) for leg, points in zip(legs, each, strict=True))
        known = {p.id for points in kept for p in points}
        return Found(kept, tuple(p for p in _scored(fused) if p.id in known)[:limit])

    def maxsim(self, tokens: Matrix, ids: Collection[str]) -> list[Scored]:
        if not ids:
            return []
        wanted = qe.Filter(must=[qe.HasIdCondition({uuid.UUID(i) for i in ids})])
        points = self._ask(
            self._shard.query,
            qe.QueryRequest(
                limit=len(ids),
                query=qe.Query.Nearest(tokens.tolist(), "tokens"),
                filter=wanted,
                params=qe.SearchParams(exact=True),
            ),
        )
        return list(_scored(points))

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        records = self._shard.retrieve([uuid.UUID(i) for i in ids], True, False)
        found = {str(r.id): r.payload for r in records}
        return [chunk_from(i, payload) for i in ids if (payload := found.get(i))]

    def page_chunks(self, document: str, page: int) -> list[Chunk]:
        both = qe.Filter(must=[_equals("document", document), _equals("page", page)])
        chunks = [chunk_from(str(r.id), r.payload) for r in self._scroll(both)]
        return sorted(chunks, key=lambda c: (c.kind, c.ordinal))

    def close(self) -> None:
        self._shard.flush()
        self._shard.close()

    def _filter(self, where: Filter, leg: Leg) -> qe.Filter | None:
        must: list[Any] = []
        if where.documents:
            must.append(_any("document", where.documents))
        if where.pages:
            must.append(_any("page", where.pages))
        must.extend(_any("kind", kinds) for kinds in (where.kinds, leg.kinds) if kinds)
        hidden: list[Any] | None = (
            [_any("document", tuple(self._pending))] if self._pending else None
        )
        return qe.Filter(must=must or None, must_not=hidden) if must or hidden else None

    def _params(self, leg: Leg) -> qe.SearchParams | None:
        """The engine's IDF goes on counting deleted points until the shard is loaded again, and
        counts uncommitted ones: where there are any, it is told to count what search can see."""
        if leg.using != "words" or not (self._gone or self._pending):
            return None
        hidden: list[Any] = [_any("document", tuple(self._pending))] if self._pending else []
        seen = qe.Filter(must_not=[*hidden, _equals("kind", DOCUMENT_KIND)])
        return qe.SearchParams(idf=qe.IdfParams(corpus=seen))

    def _scroll(self, where: qe.Filter | None) -> Iterator[Any]:
        offset = None
        while True:
            request = qe.ScrollRequest(
                offset=offset, limit=_PAGE, filter=where, with_payload=True, with_vector=False
            )
            records, offset = self._shard.scroll(request)
            yield from records
            if offset is None:
                return

    def _load_documents(self) -> None:
        for record in self._scroll(_match("kind", DOCUMENT_KIND)):
            stored = stored_from(record.payload)
            self._documents[stored.document.id] = stored

    def _remove_uncommitted(self) -> None:
        """What a run that died left behind: chunks without a commit record."""
        known: list[Any] | None = (
            [_any("document", tuple(self._documents))] if self._documents else None
        )
        left = qe.Filter(must_not=known)
        if self._shard.count(qe.CountRequest(exact=True, filter=left)):
            self._update(qe.UpdateOperation.delete_points_by_filter(left))
            self._gone = True

    def _ask(self, call: Callable[[Any], Any], request: Any) -> Any:
        try:
            return call(request)
        except Exception as error:
            raise StoreError(f"the index could not be searched: {error}") from error

    def _update(self, operation: Any) -> None:
        try:
            self._shard.update(operation)
        except Exception as error:
            raise StoreError(f"the index could not be written: {error}") from error


def _need_room(directory: Path) -> None:
    """The engine writes through memory maps: on a full disk the kernel kills the process (SIGBUS)
    before anything can be said, so what a batch may need is asked for before."""
    free = shutil.disk_usage(directory).free
    if free < _ROOM:
        raise StoreError(
            f"the disk of {directory} has {free >> 20} MB free; at least {_ROOM >> 20} MB are "
            "needed to write. What was committed stays; make room and run the same again"
        )


def _create(path: Path, config: qe.EdgeConfig) -> None:
    """Made aside and renamed: a process that dies leaves a whole shard or none."""
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    shard = qe.EdgeShard.create(str(part), config)
    for key in _KEYWORDS:
        shard.update(qe.UpdateOperation.create_field_index(key, qe.PayloadSchemaType.Keyword))
    shard.flush()
    shard.close()
    part.rename(path)


def _config(text: int, joint: int, tokens: int) -> qe.EdgeConfig:
    half = qe.VectorStorageDatatype.Float16
    cosine = qe.Distance.Cosine
    return qe.EdgeConfig(
        vectors={
            "text": qe.EdgeVectorParams(size=text, distance=cosine, datatype=half),
            # Dot, not cosine: the text side of a joint vector may be shorter than 1.
            "joint": qe.EdgeVectorParams(size=joint, distance=qe.Distance.Dot, datatype=half),
            "tokens": qe.EdgeVectorParams(
                size=tokens,
                distance=qe.Distance.Dot,
                datatype=half,
                multivector_config=qe.MultiVectorConfig(qe.MultiVectorComparator.MaxSim),
                # m=0: no graph; late interaction only rescores candidates
                hnsw_config=qe.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=10_000),
            ),
        },
        sparse_vectors={"words": qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf)},
    )


def _vectors(point: Point) -> dict[str, Any]:
    vectors: dict[str, Any] = {}
    if point.text is not None:
        vectors["text"] = point.text.tolist()
    if point.joint is not None:
        vectors["joint"] = point.joint.tolist()
    if point.tokens is not None and len(point.tokens):
        vectors["tokens"] = point.tokens.tolist()
    if point.words is not None and point.words.indices:
        vectors["words"] = _sparse(point.words)
    return vectors


def _sparse(words: Sparse) -> qe.SparseVector:
    return qe.SparseVector(list(words.indices), list(words.values))


def _nearest(leg: Leg) -> Any:
    vector = _sparse(leg.vector) if isinstance(leg.vector, Sparse) else leg.vector.tolist()
    return qe.Query.Nearest(vector, leg.using)


def _scored(points: Sequence[Any]) -> tuple[Scored, ...]:
    return ranked([Scored(str(p.id), float(p.score)) for p in points])


def _leg_scored(leg: Leg, points: Sequence[Any]) -> tuple[Scored, ...]:
    """The engine adds BM25 weights up in the order of storage, so that the last digits of equal
    scores differ between two indexes with the same points: they are rounded off."""
    digits = 4 if leg.using == "words" else 7
    found = [Scored(str(p.id), round(float(p.score), digits)) for p in points]
    return ranked(found)[: leg.limit]


def _commit_id(document: str) -> uuid.UUID:
    return uuid.UUID(document[:32])


def _equals(key: str, value: str | int) -> qe.FieldCondition:
    return qe.FieldCondition(key, match=qe.MatchValue(value))


def _any(key: str, values: Sequence[str] | Sequence[int]) -> qe.FieldCondition:
    wanted: Any = list(values)
    return qe.FieldCondition(key, match=qe.MatchAny(wanted))


def _match(key: str, value: str) -> qe.Filter:
    return qe.Filter(must=[_equals(key, value)])


def stored_documents(path: Path) -> list[Stored]:
    """Commit records of a shard, whatever models it was written with."""
    store = EdgeStore(path, 1, 1, 1)
    try:
        return store.documents()
    finally:
        store.close()
