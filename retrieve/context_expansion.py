"""Neighbours of a hit: the passages before and after, the figures and tables it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from octavo.index.store import Store
from octavo.ingest.document import Chunk
from octavo.ingest.figures.captions import label_of, references
from octavo.retrieve.query import Hit


def neighbours_of(hits: Sequence[Hit], store: Store) -> list[Hit]:
    """The hits with their `neighbours`, in reading order; a chunk that is a hit itself, or beside
    a better one, is not given again. Pages are read once each."""
    pages = _Pages(store)
    given = {h.chunk.id for h in hits}
    expanded = []
    for hit in hits:
        near = [c for c in _beside(hit.chunk, pages) if c.id not in given]
        given.update(c.id for c in near)
        expanded.append(replace(hit, neighbours=tuple(near)))
    return expanded


def expand_context(hits: Sequence[Hit], store: Store, first: int) -> list[Hit]:
    """The hits, behind each of the `first` ones its neighbours as hits of its score, so that what
    is written from them is checked and cited as from any other.

    Off by default: of the built-in answerer's 70 answers on the examples 53 were right without, 52
    with neighbours of the first hit, of the first three, and at the end.
    """
    expanded: list[Hit] = []
    for hit in neighbours_of(hits[:first], store):
        expanded.append(hit)
        expanded += [Hit(chunk, hit.name, hit.score, ()) for chunk in hit.neighbours]
    given = {h.chunk.id for h in expanded}
    return [*expanded, *(h for h in hits[first:] if h.chunk.id not in given)]


def _beside(chunk: Chunk, pages: _Pages) -> Iterator[Chunk]:
    if chunk.kind == "text":
        yield from pages.around(chunk)
        labels = references(chunk.text)
        if labels:
            yield from (c for c in pages.labelled(chunk) if label_of(c.caption) in labels)
    elif chunk.kind in ("figure", "table"):
        own = label_of(chunk.caption)
        if own is not None and not chunk.context:
            yield from (c for c in pages.texts(chunk) if own in references(c.text))


class _Pages:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._cache: dict[tuple[str, int], list[Chunk]] = {}

    def around(self, chunk: Chunk) -> Iterator[Chunk]:
        """The text chunk before and the one after, over the edge of a page, too."""
        on_page = self._texts(chunk.document, chunk.page)
        at = next((n for n, c in enumerate(on_page) if c.id == chunk.id), None)
        if at is None:
            return
        before = on_page[at - 1 : at] or self._texts(chunk.document, chunk.page - 1)[-1:]
        after = on_page[at + 1 : at + 2] or self._texts(chunk.document, chunk.page + 1)[:1]
        yield from (*before, *after)

    def labelled(self, chunk: Chunk) -> Iterator[Chunk]:
        """Figures and tables on the chunk's page and those beside it."""
        for page in (chunk.page, chunk.page + 1, chunk.page - 1):
            on_page = self._chunks_on(chunk.document, page)
            yield from (c for c in on_page if c.kind in ("figure", "table") and c.caption)

    def texts(self, chunk: Chunk) -> Iterator[Chunk]:
        """Text on the chunk's page and the one before."""
        for page in (chunk.page, chunk.page - 1):
            yield from self._texts(chunk.document, page)

    def _texts(self, document: str, page: int) -> list[Chunk]:
        return [c for c in self._chunks_on(document, page) if c.kind == "text"]

    def _chunks_on(self, document: str, page: int) -> list[Chunk]:
        """Of a page that no document has there is nothing."""
        key = (document, page)
        if key not in self._cache:
            self._cache[key] = self._store.page_chunks(document, page) if page > 0 else []
        return self._cache[key]
