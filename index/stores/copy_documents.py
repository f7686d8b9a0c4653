"""From one store to another, vectors and all."""

from __future__ import annotations

from collections.abc import Iterator

from octavo.index.store import Store

_VECTORS = ("text", "joint", "tokens", "patches", "words")


def copy_documents(source: Store, target: Store) -> Iterator[tuple[str, int]]:
    """Copies every committed document that `target` does not have; name and chunks of each.

    A document is committed there when all its points are: a run that died is run again. What
    `target` holds stays as it is: a document that is there, and one whose source has another
    version there already (it is taken for the newer one).
    """
    stored_there = target.documents()
    ids, sources = (
        {s.document.id for s in stored_there},
        {x for s in stored_there for x in s.sources},
    )
    for stored in source.documents():
        document = stored.document.id
        if document in ids or sources.intersection(stored.sources):
            continue
        target.begin(document)
        for batch in source.points(_VECTORS, (document,)):
            target.upsert(batch)
        target.commit(stored)
        yield document, stored.chunks
