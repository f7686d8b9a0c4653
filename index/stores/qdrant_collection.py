"""A Qdrant collection with our schema: made where it is missing, checked, read and written."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from qdrant_client import QdrantClient
from qdrant_client import models as qm

from octavo.index.store import Sizes, StoreError
from octavo.index.stores.qdrant_connection import Remote
from octavo.index.stores.qdrant_server_types import INDEXES, SPARSE_PARAMS, vector_params

_PAGE = 256  # points read at a time when scrolling


class QdrantCollection:
    """One collection of a server. Every call may be repeated and raises StoreError: `what` failed,
    and what to do. Writes are there for every reader when they return."""

    def __init__(self, client: QdrantClient, name: str, remote: Remote) -> None:
        self._client = client
        self._name = name
        self._remote = remote

    def open(self, sizes: Sizes, shards: int, replicas: int) -> None:
        """Makes the collection unless it is there, and its payload indexes. Raises StoreError
        where the server does not answer, or the collection has vectors of other sizes."""
        if not self._exists():
            self._create(sizes, shards, replicas)
        self._check_sizes(sizes)
        self._index_payload()

    def upsert(self, what: str, points: list[qm.PointStruct]) -> None:
        self._remote.run(what, self._client.upsert, self._name, points, wait=True)

    def delete(self, what: str, ids: Sequence[str]) -> None:
        points = qm.PointIdsList(points=list(ids))
        self._remote.run(what, self._client.delete, self._name, points, wait=True)

    def delete_where(self, what: str, where: qm.Filter) -> None:
        points = qm.FilterSelector(filter=where)
        self._remote.run(what, self._client.delete, self._name, points, wait=True)

    def delete_payload(self, what: str, key: str, where: qm.Filter) -> None:
        """Takes `key` away from the points that satisfy `where`."""
        self._remote.run(
            what, self._client.delete_payload, self._name, [key], where, wait=True
        )  # fmt: skip

    def retrieve(self, what: str, ids: Sequence[str]) -> list[qm.Record]:
        """Points of `ids` with their payloads, those that are there, in any order."""
        return self._remote.run(
            what, self._client.retrieve, self._name, list(ids), with_payload=True
        )

    def count(self, where: qm.Filter) -> int:
        return self._remote.run(
            "counting", self._client.count, self._name, where, exact=True
        ).count  # fmt: skip

    def scroll(
        self, what: str, where: qm.Filter, page: int = _PAGE, vectors: Sequence[str] = ()
    ) -> Iterator[qm.Record]:
        """Every point that satisfies `where`, `page` read at a time, with the named vectors."""
        offset = None
        while True:
            records, offset = self._remote.run(
                what,
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

    def query(
        self, what: str, query: qm.NearestQuery, using: str, where: qm.Filter, limit: int
    ) -> list[qm.ScoredPoint]:
        return self._remote.run(
            what,
            self._client.query_points,
            self._name,
            query=query,
            using=using,
            query_filter=where,
            limit=limit,
            with_payload=False,
        ).points

    def query_batch(self, what: str, requests: list[qm.QueryRequest]) -> list[list[qm.ScoredPoint]]:
        """Points of each request."""
        answers = self._remote.run(what, self._client.query_batch_points, self._name, requests)
        return [answer.points for answer in answers]

    def close(self) -> None:
        self._client.close()

    def _exists(self) -> bool:
        return self._remote.run(
            "asking for the collection", self._client.collection_exists, self._name
        )

    def _create(self, sizes: Sizes, shards: int, replicas: int) -> None:
        try:
            self._remote.run(
                "making the collection",
                self._client.create_collection,
                self._name,
                vectors_config=vector_params(sizes),
                sparse_vectors_config=SPARSE_PARAMS,
                shard_number=shards,
                replication_factor=replicas,
            )
        except StoreError:
            if not self._exists():  # else another process made it in the meantime
                raise

    def _check_sizes(self, sizes: Sizes) -> None:
        info = self._remote.run("opening", self._client.get_collection, self._name)
        params: Any = info.config.params.vectors
        actual = {n: v.size for n, v in params.items()} if isinstance(params, dict) else {}
        other = [
            f"{n} {actual.get(n, 'missing')} instead of {v.size}"
            for n, v in vector_params(sizes).items()
            if actual.get(n) != v.size
        ]
        if other:
            raise StoreError(
                f"the collection {self._name} has vectors of other sizes: {', '.join(other)}. Use "
                "the profile that it was made with, or another collection"
            )

    def _index_payload(self) -> None:
        create = self._client.create_payload_index
        with warnings.catch_warnings():
            # Local mode has no payload indexes and says so.
            warnings.simplefilter("ignore", UserWarning)
            for key, kind in INDEXES.items():
                self._remote.run(f"indexing {key}", create, self._name, key, kind, wait=True)
