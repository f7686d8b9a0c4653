"""What processes that died left half done, finished before the next one writes."""

from __future__ import annotations

from octavo.index.commit import delete_document, drop_source
from octavo.index.ledger import settle_failures
from octavo.index.originals import Originals
from octavo.index.store import Store, StoredDocument


def settle(store: Store, originals: Originals, alone: bool = True) -> None:
    """Finishes what a process that died left half done: chunks that were never committed, an update
    that was committed before the version it replaces was deleted, deletions, and originals that
    were never committed. The last two only where no other process (`alone`) can be about to commit
    the document that names them. For who is about to write to a store that proved to be whole."""
    store.settle()
    if alone:
        for document in originals.deleted():
            if store.find(document) is not None:
                delete_document(store, originals, document)
    newest: dict[str, StoredDocument] = {}
    for stored in sorted(store.documents(), key=lambda s: s.serial):
        for source in stored.sources:
            if source in newest:
                # Read again: it may have lost another source a moment ago.
                older = store.find(newest[source].document.id, fresh=True)
                if older is not None:
                    drop_source(store, originals, older, source)
            newest[source] = stored
    settle_failures(store)
    if alone:
        recorded = originals.committed()
        for stored in store.documents():
            # Of an earlier version, or the process died in between.
            if stored.document.id not in recorded:
                originals.write_record(stored)
        # The original of a document whose rewriting was cut off is all that is left of it.
        failed = {f.document for f in store.failures() if f.kept}
        originals.sweep({s.document.id for s in store.documents()} | failed)
