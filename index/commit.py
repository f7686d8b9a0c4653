"""How a document enters the index for good, and how it leaves it: the only two ways."""

from __future__ import annotations

import os
from dataclasses import replace

from octavo.index.originals import Originals
from octavo.index.store import Failure, Store, StoredDocument


def commit_document(store: Store, originals: Originals, stored: StoredDocument) -> None:
    """First the engine, then the record beside the original: a record without a document means
    that the engine lost it, never that the process died."""
    store.commit(stored)
    originals.write_record(stored)


def delete_document(store: Store, originals: Originals, document: str) -> None:
    """First it is noted that this is wanted: what is left when the process dies may be removed."""
    originals.mark_deleted(document)
    store.delete(document)
    originals.delete(document)


def drop_source(store: Store, originals: Originals, stored: StoredDocument, source: str) -> None:
    """Forgets that a document comes from `source`; the last source takes the document along."""
    left = tuple(s for s in stored.sources if s != source)
    if left:
        name = os.path.basename(left[0]) if stored.document.source == source else ""
        document = replace(stored.document, source=left[0], name=name) if name else stored.document
        commit_document(store, originals, replace(stored, document=document, sources=left))
    else:
        delete_document(store, originals, stored.document.id)


def forget_failure(store: Store, originals: Originals, failure: Failure) -> None:
    """A source is no longer one that failed. The original that was kept for it goes along, unless
    a document or another failed source has it: its record would stand for a lost document."""
    unneeded = failure.kept and not _is_needed(store, failure)
    if unneeded:
        originals.mark_deleted(failure.document)
    store.forget_failure(failure.source)
    if unneeded:
        originals.delete(failure.document)


def _is_needed(store: Store, failure: Failure) -> bool:
    others = (f for f in store.failures() if f.kept and f.source != failure.source)
    return (
        any(f.document == failure.document for f in others)
        or store.find(failure.document, fresh=True) is not None
    )
