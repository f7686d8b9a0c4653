"""How a document enters the index for good, and how it leaves it: the only two ways."""

from __future__ import annotations

from index.blobs import Blobs
from index.store import Store, Stored


def commit_document(store: Store, blobs: Blobs, stored: Stored) -> None:
    """First the engine, then the record beside the original: a record without a document means
    that the engine lost it, never that the process died."""
    store.commit(stored)
    blobs.record(stored)


def delete_document(store: Store, blobs: Blobs, document: str) -> None:
    """First it is noted that this is wanted: what is left when the process dies may be removed."""
    blobs.mark_deleted(document)
    store.delete(document)
    blobs.delete(document)
