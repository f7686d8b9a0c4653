"""Where the bytes of a document come from, changed without reading them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from octavo.api.schemas.folders import SourceChange, SourcesOut
from octavo.index.commit import commit_document, delete_document, drop_source, forget_failure
from octavo.index.describe import next_serial
from octavo.index.originals import Originals
from octavo.index.source import name_of
from octavo.index.store import Store, StoredDocument


def change_sources(
    store: Store, originals: Originals, changes: Sequence[SourceChange]
) -> SourcesOut:
    """Makes the changes, one commit each. What another document had from an added source is a
    version that was replaced, and goes. Raises StoreError where the store cannot be written."""
    outcome = SourcesOut(changed=[], removed=[])
    documents = store.documents()
    serial = next_serial(documents)
    holders = {source: s.document.id for s in documents for source in s.sources}
    for change in changes:
        stored = store.find(change.document, fresh=True) if change.document else None
        if stored is not None:
            replaced = [holders.get(source) for source in change.add]
            _change(store, originals, stored, change, serial, outcome)
            serial += 1
            for source, other in zip(change.add, replaced, strict=True):
                _take_from(store, originals, other, source, stored.document.id, outcome)
            holders |= dict.fromkeys(change.add, stored.document.id)
    _forget(store, originals, {s for c in changes for s in (*c.add, *c.drop)})
    return outcome


def _change(
    store: Store,
    originals: Originals,
    stored: StoredDocument,
    change: SourceChange,
    serial: int,
    outcome: SourcesOut,
) -> None:
    kept = [s for s in stored.sources if s not in change.drop]
    sources = tuple(dict.fromkeys((*kept, *change.add)))
    if not sources:
        delete_document(store, originals, stored.document.id)
        outcome.removed.append(stored.document.id)
        return
    document = stored.document
    if document.source not in sources:
        source = (change.add or kept)[0]
        was_named_by_it = document.name == name_of(document.source)
        name = name_of(source) if was_named_by_it else document.name
        document = replace(document, source=source, name=name)
    # The later of two documents with one source is the one that counts, should this process die.
    new_serial = serial if change.add else stored.serial
    new = replace(stored, document=document, sources=sources, serial=new_serial)
    if new != stored:
        commit_document(store, originals, new)
        outcome.changed.append(document.id)


def _take_from(
    store: Store,
    originals: Originals,
    other: str | None,
    source: str,
    document: str,
    outcome: SourcesOut,
) -> None:
    stored = store.find(other, fresh=True) if other and other != document else None
    if stored is None or source not in stored.sources:
        return
    drop_source(store, originals, stored, source)
    (outcome.changed if len(stored.sources) > 1 else outcome.removed).append(stored.document.id)


def _forget(store: Store, originals: Originals, sources: set[str]) -> None:
    """That these failed; unless the original that was kept is all that is left of a document."""
    for failure in store.failures():
        if failure.source in sources and not failure.kept:
            forget_failure(store, originals, failure)
