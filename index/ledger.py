"""What became of sources of which nothing could be indexed: kept until they succeed."""

from __future__ import annotations

import time
from collections.abc import Mapping

from octavo.index.commit import forget_failure
from octavo.index.originals import Originals
from octavo.index.source import Source
from octavo.index.store import Failure, Store, StoredDocument


class Ledger:
    """Writes the failures of one run of ingestion. Successes are in the documents themselves."""

    def __init__(self, store: Store, originals: Originals, settings: Mapping[str, str]) -> None:
        """`settings` are the limits under which is read."""
        self._store = store
        self._originals = originals
        self._settings = dict(settings)
        self._failed: dict[str, Failure] | None = None  # by source; read when first asked for

    def record_failure(
        self, source: Source, reason: str, document: str = "", kind: str = "", size: int = 0,
        pages: int = 0, labels: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Records that `source` failed. Raises StoreError."""
        known = self._known_failures().get(source.source)
        if known is not None and known.kept and known.document != document:
            return  # it names the original of what was indexed from there, which must not be lost
        failure = Failure(
            source.source, source.name, reason, document, kind, size, pages, source.local,
            known is not None and known.kept, round(time.time()), self._settings,
            dict(labels or {}),
        )  # fmt: skip
        self._store.record_failure(failure)
        self._known_failures()[source.source] = failure

    def record_success(self, source: Source) -> None:
        """Forgets that `source` ever failed. Raises StoreError."""
        failure = self._known_failures().pop(source.source, None)
        if failure is not None:
            forget_failure(self._store, self._originals, failure)

    def _known_failures(self) -> dict[str, Failure]:
        if self._failed is None:
            self._failed = {f.source: f for f in self._store.failures()}
        return self._failed


def rewriting_guards(stored: StoredDocument) -> list[Failure]:
    """What must be in the ledger while a document is written anew from its original: a process that
    dies then leaves no document, and with it would go every trace of its sources."""
    d = stored.document
    return [
        Failure(
            source,
            d.name,
            "reading it again was interrupted; its original is kept",
            d.id,
            stored.type,
            stored.size,
            d.pages,
            kept=True,
            time=round(time.time()),
        )
        for source in stored.sources
    ]


def settle_failures(store: Store) -> None:
    """Forgets failures that a process which died did not: their bytes are committed."""
    for failure in store.failures():
        existing = store.find(failure.document, fresh=True) if failure.document else None
        if existing is not None and failure.source in existing.sources:
            store.forget_failure(failure.source)
