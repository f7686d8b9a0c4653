"""Records of an embedded index: which documents are committed, which sources failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qdrant_edge as qe

from octavo.index.store import Failure, StoredDocument, StoreError, by_name
from octavo.index.stores.payload import (
    DOCUMENT_KIND,
    FAILURE_KIND,
    commit_id,
    document_payload,
    failure_from,
    failure_id,
    failure_payload,
    stored_from,
)
from octavo.index.stores.qdrant_edge_shard import Shard
from octavo.index.stores.qdrant_edge_types import any_of, equals, match


class EdgeRecords:
    """Read once, then kept in memory and in the shard. `hidden` are documents with chunks but
    without a commit record."""

    def __init__(self, shard: Shard, path: Path) -> None:
        """Raises StoreError for a record that cannot be read."""
        self._shard = shard
        self._documents: dict[str, StoredDocument] = {}
        self._failures: dict[str, Failure] = {}  # by source
        try:
            for record in shard.scroll(match("kind", DOCUMENT_KIND)):
                stored = stored_from(record.payload)
                self._documents[stored.document.id] = stored
            for record in shard.scroll(match("kind", FAILURE_KIND)):
                failure = failure_from(record.payload)
                self._failures[failure.source] = failure
            self.hidden = self._chunks_without_record()
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"the index at {path} has a damaged record: {error!r}") from error

    def __contains__(self, document: str) -> bool:
        """Whether it is committed."""
        return document in self._documents

    def documents(self) -> list[StoredDocument]:
        return sorted(self._documents.values(), key=lambda s: (s.document.name, s.document.source))

    def find(self, document: str) -> StoredDocument | None:
        return self._documents.get(document)

    def chunks(self) -> int:
        """Chunks that were committed."""
        return sum(s.chunks for s in list(self._documents.values()))

    def commit(self, stored: StoredDocument) -> None:
        self._shard.upsert_record(commit_id(stored.document.id), document_payload(stored))
        self._documents[stored.document.id] = stored
        self.hidden.discard(stored.document.id)

    def delete(self, document: str) -> None:
        self.hidden.add(document)  # from the first moment on
        self._documents.pop(document, None)
        self._shard.delete([commit_id(document)])

    def failures(self) -> list[Failure]:
        return by_name(self._failures.values())

    def record_failure(self, failure: Failure) -> None:
        self._shard.upsert_record(failure_id(failure.source), failure_payload(failure))
        self._failures[failure.source] = failure

    def forget_failure(self, source: str) -> None:
        if self._failures.pop(source, None) is not None:
            self._shard.delete([failure_id(source)])

    def __len__(self) -> int:
        """Points that the records are."""
        return len(self._documents) + len(self._failures)

    def uncommitted(self) -> qe.Filter:
        """What a run that died left behind: chunks without a commit record."""
        known: list[Any] = [equals("kind", FAILURE_KIND)]
        if self._documents:
            known.append(any_of("document", tuple(self._documents)))
        return qe.Filter(must_not=known)

    def _chunks_without_record(self) -> set[str]:
        where = self.uncommitted()
        if not self._shard.count(where):
            return set()
        return {record.payload["document"] for record in self._shard.scroll(where)}
