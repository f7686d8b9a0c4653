"""A query's picture compared with the pages that may show it.

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
from octavo.retrieve.images.page_raster import Grayscale, PageRaster
from octavo.retrieve.options import SearchOptions
from octavo.retrieve.query import Candidate, Stage
from octavo.retrieve.understanding.query_ocr import query_ocr

MATCH = "image-match"
WORDS = "image-words"
#: Normalized correlation from which a page shows the picture. Of 30 worn figures of mmlong 97 %
#: have 0.86 and more on their page; of two other pages of the same document 95 % have 0.73 and
#: less.
MIN_CORRELATION = 0.78
_CERTAIN = 0.9  # with this, and so much more than any other page, no further page is compared
_MARGIN = 0.1
_FIRST_PAGES = 3  # pages of the most similar figures, before the picture's words are read
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
    subqueries: Sequence[Subquery],
    store: Store,
    where: Filter,
    options: SearchOptions,
    rasterizer: PageRasterizer,
) -> ImageMatches:
    """First the pages of the three most similar figures; where none of them shows the picture for
    certain, its words are read and searched, and pages of both are compared, up to
    `options.image_pages` and `options.image_seconds`: then the best so far counts. `subqueries` are
    those of the picture's vector, the one to figures first. Raises ValueError for bytes that are no
    image."""
    matcher = _PageMatcher(_grayscale(image), store, where, rasterizer, options)
    figure_pages = _pages_found(subqueries[0], store, where)
    matcher.add(islice(figure_pages, _FIRST_PAGES))
    if matcher.certain:
        return ImageMatches(tuple(subqueries), matcher.matches())
    words = _word_subquery(image, options) if rasterizer.ocr else None
    word_pages = [_pages_found(words, store, where)] if words else []
    matcher.add(_interleave([*word_pages, figure_pages]))
    return ImageMatches((*subqueries, words) if words else tuple(subqueries), matcher.matches())


def with_matches(
    items: Sequence[Candidate], matches: Sequence[ScoredChunk]
) -> tuple[Candidate, ...]:
    """Candidates with the stage `image-match`; chunks that only the comparison found are added."""
    stages = {m.id: Stage(MATCH, rank, m.score) for rank, m in enumerate(matches, 1)}
    known = {c.id for c in items}
    new = [Candidate(i, 0.0, (stage,)) for i, stage in stages.items() if i not in known]
    matched = [replace(c, trace=(*c.trace, stages[c.id])) if c.id in stages else c for c in items]
    return (*matched, *new)


class _PageMatcher:
    """Pages compared with one picture."""

    def __init__(
        self,
        picture: Grayscale,
        store: Store,
        where: Filter,
        rasterizer: PageRasterizer,
        options: SearchOptions,
    ) -> None:
        self._picture = picture
        self._store = store
        self._where = where
        self._rasterizer = rasterizer
        self._pages_left = options.image_pages
        self._seconds_left = options.image_seconds
        self._matches: dict[tuple[str, int], tuple[float, Box]] = {}

    @property
    def certain(self) -> bool:
        """Whether one page of at least three shows the picture and none other nearly does: slides
        that grow line by line, and charts of one style, are told apart by comparing them all."""
        best, *rest = sorted((score for score, _ in self._matches.values()), reverse=True) or [0.0]
        return len(rest) >= _FIRST_PAGES - 1 and best >= max(_CERTAIN, rest[0] + _MARGIN)

    def add(self, pages: Iterator[tuple[str, int]]) -> None:
        """Compares pages until one shows the picture for certain, or a limit is reached."""
        start = time.monotonic()
        for page in pages:
            seconds = time.monotonic() - start
            if self.certain or self._pages_left <= 0 or seconds >= self._seconds_left:
                break
            if page not in self._matches:
                self._pages_left -= 1
                self._compare(page)
        self._seconds_left -= time.monotonic() - start

    def _compare(self, page: tuple[str, int]) -> None:
        from octavo.retrieve.images.template_matching import (
            match_template,  # and with it OpenCV, when the first picture needs it
        )

        try:
            raster = self._rasterizer.rasterize(*page)
        except (DocumentError, StoreError):
            return  # its original is lost, or being deleted: vectors must do
        match = match_template(self._picture, raster.pixels)
        if match is None:
            return
        b, zoom = match.box, raster.zoom
        box = Box(b.x0 / zoom, b.y0 / zoom, b.x1 / zoom, b.y1 / zoom)
        self._matches[page] = (match.score, box)

    def matches(self) -> tuple[ScoredChunk, ...]:
        """On every page that shows the picture the chunk that stands there. Lower correlations
        say nothing: with them the question "which part number?" to a photo found figures of any
        kind before the parts list."""
        chunks_shown = []
        for page, (score, box) in self._matches.items():
            if score < MIN_CORRELATION:
                continue
            kinds = self._where.kinds
            chunks = [c for c in self._store.page_chunks(*page) if not kinds or c.kind in kinds]
            if chunks:
                chunk = max(chunks, key=lambda c: (_best_iou(c, page[1], box), c.kind == "figure"))
                chunks_shown.append(ScoredChunk(chunk.id, score))
        return ranked(chunks_shown)


def _best_iou(chunk: Chunk, page: int, box: Box) -> float:
    """Intersection over union of a box and the chunk's best region on the page."""
    best = 0.0
    for region in chunk.regions:
        if region.page == page:
            common = region.box.clip(box).area
            best = max(best, common / max(region.box.area + box.area - common, 1e-9))
    return best


def _pages_found(subquery: Subquery, store: Store, where: Filter) -> Iterator[tuple[str, int]]:
    """Document and page of a subquery's hits, best first."""
    result = store.search([subquery], "rrf", subquery.limit, where)
    ids = [point.id for point in result.by_subquery[0]]
    yield from dict.fromkeys((c.document, c.page) for c in store.chunks(ids))


def _interleave(lists: Sequence[Iterator[tuple[str, int]]]) -> Iterator[tuple[str, int]]:
    """The first of each, then the second of each."""
    remaining = list(lists)
    while remaining:
        for pages in list(remaining):
            page = next(pages, None)
            if page is None:
                remaining.remove(pages)
            else:
                yield page


def _word_subquery(image: bytes, options: SearchOptions) -> Subquery | None:
    """The words printed in a picture; None where there are none."""
    words = query_words(query_ocr(image))
    if not words.indices:
        return None
    return Subquery(WORDS, "words", words, options.joint_depth, options.image_weight)


def _grayscale(image: bytes) -> Grayscale:
    picture = open_image(image, _SIDE)
    picture.thumbnail((_SIDE, _SIDE))
    return np.asarray(picture.convert("L"))
