"""How a document enters the index for good, and how it leaves it: the only two ways."""

from __future__ import annotations

from octavo.index.originals import Originals
from octavo.index.store import Store, StoredDocument


def commit_document(store: Store, blobs: Originals, stored: StoredDocument) -> None:
    """First the engine, then the record beside the original: a record without a document means
    that the engine lost it, never that the process died."""
    store.commit(stored)
    blobs.record(stored)


def delete_document(store: Store, blobs: Originals, document: str) -> None:
    """First it is noted that this is wanted: what is left when the process dies may be removed."""
    blobs.mark_deleted(document)
    store.delete(document)
    blobs.delete(document)
