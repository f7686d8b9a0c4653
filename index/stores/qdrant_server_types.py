"""Schema, points and filters of the store contract in qdrant-client's classes, and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from qdrant_client import models as qm

from octavo.index.store import Filter, Point, ScoredChunk, Sizes, Sparse, Subquery, ranked
from octavo.index.stores.fusion import to_float16
from octavo.index.stores.payload import RECORD_KINDS, chunk_payload, point_of
from octavo.ingest.document import DocumentError

PENDING = "pending"
INDEXES = {
    "document": qm.PayloadSchemaType.KEYWORD,
    "kind": qm.PayloadSchemaType.KEYWORD,
    "page": qm.PayloadSchemaType.INTEGER,
    PENDING: qm.PayloadSchemaType.BOOL,
}
#: Numbers in one request: about 20 bytes each as JSON, and a server takes 32 MB.
_NUMBERS = 400_000


def vector_params(sizes: Sizes) -> dict[str, qm.VectorParams]:
    """As the embedded schema: float16, dot products; multivectors with MaxSim and no graph."""
    half_, dot = qm.Datatype.FLOAT16, qm.Distance.DOT
    params = {
        name: qm.VectorParams(size=size, distance=dot, datatype=half_)
        for name, size in (("text", sizes.text), ("joint", sizes.joint))
        if size
    }
    for name, size in (("tokens", sizes.tokens), ("patches", sizes.patches)):
        if size:
            params[name] = qm.VectorParams(
                size=size,
                distance=dot,
                datatype=half_,
                multivector_config=qm.MultiVectorConfig(
                    comparator=qm.MultiVectorComparator.MAX_SIM
                ),
                hnsw_config=qm.HnswConfigDiff(m=0),
            )
    return params


SPARSE_PARAMS = {"words": qm.SparseVectorParams(modifier=qm.Modifier.IDF)}


def pending_point(point: Point) -> qm.PointStruct:
    """A chunk that search leaves out. Raises DocumentError for content that JSON cannot hold."""
    payload = {**chunk_payload(point.chunk), PENDING: True}
    try:
        json.dumps(payload, allow_nan=False, ensure_ascii=False).encode("utf-8")
        return qm.PointStruct(id=point.chunk.id, vector=_vectors(point), payload=payload)
    except (TypeError, ValueError, OverflowError) as error:
        raise DocumentError(f"has content that cannot be stored: {error}") from error


def record_point(identity: str, payload: dict[str, Any]) -> qm.PointStruct:
    """A point without vectors."""
    return qm.PointStruct(id=identity, vector={}, payload=payload)


def requests_of(points: Sequence[Point]) -> Iterator[list[qm.PointStruct]]:
    """Points in groups that a server takes in one request."""
    rows, numbers = list[qm.PointStruct](), 0
    for point in points:
        size = sum(
            int(v.size) for v in (point.text, point.joint, point.tokens, point.patches)
            if v is not None
        )  # fmt: skip
        if rows and numbers + size > _NUMBERS:
            yield rows
            rows, numbers = [], 0
        rows.append(pending_point(point))
        numbers += size
    if rows:
        yield rows


def point_from(record: qm.Record) -> Point:
    return point_of(str(record.id), record.payload, record.vector)


def nearest(subquery: Subquery) -> qm.NearestQuery:
    if isinstance(subquery.vector, Sparse):
        return qm.NearestQuery(nearest=_sparse(subquery.vector))
    return qm.NearestQuery(nearest=to_float16(subquery.vector).tolist())


def scored(points: Sequence[qm.ScoredPoint]) -> tuple[ScoredChunk, ...]:
    return ranked([ScoredChunk(str(p.id), float(p.score)) for p in points])


def equals(key: str, value: str | int | bool) -> qm.FieldCondition:
    return qm.FieldCondition(key=key, match=qm.MatchValue(value=value))


def any_of(key: str, values: Collection[str] | Collection[int]) -> qm.FieldCondition:
    wanted: Any = list(values)
    return qm.FieldCondition(key=key, match=qm.MatchAny(any=wanted))


def committed(*must: Any) -> qm.Filter:
    """Points that are not pending and satisfy `must`."""
    return qm.Filter(must=list(must) or None, must_not=[equals(PENDING, True)])


def subquery_filter(where: Filter, subquery: Subquery) -> qm.Filter:
    must: list[Any] = []
    if where.documents:
        must.append(any_of("document", where.documents))
    if where.pages:
        must.append(any_of("page", where.pages))
    must.extend(any_of("kind", kinds) for kinds in (where.kinds, subquery.kinds) if kinds)
    return committed(*must)


def chunks_of(document: str) -> qm.Filter:
    """Every chunk of a document, committed or not."""
    return qm.Filter(
        must=[equals("document", document)], must_not=[any_of("kind", RECORD_KINDS)]
    )  # fmt: skip


def committed_chunks(documents: Collection[str]) -> qm.Filter:
    """Chunks that search can see (of `documents`, where given)."""
    must: list[Any] | None = [any_of("document", documents)] if documents else None
    return qm.Filter(must=must, must_not=[equals(PENDING, True), any_of("kind", RECORD_KINDS)])


def words_corpus(subquery: Subquery) -> qm.SearchParams | None:
    """IDF over what search can see: the engine's own count has pending and deleted points too."""
    if subquery.using != "words":
        return None
    return qm.SearchParams(idf=qm.IdfCorpusParams(corpus=committed()))


def _vectors(point: Point) -> dict[str, Any]:
    """Rounded here as the server would: the client's local mode keeps what it is given."""
    vectors: dict[str, Any] = {}
    for name, vector in (("text", point.text), ("joint", point.joint)):
        if vector is not None:
            vectors[name] = to_float16(vector).tolist()
    for name, rows in (("tokens", point.tokens), ("patches", point.patches)):
        if rows is not None and len(rows):
            vectors[name] = to_float16(rows).tolist()
    if point.words is not None and point.words.indices:
        vectors["words"] = _sparse(point.words)
    return vectors


def _sparse(words: Sparse) -> qm.SparseVector:
    return qm.SparseVector(indices=list(words.indices), values=list(words.values))
