"""From one store to another, vectors and all."""

from __future__ import annotations

from collections.abc import Iterator

from index.store import Store

_VECTORS = ("text", "joint", "tokens", "patches", "words")


def copy_documents(source: Store, target: Store) -> Iterator[tuple[str, int]]:
    """Copies every committed document that `target` does not have; name and chunks of each.

    A document is committed there when all its points are: a run that died is run again.
    """
    for stored in source.documents():
        document = stored.document.id
        if target.find(document, fresh=True) == stored:
            continue
        target.begin(document)
        for batch in source.points(_VECTORS, (document,)):
            target.upsert(batch)
        target.commit(stored)
        yield stored.document.name, stored.chunks
