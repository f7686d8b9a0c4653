"""How a document enters the index for good, and how it leaves it: the only two ways."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from octavo.index.originals import Originals
from octavo.index.source import ATTACHED, name_of
from octavo.index.store import Failure, Store, StoredDocument


def commit_document(store: Store, originals: Originals, stored: StoredDocument) -> None:
    """First the engine, then the record beside the original: a record without a document means
    that the engine lost it, never that the process died."""
    store.commit(stored)
    originals.write_record(stored)


def delete_document(store: Store, originals: Originals, document: str) -> None:
    """First it is noted that this is wanted: what is left when the process dies may be removed.
    Attachments go along, unless another version of the file has their source."""
    stored = store.find(document, fresh=True)
    originals.mark_deleted(document)
    for source in stored.sources if stored else ():
        _drop_orphans(store, originals, source, document)
    store.delete(document)
    originals.delete(document)


def drop_source(store: Store, originals: Originals, stored: StoredDocument, source: str) -> None:
    """Forgets that a document comes from `source`; the last source takes the document along."""
    left = tuple(s for s in stored.sources if s != source)
    if left:
        name = name_of(left[0]) if stored.document.source == source else ""
        document = replace(stored.document, source=left[0], name=name) if name else stored.document
        commit_document(store, originals, replace(stored, document=document, sources=left))
        _drop_orphans(store, originals, source, stored.document.id)
    else:
        delete_document(store, originals, stored.document.id)


def drop_attachments(
    store: Store, originals: Originals, source: str, keep: Collection[str] = ()
) -> None:
    """Forgets what was in the file `source`, documents and failures, but for the sources `keep`
    and what is in those."""
    gone = [s for d in store.documents() for s in d.sources if _is_dropped(s, source, keep)]
    for attached in sorted(gone, key=len, reverse=True):  # what is in an attachment goes first
        holders = (d for d in store.documents() if attached in d.sources)
        for stored in list(holders):
            drop_source(store, originals, stored, attached)
    for failure in store.failures():
        if _is_dropped(failure.source, source, keep):
            forget_failure(store, originals, failure)


def _is_dropped(attached: str, source: str, keep: Collection[str]) -> bool:
    inside = attached.removeprefix(f"{source}{ATTACHED}")
    outermost = f"{source}{ATTACHED}{inside.split(ATTACHED)[0]}"
    return inside != attached and outermost not in keep


def _drop_orphans(store: Store, originals: Originals, source: str, document: str) -> None:
    """Attachments of a file that no document but `document` comes from."""
    holders = (d for d in store.documents() if source in d.sources)
    if all(d.document.id == document for d in holders):
        drop_attachments(store, originals, source)


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
