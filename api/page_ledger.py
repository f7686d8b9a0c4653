"""What an index knows of documents and failed sources: found by name, told, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.api.document_filter import select
from octavo.api.library.where import Where
from octavo.api.naming import LedgerEntry, find_document, find_entry
from octavo.api.schemas.ledger import (
    CacheOut,
    LedgerOut,
    StatusOut,
    document_out,
    failure_out,
    status_out,
)
from octavo.api.schemas.results import DeleteOut
from octavo.index.commit import delete_document, forget_failure
from octavo.index.originals import Originals
from octavo.index.source import container_of
from octavo.index.store import Failure, Store, StoredDocument


@dataclass(frozen=True, slots=True)
class PageLedger:
    """Of one open index. What writes is called by one thread at a time.

    A name is a file name, a source, an id or the beginning of one; NotFoundError is raised for one
    that nothing has, AmbiguousError for one that several have.
    """

    store: Store
    originals: Originals

    def status(
        self, index: str, profile: str, cache: CacheOut, where: Where | None = None
    ) -> StatusOut:
        """Every document and every failed source, with totals; with `where` only the documents
        that meet it. Raises ValueError for a condition that is none."""
        documents = self.store.documents()
        if where is not None:
            return status_out(index, profile, select(where, documents), [], cache)
        return status_out(index, profile, documents, self.store.failures(), cache)

    def entry(self, name: str) -> LedgerOut:
        """What there is of a name."""
        entry = self._entry(name)
        return LedgerOut(
            documents=[document_out(entry.document)] if entry.document else [],
            failed=[failure_out(f) for f in entry.failures],
        )

    def documents(self, names: Sequence[str]) -> list[StoredDocument]:
        """The document of each name."""
        every = self.store.documents() if names else []
        return [find_document(name, every) for name in names]

    def select(self, names: Sequence[str]) -> tuple[list[StoredDocument], list[Failure]]:
        """Documents and failed sources of `names`, each once; all where none are given."""
        if not names:
            return self.store.documents(), self.store.failures()
        entries = [self._entry(n) for n in names]
        documents = {e.document.document.id: e.document for e in entries if e.document}
        failures = {f.source: f for e in entries for f in e.failures}
        return list(documents.values()), list(failures.values())

    def delete(self, name: str) -> DeleteOut:
        """Removes the document of that name, and forgets that such a source, or one of its own,
        failed."""
        entry = self._entry(name)
        gone = [
            s for s in self.store.documents() if s == entry.document or _is_attached(*s.sources)
        ]
        forgotten = [
            f for f in self.store.failures() if f in entry.failures or _is_attached(f.source)
        ]
        if entry.document:
            delete_document(self.store, self.originals, entry.document.document.id)
        for failure in entry.failures:
            forget_failure(self.store, self.originals, failure)
        left = {s.document.id for s in self.store.documents()}
        failed = {f.source for f in self.store.failures()}
        return DeleteOut(  # with the attachments that went along
            deleted=[document_out(s) for s in gone if s.document.id not in left],
            forgotten=[failure_out(f) for f in forgotten if f.source not in failed],
        )

    def keep_failures(self, failures: Sequence[Failure]) -> None:
        """Takes over what another index knows of failed sources, unless they are here by now."""
        there = {source for s in self.store.documents() for source in s.sources}
        for failure in failures:
            if failure.source not in there:
                self.store.record_failure(failure)

    def _entry(self, name: str) -> LedgerEntry:
        return find_entry(name, self.store.documents(), self.store.failures())


def _is_attached(*sources: str) -> bool:
    return any(map(container_of, sources))
