"""The parts wired together: one object that ingests, searches, answers, shows and deletes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from copy import copy
from dataclasses import asdict
from functools import partial
from pathlib import Path

from octavo.api.document_filter import make_filter, restricts
from octavo.api.document_sources import change_sources
from octavo.api.encoder_factory import load_models, manifest_of
from octavo.api.explain.explain_schemas import ExplainOut
from octavo.api.generator_factory import make_generator
from octavo.api.library.where import Where
from octavo.api.model_profile import Profile, read_profile
from octavo.api.open_index import open_index, require_index
from octavo.api.page_ledger import PageLedger
from octavo.api.read_limits import bounds_of, limits_of
from octavo.api.retry import Retry, RetryTargets
from octavo.api.schemas.answers import AnswerOut, SearchOut, answer_out, search_out
from octavo.api.schemas.folders import SourceChange, SourcesOut
from octavo.api.schemas.ledger import CacheOut, LedgerOut, StatusOut
from octavo.api.schemas.results import DeleteOut, ResultOut, result_out
from octavo.api.settings import Settings
from octavo.api.stored_pages import StoredPages
from octavo.api.writer_lock import WriterLock
from octavo.generate.answer import Answer, Generator, Watch
from octavo.index.build import Builder
from octavo.index.progress import Progress
from octavo.index.source import Source
from octavo.index.store import Failure, Filter, SearchResult, StoredDocument, Subquery
from octavo.ingest.document import Box, Chunk, Region
from octavo.ingest.files import find_files
from octavo.ingest.sockets import forbid_sockets
from octavo.ingest.worker.reader import Reader
from octavo.rerank.rerank import Ranked, Scorers, rerank
from octavo.retrieve.context_expansion import expand_context
from octavo.retrieve.deduplication import ResultOptions, list_results
from octavo.retrieve.hits import read_hits
from octavo.retrieve.images.image_matching import PageRasterizer
from octavo.retrieve.query import Candidate, Candidates, Hit, Query
from octavo.retrieve.search import Retriever
from octavo.retrieve.timing import timed
from octavo.retrieve.understanding.document_linking import DocumentLinker


class Service:
    """An open index. Methods may be called from several threads; writes take turns."""

    def __init__(self, settings: Settings, create: bool = False) -> None:
        """Opens `settings.index`; `create` makes it where there is none.

        Raises StoreError where it is missing, in use, damaged or written with other models,
        SettingsError for a bad profile, ModelError for a damaged model file.
        """
        self.settings = settings
        self.profile: Profile = read_profile(settings.profile)
        if settings.offline:
            forbid_sockets()
        if not create:
            require_index(settings)
        models = load_models(self.profile, settings)
        self.encoders, self._cache = models.encoders, models.cache
        manifest = manifest_of(self.profile, self.encoders)
        self._index = open_index(settings, manifest, self.encoders.sizes())
        self._store, self._originals = self._index.store, self._index.originals
        self._pages = StoredPages(self._store, self._originals, bounds_of(settings))
        self._ledger = PageLedger(self._store, self._originals)
        self._retriever = Retriever(
            self._store,
            self.encoders,
            DocumentLinker(self._store),
            self._pages.numbered,
            PageRasterizer(self._pages.raster, settings.ocr),
        )
        self._scorers = Scorers(
            self.encoders.tokens, self.encoders.patches, models.cross_encoder, self._pages.crop
        )
        try:
            self._generator = make_generator(
                self.profile, settings, self.encoders.text, self._pages.crop
            )
        except BaseException:
            self._index.close()
            raise
        self._writing = WriterLock(self._index.settle)

    def close(self) -> None:
        self._index.close()

    def announce(self, url: str) -> None:
        """Tells other processes the address under which this one serves the index."""
        if self._index.lock:
            self._index.lock.describe(url)

    def using(self, profile: Profile) -> Service:
        """This open index with other search and rerank settings; the models, and with them the
        generator, stay those it was opened with. Close only the first one."""
        other = copy(self)
        other.profile = profile
        return other

    # Asking

    def search(
        self, query: Query, limit: int = 10, options: ResultOptions | None = None
    ) -> SearchOut:
        """Hits, best first, each with its trace."""
        start = time.perf_counter()
        options = options or ResultOptions()
        candidates, order = self.ranked(query, options.ranked_depth(limit))
        hits = self.listed(order.items, limit, options)
        return search_out(candidates, order.notes, hits, time.perf_counter() - start)

    def ask(self, query: Query, limit: int = 10, watch: Watch | None = None) -> AnswerOut:
        """Raises GeneratorError where no answer can be written, Cancelled after `watch.stop()`."""
        start = time.perf_counter()
        candidates, order = self.ranked(query, limit)
        hits = self.listed(order.items, limit, ResultOptions())
        answer = self.answer(query, candidates.text, hits, watch)
        return answer_out(query.text, candidates, answer, time.perf_counter() - start)

    def explain(
        self, query: Query, limit: int = 10, expect: str = "", heat: bool = False
    ) -> ExplainOut:
        """A search stage by stage, and what became of the page `expect` (`NAME#p12`); with `heat`
        a figure with what the question met in it. Raises ValueError for a page that cannot be
        read, NotFoundError for a document of no known name."""
        from octavo.api.explain.explain import explain

        return explain(self, self._store, self._scorers, query, limit, expect, heat)

    def ranked(self, query: Query, keep: int = 0) -> tuple[Candidates, Ranked]:
        """What retrieval found, and its final order; only the first `keep` (0: all) are sure to
        stand where a cross-encoder that saw everything would put them."""
        candidates = self._retriever.retrieve(query, self.profile.search.options())
        options = self.profile.rerank.options(keep)
        return candidates, rerank(candidates, self._store, self._scorers, options, query.image)

    def listed(
        self, candidates: Sequence[Candidate], limit: int, options: ResultOptions
    ) -> list[Hit]:
        """Candidates in their final order to a list of hits."""
        with timed("chunks"):
            return list_results(candidates, self.hits_of, limit, options)

    def hits(
        self, query: Query, limit: int, options: ResultOptions | None = None
    ) -> tuple[str, list[Hit]]:
        """The text as searched, and the list of hits."""
        options = options or ResultOptions()
        candidates, order = self.ranked(query, options.ranked_depth(limit))
        return candidates.text, self.listed(order.items, limit, options)

    def answer(
        self, query: Query, searched: str, hits: Sequence[Hit], watch: Watch | None = None
    ) -> Answer:
        """What the generator makes of hits."""
        beside = self.profile.generate.neighbours
        if beside:
            with timed("chunks"):
                hits = expand_context(hits, self._store, beside)
        with timed("answer"):
            return self._generator.answer(query, searched, hits, watch)

    @property
    def hits_of(self) -> Callable[[Sequence[Candidate]], list[Hit]]:
        """Reads the chunks of candidates."""
        return partial(read_hits, store=self._store)

    @property
    def generator(self) -> Generator:
        """What writes the answers."""
        return self._generator

    def nearest(self, subqueries: Sequence[Subquery]) -> SearchResult:
        """What the engine finds for vectors alone: the floor under the time of a search."""
        options = self.profile.search
        return self._store.search(subqueries, options.fusion, options.candidates, Filter())

    def where(
        self, documents: Sequence[str] = (), kinds: Sequence[str] = (), pages: Sequence[int] = ()
    ) -> Filter:
        """A filter from names as users write them."""
        return self.question("-", None, Where(documents, kinds, pages)).where

    def question(self, text: str, image: bytes | None, where: Where) -> Query:
        """A query of the documents that meet conditions. Raises NotFoundError where none does,
        AmbiguousError for a whole name of several, ValueError for a condition that is none."""
        found = make_filter(where, self._store.documents() if restricts(where) else [])
        return Query(text, image, found.where, found.told)

    # Documents

    def ingest(
        self, sources: Sequence[Source], report: Callable[[Progress], None] = lambda _: None
    ) -> Iterator[ResultOut]:
        """Results in order; each document is searchable when its result is there."""
        with self._writing:
            for result in self._builder().ingest(sources, report):
                yield result_out(result)

    def retry(
        self,
        names: Sequence[str] = (),
        report: Callable[[Progress], None] = lambda _: None,
        uploads: bool = True,
    ) -> Iterator[ResultOut]:
        """Tries again what failed of `names`, of all where none are given: failed sources from
        their files, documents with failed pages from their originals.

        `uploads`: also says of each failed upload that it must be sent again. Raises
        NotFoundError for a name of which nothing is known, AmbiguousError for one of several.
        """
        s = self.settings
        with self._writing:
            documents, failures = self._ledger.select(names)
            targets = RetryTargets(
                [d for d in documents if d.document.failed_pages],
                [f for f in failures if uploads or f.local or f.kept],
            )
            most = s.max_file_mb << 20
            retry = Retry(self._store, self._originals, self.encoders, self._builder(), most)
            with closing(Reader(limits_of(s), s.ocr)) as reader:
                for result in retry.run(targets, reader, report):
                    yield result_out(result)

    def delete(self, name: str) -> DeleteOut:
        """Removes the document of that name, id or source, and forgets that such a source, or one
        of its own, failed. Raises NotFoundError where there is none, AmbiguousError where there
        are several; then nothing is removed."""
        with self._writing:
            return self._ledger.delete(name)

    def change_sources(self, changes: Sequence[SourceChange]) -> SourcesOut:
        """Where the bytes of documents come from, and no longer come from."""
        with self._writing:
            return change_sources(self._store, self._originals, changes)

    def keep_failures(self, failures: Sequence[Failure]) -> None:
        """Takes over what another index knows of failed sources, unless they are here by now."""
        with self._writing:
            self._ledger.keep_failures(failures)

    def status(self, where: Where | None = None) -> StatusOut:
        """Every document and every failed source, with totals; with `where` only the documents
        that meet it."""
        place = self.settings.store or str(self.settings.index)
        cache = CacheOut(**asdict(self._cache.state()))
        return self._ledger.status(place, self.profile.name, cache, where)

    def entry(self, name: str) -> LedgerOut:
        """What the ledger has of a name, id or source. Raises NotFoundError where it has nothing,
        AmbiguousError where that fits several documents."""
        return self._ledger.entry(name)

    def named(self, names: Sequence[str]) -> list[StoredDocument]:
        """The document of each name, id, beginning of an id (8 characters or more) or source.

        Raises NotFoundError for what no document has, AmbiguousError for what several have.
        """
        return self._ledger.documents(names)

    def named_all(self) -> list[StoredDocument]:
        """Every committed document, by name."""
        return self._store.documents()

    def page_chunks(self, document: str, page: int) -> list[Chunk]:
        """Chunks that begin on a page of a document, in reading order."""
        return self._store.page_chunks(document, page)

    def original(self, document: str) -> bytes:
        """The bytes of a stored document, by its id."""
        return self._originals.get(document)

    def page_png(self, document: str, page: int, boxes: Sequence[Box] = ()) -> bytes:
        """PNG of a stored page with boxes marked; `document` as in `named`."""
        return self._pages.png(self.named([document])[0], page, boxes)

    def crop_png(self, region: Region, pixels: int) -> bytes:
        """PNG of a region of a stored page, its longest side `pixels` at most."""
        return self._pages.crop(region, pixels)

    def _builder(self) -> Builder:
        s = self.settings
        return Builder(
            self._store, self._originals, self.encoders, s.workers, limits_of(s), ocr=s.ocr
        )


def sources_of(
    paths: Sequence[Path], settings: Settings, labels: Mapping[str, str] | None = None
) -> list[Source]:
    """Files under `paths`, as sources; `labels` is metadata that goes with each of them."""
    most = settings.max_file_mb << 20
    return [Source.file(p, most).labelled(labels or {}) for p in find_files(paths)]
