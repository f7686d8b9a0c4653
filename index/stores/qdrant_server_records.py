"""Records in a Qdrant collection: committed documents, failed sources, the manifest."""

from __future__ import annotations

import time
import uuid
from typing import Any

from qdrant_client import models as qm

from octavo.index.store import Failure, StoredDocument, by_name
from octavo.index.stores.payload import (
    DOCUMENT_KIND,
    FAILURE_KIND,
    MANIFEST_KIND,
    commit_id,
    document_payload,
    failure_from,
    failure_id,
    failure_payload,
    stored_from,
)
from octavo.index.stores.qdrant_collection import QdrantCollection
from octavo.index.stores.qdrant_server_types import equals, record_point

_FRESH = 2.0  # seconds for which a commit record is believed without asking
_REMEMBERED = 4096  # commit records
_MANIFEST = str(uuid.UUID("b7d8a0c2-3a53-4d0f-8d0e-6f7c1d1a9e42"))


class CommitRecords:
    """Of the documents of one collection; what was read a moment ago is not asked for again."""

    def __init__(self, collection: QdrantCollection) -> None:
        self._collection = collection
        self._known: dict[str, tuple[float, StoredDocument]] = {}

    def put(self, stored: StoredDocument) -> None:
        record = record_point(commit_id(stored.document.id), document_payload(stored))
        self._collection.upsert("committing", [record])

    def remember(self, stored: StoredDocument) -> StoredDocument:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[stored.document.id] = (time.monotonic(), stored)
        return stored

    def forget(self, document: str) -> None:
        """The next `find` asks the server."""
        self._known.pop(document, None)

    def find(self, document: str, fresh: bool = False) -> StoredDocument | None:
        """See `Store.find`."""
        since, known = self._known.get(document, (0.0, None))
        if known and not fresh and time.monotonic() - since < _FRESH:
            return known
        records = self._collection.retrieve("reading a commit record", [commit_id(document)])
        if not records:
            self.forget(document)
            return None
        return self.remember(stored_from(records[0].payload or {}))

    def all(self) -> list[StoredDocument]:
        """By name."""
        where = qm.Filter(must=[equals("kind", DOCUMENT_KIND)])
        records = self._collection.scroll("reading", where)
        documents = [self.remember(stored_from(r.payload or {})) for r in records]
        return sorted(documents, key=lambda s: (s.document.name, s.document.source))


class FailureRecords:
    """Of the failed sources of one collection. Every process writes the same record of the same
    source."""

    def __init__(self, collection: QdrantCollection) -> None:
        self._collection = collection

    def put(self, failure: Failure) -> None:
        record = record_point(failure_id(failure.source), failure_payload(failure))
        self._collection.upsert("recording a failure", [record])

    def remove(self, source: str) -> None:
        self._collection.delete("removing the record of a failure", [failure_id(source)])

    def all(self) -> list[Failure]:
        """By name."""
        where = qm.Filter(must=[equals("kind", FAILURE_KIND)])
        return by_name(
            failure_from(r.payload or {}) for r in self._collection.scroll("reading", where)
        )


def read_manifest_record(collection: QdrantCollection) -> dict[str, Any] | None:
    """What `write_manifest_record` wrote, or None in a new collection."""
    records = collection.retrieve("reading the manifest", [_MANIFEST])
    return dict((records[0].payload or {})["manifest"]) if records else None


def write_manifest_record(collection: QdrantCollection, manifest: dict[str, Any]) -> None:
    """Replaces the manifest. `manifest` is JSON-like."""
    record = record_point(_MANIFEST, {"kind": MANIFEST_KIND, "manifest": manifest})
    collection.upsert("writing the manifest", [record])
