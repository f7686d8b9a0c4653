"""Query to candidates: subqueries, run and fused by the engine, each candidate with its trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.index.chunk_vectors import Encoders, chunk_text
from octavo.index.store import Filter, SearchResult, Store, Subquery
from octavo.ingest.figures.captions import without_label
from octavo.retrieve.images.image_matching import (
    ImageMatches,
    PageRasterizer,
    match_image,
    with_matches,
)
from octavo.retrieve.options import SearchOptions
from octavo.retrieve.query import Candidate, Candidates, Query, Stage
from octavo.retrieve.subqueries import image_subqueries, text_subqueries, unread_stages
from octavo.retrieve.timing import timed
from octavo.retrieve.understanding.boosts import QueryConstraints, with_boosts
from octavo.retrieve.understanding.document_linking import DocumentLinker
from octavo.retrieve.understanding.query_bounds import shortened
from octavo.retrieve.understanding.query_understanding import (
    PageOfLabel,
    understand_query,
    with_labelled_pages,
)
from octavo.retrieve.understanding.scoped_search import merge_scoped, search_scope

#: Cosine from which a figure similar to the query's image is taken to show the same.
SAME_FIGURE = 0.72
_DEFAULTS = SearchOptions()


@dataclass(frozen=True, slots=True)
class Retriever:
    """What a search works with. `linker` finds the documents that a question names,
    `page_of_label` the page with a printed number, `rasterizer` makes the pixels that a query's
    picture is compared with: without one of them that is not done."""

    store: Store
    encoders: Encoders
    linker: DocumentLinker | None = None
    page_of_label: PageOfLabel | None = None
    rasterizer: PageRasterizer | None = None

    def retrieve(self, query: Query, options: SearchOptions = _DEFAULTS) -> Candidates:
        """The `options.candidates` best chunks by the fused subqueries.

        What the question names exactly is looked up (`query_understanding`): quoted words are a
        filter, the rest boosts.

        A query with text and image is composed: the figure that the image shows, or resembles
        most, lends its caption to the text, so that "what torque for this?" asks about the part in
        the picture.

        Raises ValueError for bytes that are no image, StoreError where the store fails.
        """
        question = shortened(query.text)
        constraints = self._understand(question.text, query, options)
        where = constraints.where if constraints else query.where
        image_matches = self._match_image(query, where, options)
        text = question.text.strip()
        if text and image_matches.subqueries:
            text = " ".join(p for p in (text, self._caption_of(image_matches, where)) if p)
        with timed("encode"):
            text_queries = text_subqueries(text, self.encoders, options) if text else []
        subqueries = (*image_matches.subqueries, *text_queries)
        unread = unread_stages(text, self.encoders)
        with timed("search"):
            result = self.store.search(subqueries, options.fusion, options.candidates, where)
        if constraints is None:
            items = with_matches(_traced(subqueries, result), image_matches.matches)
            told = (*query.told, *question.omitted)
            return Candidates(text, items, told, subqueries, where, unread)
        with timed("search"):
            items, constraints = self._constrained(
                subqueries, result, image_matches, constraints, options
            )
        understood = (*query.told, *question.omitted, *constraints.interpretations)
        return Candidates(text, items, understood, subqueries, where, unread)

    def _understand(
        self, text: str, query: Query, options: SearchOptions
    ) -> QueryConstraints | None:
        """Only of what the user wrote: what a picture was recognised as names nothing."""
        with timed("search"):
            return understand_query(text, self.store, self.linker, query.where, options.boosts)

    def _match_image(self, query: Query, where: Filter, options: SearchOptions) -> ImageMatches:
        """The subqueries of the query's picture, and the chunks that show it."""
        with timed("encode"):
            subqueries = image_subqueries(query, self.encoders, options)
        if query.image is None or not subqueries or not self.rasterizer or not options.image_pages:
            return ImageMatches(tuple(subqueries))
        with timed("match"):
            return match_image(query.image, subqueries, self.store, where, options, self.rasterizer)

    def _caption_of(self, image_matches: ImageMatches, where: Filter) -> str:
        """Caption (else text) of what shows the query's image, or looks like it, or nothing."""
        best = image_matches.matches[:1]
        if not best:
            result = self.store.search([image_matches.subqueries[0]], "rrf", 1, where)
            best = result.by_subquery[0][:1]
            if not best or best[0].score < SAME_FIGURE:
                return ""
        chunks = self.store.chunks([best[0].id])
        if not chunks:
            return ""
        return shortened(without_label(chunks[0].caption) or chunk_text(chunks[0])[:200]).text

    def _constrained(
        self,
        subqueries: Sequence[Subquery],
        result: SearchResult,
        image_matches: ImageMatches,
        constraints: QueryConstraints,
        options: SearchOptions,
    ) -> tuple[tuple[Candidate, ...], QueryConstraints]:
        """What the question names besides what is nearest, put higher."""
        if self.page_of_label:
            constraints = with_labelled_pages(constraints, self.page_of_label)
        scoped = search_scope(constraints, subqueries, self.store, options.fusion, options.boosts)
        result = merge_scoped(subqueries, result, scoped, constraints, options.fusion)
        items = with_matches(_traced(subqueries, result), image_matches.matches)
        return with_boosts(items, constraints, scoped.boosts), constraints


def _traced(subqueries: Sequence[Subquery], result: SearchResult) -> tuple[Candidate, ...]:
    stages: dict[str, list[Stage]] = {}
    for subquery, points in zip(subqueries, result.by_subquery, strict=True):
        for rank, point in enumerate(points, 1):
            stages.setdefault(point.id, []).append(Stage(subquery.name, rank, point.score))
    return tuple(
        Candidate(p.id, p.score, (*stages.get(p.id, ()), Stage("fused", rank, p.score)))
        for rank, p in enumerate(result.fused, 1)
    )
