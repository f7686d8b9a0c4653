"""Candidates with their chunks."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.index.store import Store
from octavo.retrieve.query import Candidate, Hit


def read_hits(candidates: Sequence[Candidate], store: Store) -> list[Hit]:
    """Candidates with their chunks, in the same order; those that are gone by now are left out."""
    head = {c.id: c for c in candidates}
    hits = []
    for chunk in store.chunks(list(head)):
        stored = store.find(chunk.document)
        name = stored.document.name if stored else ""
        hits.append(Hit(chunk, name, head[chunk.id].score, head[chunk.id].trace))
    return hits
