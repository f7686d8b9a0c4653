"""What a query's picture shows: pages that may show it are drawn and compared with it.

Vectors bring the candidates and pixels decide. On mmlong a fourth of the figures that were cut out
of a page lie in no figure region of ours, so that no vector of them exists; the words printed in
them find the page nearly always.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from octavo.index.encoders.bm25 import query_words
from octavo.index.image_files import open_image
from octavo.index.store import Filter, ScoredChunk, Store, StoreError, Subquery, ranked
from octavo.ingest.document import Box, Chunk, DocumentError
from octavo.retrieve.images.page_raster import Grey, PageRaster
from octavo.retrieve.options import SearchOptions
from octavo.retrieve.query import Candidate, Stage
from octavo.retrieve.understanding.query_ocr import query_ocr

MATCH = "image-match"
WORDS = "image-words"
#: Correlation from which a page shows the picture. Of 30 worn figures of mmlong 97 % have 0.86 and
#: more on their page; of two other pages of the same document 95 % have 0.73 and less.
SHOWN = 0.78
_SURE = 0.9  # with this, and so much more than any other page, nothing more is looked for
_MARGIN = 0.1
_FIRST = 3  # pages of the most alike figures, before the picture's words are read
_SIDE = 600  # pixels: of the picture's longest side


@dataclass(frozen=True, slots=True)
class PageRasterizer:
    """How stored pages become pixels, by document id and page. `ocr`: whether words in a query's
    picture are read."""

    rasterize: Callable[[str, int], PageRaster]
    ocr: bool = True


@dataclass(frozen=True, slots=True)
class ImageMatches:
    """`subqueries` that the picture searches with. `matches`: chunks that show it, best first."""

    subqueries: tuple[Subquery, ...]
    matches: tuple[ScoredChunk, ...] = ()


def match_image(
    image: bytes,
    legs: Sequence[Subquery],
    store: Store,
    where: Filter,
    options: SearchOptions,
    rasterizer: PageRasterizer,
) -> ImageMatches:
    """First the pages of the three most alike figures; where none of them shows the picture for
    certain, its words are read and searched, and pages of both are compared, up to
    `options.image_pages` and `options.image_seconds`: then the best so far counts."""
    compared = _PageComparison(_grey(image), store, where, rasterizer, options)
    alike = _pages(legs[0], store, where)
    compared.add(islice(alike, _FIRST))
    if compared.sure:
        return ImageMatches(tuple(legs), compared.matches())
    words = _word_subquery(image, options) if rasterizer.ocr else None
    found = [_pages(words, store, where)] if words else []
    compared.add(_in_turn([*found, alike]))
    return ImageMatches((*legs, words) if words else tuple(legs), compared.matches())


def with_matches(
    items: Sequence[Candidate], matches: Sequence[ScoredChunk]
) -> tuple[Candidate, ...]:
    """Candidates with the stage `image-match`; what only looking found is added."""
    stages = {m.id: Stage(MATCH, rank, m.score) for rank, m in enumerate(matches, 1)}
    there = {c.id for c in items}
    new = [Candidate(i, 0.0, (stage,)) for i, stage in stages.items() if i not in there]
    seen = [replace(c, trace=(*c.trace, stages[c.id])) if c.id in stages else c for c in items]
    return (*seen, *new)


class _PageComparison:
    """Pages compared with one picture."""

    def __init__(
        self,
        picture: Grey,
        store: Store,
        where: Filter,
        rasterizer: PageRasterizer,
        options: SearchOptions,
    ) -> None:
        self._picture = picture
        self._store = store
        self._where = where
        self._rasterizer = rasterizer
        self._left = options.image_pages
        self._seconds = options.image_seconds
        self._places: dict[tuple[str, int], tuple[float, Box]] = {}

    @property
    def sure(self) -> bool:
        """Whether one page of at least three shows the picture and none other nearly does: slides
        that grow line by line, and charts of one style, are told apart by comparing them all."""
        best, *rest = sorted((score for score, _ in self._places.values()), reverse=True) or [0.0]
        return len(rest) >= _FIRST - 1 and best >= max(_SURE, rest[0] + _MARGIN)

    def add(self, pages: Iterator[tuple[str, int]]) -> None:
        """Compares pages until one shows the picture for certain, or a limit is reached."""
        start = time.monotonic()
        for page in pages:
            seconds = time.monotonic() - start
            if self.sure or self._left <= 0 or seconds >= self._seconds:
                break
            if page not in self._places:
                self._left -= 1
                self._compare(page)
        self._seconds -= time.monotonic() - start

    def _compare(self, page: tuple[str, int]) -> None:
        from octavo.retrieve.images.template_matching import (
            match_template,  # and with it OpenCV, when the first picture needs it
        )

        try:
            raster = self._rasterizer.rasterize(*page)
        except (DocumentError, StoreError):
            return  # its original is lost, or being deleted: vectors must do
        place = match_template(self._picture, raster.pixels)
        if place is None:
            return
        b, zoom = place.box, raster.zoom
        box = Box(b.x0 / zoom, b.y0 / zoom, b.x1 / zoom, b.y1 / zoom)
        self._places[page] = (place.score, box)

    def matches(self) -> tuple[ScoredChunk, ...]:
        """On every page that shows the picture the chunk that stands there. Those that are less
        alike say nothing: with them the question "which part number?" to a photo found figures of
        any kind before the parts list."""
        found = []
        for page, (score, box) in self._places.items():
            if score < SHOWN:
                continue
            kinds = self._where.kinds
            chunks = [c for c in self._store.page_chunks(*page) if not kinds or c.kind in kinds]
            if chunks:
                there = max(chunks, key=lambda c: (_overlap(c, page[1], box), c.kind == "figure"))
                found.append(ScoredChunk(there.id, score))
        return ranked(found)


def _overlap(chunk: Chunk, page: int, box: Box) -> float:
    """Intersection over union of a box and the chunk's best region on the page."""
    most = 0.0
    for region in chunk.regions:
        if region.page == page:
            common = region.box.clip(box).area
            most = max(most, common / max(region.box.area + box.area - common, 1e-9))
    return most


def _pages(leg: Subquery, store: Store, where: Filter) -> Iterator[tuple[str, int]]:
    """Document and page of what a leg finds, best first."""
    ids = [point.id for point in store.search([leg], "rrf", leg.limit, where).legs[0]]
    yield from dict.fromkeys((c.document, c.page) for c in store.chunks(ids))


def _in_turn(lists: Sequence[Iterator[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
    """The first of each, then the second of each."""
    left = list(lists)
    while left:
        for pages in list(left):
            page = next(pages, None)
            if page is None:
                left.remove(pages)
            else:
                yield page


def _word_subquery(image: bytes, options: SearchOptions) -> Subquery | None:
    """The words printed in a picture; None where there are none."""
    words = query_words(query_ocr(image))
    if not words.indices:
        return None
    return Subquery(WORDS, "words", words, options.joint_depth, options.image_weight)


def _grey(image: bytes) -> Grey:
    picture = open_image(image, _SIDE)
    picture.thumbnail((_SIDE, _SIDE))
    return np.asarray(picture.convert("L"))
