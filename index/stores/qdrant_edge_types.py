"""Schema, points and filters of the store contract in Qdrant Edge's own classes, and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import qdrant_edge as qe

from octavo.index.store import Filter, Point, ScoredChunk, Sizes, Sparse, Subquery, ranked
from octavo.index.stores.payload import RECORD_KINDS, chunk_payload, point_of
from octavo.ingest.document import DocumentError


def edge_config(sizes: Sizes, bits: int = 16) -> qe.EdgeConfig:
    """Named vectors of the given sizes, float16; dot products, because texts are unit vectors by
    contract and the text side of a joint vector may be shorter than 1.

    `bits` a number of a multivector: 16, or 4 (TurboQuant, Zandieh et al. 2025). They are nine
    tenths of an index, and only rescore: with 4 bits nDCG@10 on SciFact was .7410 instead of .7399,
    on mmlong .5650 instead of .5654, and the index 0.4 times as large.
    """
    half, dot = qe.VectorStorageDatatype.Float16, qe.Distance.Dot
    # The engine has it; the stubs it comes with do not name it yet.
    packed = qe.VectorStorageDatatype.Turbo4 if bits == 4 else half  # type: ignore[attr-defined]
    vectors = {
        name: qe.EdgeVectorParams(size=size, distance=dot, datatype=half)
        for name, size in (("text", sizes.text), ("joint", sizes.joint))
        if size
    }
    for name, size in (("tokens", sizes.tokens), ("patches", sizes.patches)):
        if size:
            vectors[name] = qe.EdgeVectorParams(
                size=size,
                distance=dot,
                datatype=packed,
                multivector_config=qe.MultiVectorConfig(qe.MultiVectorComparator.MaxSim),
                # m=0: no graph; late interaction only rescores candidates
                hnsw_config=qe.HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=10_000),
            )
    return qe.EdgeConfig(
        vectors=vectors,
        sparse_vectors={"words": qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf)},
    )


def edge_point(point: Point) -> qe.Point:
    """Raises DocumentError for content that the engine cannot hold."""
    try:
        return qe.Point(point.chunk.id, _vectors(point), chunk_payload(point.chunk))
    except (TypeError, ValueError, OverflowError) as error:
        raise DocumentError(f"has content that cannot be stored: {error}") from error


def point_from(record: Any) -> Point:
    return point_of(str(record.id), record.payload, record.vector)


def nearest(subquery: Subquery) -> Any:
    vector = (
        _sparse(subquery.vector)
        if isinstance(subquery.vector, Sparse)
        else subquery.vector.tolist()
    )
    return qe.Query.Nearest(vector, subquery.using)


def scored(points: Sequence[Any]) -> tuple[ScoredChunk, ...]:
    return ranked([ScoredChunk(str(p.id), float(p.score)) for p in points])


def equals(key: str, value: str | int) -> qe.FieldCondition:
    return qe.FieldCondition(key, match=qe.MatchValue(value))


def any_of(key: str, values: Collection[str] | Collection[int]) -> qe.FieldCondition:
    wanted: Any = list(values)
    return qe.FieldCondition(key, match=qe.MatchAny(wanted))


def match(key: str, value: str) -> qe.Filter:
    return qe.Filter(must=[equals(key, value)])


def subquery_filter(where: Filter, subquery: Subquery, hidden: Collection[str]) -> qe.Filter | None:
    """What a subquery may find: `where`, its own kinds, and nothing of the documents `hidden`."""
    must: list[Any] = []
    if where.documents:
        must.append(any_of("document", where.documents))
    if where.pages:
        must.append(any_of("page", where.pages))
    must.extend(any_of("kind", kinds) for kinds in (where.kinds, subquery.kinds) if kinds)
    must_not = hidden_of(hidden)
    return qe.Filter(must=must or None, must_not=must_not) if must or must_not else None


def hidden_of(documents: Collection[str]) -> list[Any] | None:
    return [any_of("document", documents)] if documents else None


def chunks_of(documents: Collection[str], hidden: Collection[str]) -> qe.Filter:
    """Chunk points (of `documents`, where given) that are not `hidden`."""
    must: list[Any] | None = [any_of("document", documents)] if documents else None
    return qe.Filter(must=must, must_not=[*(hidden_of(hidden) or []), any_of("kind", RECORD_KINDS)])


def _vectors(point: Point) -> dict[str, Any]:
    vectors: dict[str, Any] = {}
    for name, vector in (("text", point.text), ("joint", point.joint)):
        if vector is not None:
            vectors[name] = vector.tolist()
    for name, rows in (("tokens", point.tokens), ("patches", point.patches)):
        if rows is not None and len(rows):
            vectors[name] = rows.tolist()
    if point.words is not None and point.words.indices:
        vectors["words"] = _sparse(point.words)
    return vectors


def _sparse(words: Sparse) -> qe.SparseVector:
    return qe.SparseVector(list(words.indices), list(words.values))
