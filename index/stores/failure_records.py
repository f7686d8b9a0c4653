"""Records of failed sources in a Qdrant collection."""

from __future__ import annotations

from collections.abc import Iterable

from qdrant_client import QdrantClient
from qdrant_client import models as qm

from octavo.index.store import Failure, by_name
from octavo.index.stores.payload import FAILURE_KIND, failure_from, failure_id, failure_payload
from octavo.index.stores.qdrant_connection import Remote
from octavo.index.stores.qdrant_server_types import equals, record_point

FAILED = qm.Filter(must=[equals("kind", FAILURE_KIND)])


class FailureRecords:
    """Those of one collection. Every process writes the same record of the same source."""

    def __init__(self, client: QdrantClient, collection: str, remote: Remote) -> None:
        self._client = client
        self._collection = collection
        self._remote = remote

    def put(self, failure: Failure) -> None:
        record = record_point(failure_id(failure.source), failure_payload(failure))
        self._remote.run(
            "recording a failure", self._client.upsert, self._collection, [record], wait=True
        )

    def drop(self, source: str) -> None:
        self._remote.run(
            "removing the record of a failure",
            self._client.delete,
            self._collection,
            qm.PointIdsList(points=[failure_id(source)]),
            wait=True,
        )

    @staticmethod
    def of(records: Iterable[qm.Record]) -> list[Failure]:
        """Failures of records that match `FAILED`, by name."""
        return by_name(failure_from(r.payload or {}) for r in records)
