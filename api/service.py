"""The parts wired together: one object that ingests, searches, answers, shows and deletes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from copy import copy
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from api.explained import ExplainOut
from api.generators import make_generator
from api.limits import bounds_of, limits_of
from api.models import load_models, manifest_of
from api.naming import Entry, find_document, find_entry
from api.opening import open_index, require_index
from api.retrying import Again, Retry
from api.settings import Profile, Settings, read_profile
from api.wire import (
    AnswerOut,
    CacheOut,
    DeleteOut,
    LedgerOut,
    ResultOut,
    SearchOut,
    StatusOut,
    answer_out,
    document_out,
    failure_out,
    result_out,
    search_out,
    status_out,
)
from generate.answer import Answer, Generator, Watch
from index.build import Builder, Progress
from index.commit import delete_document
from index.source import Source
from index.store import Failure, Filter, Found, Leg, NotFoundError, Stored, StoreError
from ingest.document import Box, Chunk, DocumentError, Region
from ingest.files import find_files
from ingest.render import render_crop, render_page
from ingest.sockets import forbid_sockets
from ingest.worker import Reader
from rerank.rerank import Ranked, Rerank, Scorers, rerank, to_hits
from retrieve.exact import Boosts
from retrieve.folding import Listing, listed
from retrieve.legs import Depths
from retrieve.names import Names
from retrieve.neighbours import in_context
from retrieve.pagination import page_numbered
from retrieve.query import Candidate, Candidates, Hit, Query
from retrieve.search import retrieve
from retrieve.sheet import Sheet, sheet_of
from retrieve.sight import Eyes
from retrieve.timing import timed

_NUMBERS = 4096  # page numbers, as printed, that are remembered
_CROSS_PIXELS = 448  # longest side of a figure that a cross-encoder looks at


class Service:
    """An open index. Methods may be called from several threads; writes take turns."""

    def __init__(self, settings: Settings, create: bool = False) -> None:
        """Opens `settings.index`; `create` makes it where there is none.

        Raises StoreError where it is missing, in use or written with other models, SettingsError
        for a bad profile, ModelError for a damaged model file.
        """
        self.settings = settings
        self.profile: Profile = read_profile(settings.profile)
        if settings.offline:
            forbid_sockets()
        if not create:
            require_index(settings)
        loaded = load_models(self.profile, settings)
        self.encoders, self._cache = loaded.encoders, loaded.cache
        manifest = manifest_of(self.profile, self.encoders)
        self._index = open_index(settings, manifest, self.encoders.sizes())
        self._store, self._blobs = self._index.store, self._index.blobs
        self._names = Names(self._store)
        # What a document is called by never changes: its id is the hash of its bytes.
        self._numbered = lru_cache(_NUMBERS)(self._page_numbered)
        self._scorers = Scorers(
            self.encoders.tokens, self.encoders.patches, loaded.cross_encoder, self._crop
        )
        try:
            self._generator = make_generator(
                self.profile, settings, self.encoders.text, self.crop_png
            )
        except BaseException:
            self._index.close()
            raise
        self._writing = _Writing(self._index.settle)

    def close(self) -> None:
        self._index.close()

    def announce(self, url: str) -> None:
        """Tells other processes the address under which this one serves the index."""
        if self._index.lock:
            self._index.lock.describe(url)

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
        their files, documents with pages in quarantine from their originals.

        `uploads`: also says of each failed upload that it must be sent again. Raises
        NotFoundError for a name of which nothing is known, AmbiguousError for one of several.
        """
        s = self.settings
        with self._writing:
            documents, failures = self._asked(names)
            again = Again(
                [d for d in documents if d.document.quarantined],
                [f for f in failures if uploads or f.local or f.kept],
            )
            most = s.max_file_mb << 20
            retry = Retry(self._store, self._blobs, self.encoders, self._builder(), most)
            with closing(Reader(limits_of(s), s.ocr)) as reader:
                for result in retry.run(again, reader, report):
                    yield result_out(result)

    def _builder(self) -> Builder:
        s = self.settings
        return Builder(self._store, self._blobs, self.encoders, s.workers, limits_of(s), ocr=s.ocr)

    def candidates(self, query: Query, keep: int = 0) -> tuple[str, tuple[Candidate, ...]]:
        """The text as searched, and every candidate in its final order; see `ranked`."""
        found, order = self.ranked(query, keep)
        return found.text, order.items

    def ranked(self, query: Query, keep: int = 0) -> tuple[Candidates, Ranked]:
        """What retrieval found, and its final order; only the first `keep` (0: all) are sure to
        stand where a cross-encoder that saw everything would put them."""
        p = self.profile
        depths = Depths(
            text=p.search.text_depth,
            words=p.search.words_depth,
            joint=p.search.joint_depth,
            pages=p.search.image_pages,
            seconds=p.search.image_seconds,
            text_weight=p.search.text_weight,
            words_weight=p.search.words_weight,
            joint_weight=p.search.joint_weight,
            image_weight=p.search.image_weight,
        )
        found = retrieve(
            query,
            self._store,
            self.encoders,
            depths,
            p.search.fusion,
            p.search.candidates,
            self._names,
            Boosts(
                p.search.exact_boost,
                p.search.label_boost,
                p.search.page_boost,
                p.search.document_boost,
            ),
            self._numbered,
            eyes=Eyes(self._sheet, self.settings.ocr),
        )
        how = Rerank(
            p.rerank.depth,
            p.rerank.cross_depth,
            p.rerank.cross_seconds,
            keep,
            {str(stage): bounds for stage, bounds in p.rerank.trust.items()},
            p.rerank.weights(),
        )
        return found, rerank(found, self._store, self._scorers, how, query.image)

    def hits(
        self, query: Query, limit: int, listing: Listing | None = None
    ) -> tuple[str, list[Hit]]:
        """The text as searched, and the list of hits."""
        listing = listing or Listing()
        searched, candidates = self.candidates(query, listing.reach(limit))
        return searched, self.listed(candidates, limit, listing)

    def listed(self, candidates: Sequence[Candidate], limit: int, listing: Listing) -> list[Hit]:
        """Candidates in their final order to a list of hits."""
        with timed("chunks"):
            return listed(candidates, self.hits_of, limit, listing)

    def legs(self, legs: Sequence[Leg]) -> Found:
        """What the engine finds for vectors alone: the floor under the time of a search."""
        how = self.profile.search
        return self._store.search(legs, how.fusion, how.candidates, Filter())

    def hits_of(self, candidates: Sequence[Candidate]) -> list[Hit]:
        """Candidates with their chunks."""
        return to_hits(candidates, self._store, len(candidates))

    def search(self, query: Query, limit: int = 10, listing: Listing | None = None) -> SearchOut:
        start = time.perf_counter()
        listing = listing or Listing()
        found, order = self.ranked(query, listing.reach(limit))
        hits = self.listed(order.items, limit, listing)
        return search_out(found, order.notes, hits, time.perf_counter() - start)

    def explain(
        self, query: Query, limit: int = 10, expect: str = "", heat: bool = False
    ) -> ExplainOut:
        """A search stage by stage, and what became of the page `expect` (`NAME#p12`); with `heat`
        a figure with what the question met in it. Raises ValueError for a page that cannot be
        read, NotFoundError for a document of no known name."""
        from api.explaining import explain

        return explain(self, self._store, self._scorers, query, limit, expect, heat)

    def ask(self, query: Query, limit: int = 10, watch: Watch | None = None) -> AnswerOut:
        """Raises GeneratorError where no answer can be written, Cancelled after `watch.stop()`."""
        start = time.perf_counter()
        found, order = self.ranked(query, limit)
        hits = self.listed(order.items, limit, Listing())
        answer = self.answer(query, found.text, hits, watch)
        return answer_out(query.text, found, answer, time.perf_counter() - start)

    def answer(
        self, query: Query, searched: str, hits: Sequence[Hit], watch: Watch | None = None
    ) -> Answer:
        """What the generator makes of hits."""
        beside = self.profile.generate.neighbours
        if beside:
            with timed("chunks"):
                hits = in_context(hits, self._store, beside)
        with timed("answer"):
            return self._generator.answer(query, searched, hits, watch)

    @property
    def generator(self) -> Generator:
        """What writes the answers."""
        return self._generator

    def using(self, profile: Profile) -> Service:
        """This open index with other search and rerank settings; the models, and with them the
        generator, stay those it was opened with. Close only the first one."""
        other = copy(self)
        other.profile = profile
        return other

    def status(self) -> StatusOut:
        """Every document and every failed source, with totals."""
        return status_out(
            self.settings.store or str(self.settings.index),
            self.profile.name,
            self._store.documents(),
            self._store.failures(),
            CacheOut(**asdict(self._cache.state())),
        )

    def entry(self, name: str) -> LedgerOut:
        """What the ledger has of a name, id or source. Raises NotFoundError where it has nothing,
        AmbiguousError where that fits several documents."""
        entry = self._entry(name)
        return LedgerOut(
            documents=[document_out(entry.document)] if entry.document else [],
            failed=[failure_out(f) for f in entry.failures],
        )

    def delete(self, name: str) -> DeleteOut:
        """Removes the document of that name, id or source, and forgets that such a source, or one
        of its own, failed. Raises NotFoundError where there is none, AmbiguousError where there
        are several; then nothing is removed."""
        with self._writing:
            entry = self._entry(name)
            if entry.document:
                delete_document(self._store, self._blobs, entry.document.document.id)
            for failure in entry.failures:
                self._store.forgive(failure.source)
                if failure.kept and self._store.find(failure.document, fresh=True) is None:
                    self._blobs.delete(failure.document)
            return DeleteOut(
                deleted=[document_out(entry.document)] if entry.document else [],
                forgotten=[failure_out(f) for f in entry.failures],
            )

    def keep_failures(self, failures: Sequence[Failure]) -> None:
        """Takes over what another index knows of failed sources, unless they are here by now."""
        with self._writing:
            there = {source for s in self._store.documents() for source in s.sources}
            for failure in failures:
                if failure.source not in there:
                    self._store.fail(failure)

    def _entry(self, name: str) -> Entry:
        return find_entry(name, self._store.documents(), self._store.failures())

    def _asked(self, names: Sequence[str]) -> tuple[list[Stored], list[Failure]]:
        """Documents and failed sources of `names`, each once; all where none are given."""
        if not names:
            return self._store.documents(), self._store.failures()
        entries = [self._entry(n) for n in names]
        documents = {e.document.document.id: e.document for e in entries if e.document}
        failures = {f.source: f for e in entries for f in e.failures}
        return list(documents.values()), list(failures.values())

    def named(self, names: Sequence[str]) -> list[Stored]:
        """The document of each name, id, beginning of an id (8 characters or more) or source.

        Raises NotFoundError for what no document has, AmbiguousError for what several have.
        """
        documents = self._store.documents() if names else []
        return [find_document(name, documents) for name in names]

    def named_all(self) -> list[Stored]:
        """Every committed document, by name."""
        return self._store.documents()

    def page_chunks(self, document: str, page: int) -> list[Chunk]:
        """Chunks that begin on a page of a document, in reading order."""
        return self._store.page_chunks(document, page)

    def where(
        self, documents: Sequence[str] = (), kinds: Sequence[str] = (), pages: Sequence[int] = ()
    ) -> Filter:
        """A filter from names as users write them."""
        ids = tuple(s.document.id for s in self.named(documents))
        return Filter(ids, tuple(kinds), tuple(pages))  # type: ignore[arg-type]

    def original(self, document: str) -> bytes:
        """The bytes of a stored document, by its id."""
        return self._blobs.get(document)

    def page_png(self, document: str, page: int, boxes: Sequence[Box] = ()) -> bytes:
        """PNG of a stored page with boxes marked; `document` as in `named`."""
        stored = self.named([document])[0]
        data, bounds = self._blobs.get(stored.document.id), bounds_of(self.settings)
        return render_page(data, stored.type, page, boxes, bounds=bounds)

    def crop_png(self, region: Region, pixels: int) -> bytes:
        """PNG of a region of a stored page, its longest side `pixels` at most."""
        stored = self._store.find(region.document)
        if stored is None:
            raise NotFoundError(f"the document {region.document[:12]} is not in the index")
        data = self._blobs.get(region.document)
        bounds = bounds_of(self.settings)
        return render_crop(data, stored.type, region.page, region.box, pixels, bounds)

    def _page_numbered(self, document: str, number: int) -> int | None:
        """See `retrieve.pagination`; None, too, for an original that is lost or damaged."""
        stored = self._store.find(document)
        if stored is None or number > stored.document.pages:
            return None
        try:
            data = self._blobs.get(document)
            return page_numbered(data, stored.type, number, bounds_of(self.settings))
        except (StoreError, DocumentError):
            return None

    def _sheet(self, document: str, page: int) -> Sheet:
        stored = self._store.find(document)
        if stored is None:
            raise NotFoundError(f"the document {document[:12]} is not in the index")
        return sheet_of(self._blobs.get(document), stored.type, page, bounds_of(self.settings))

    def _crop(self, region: Region) -> bytes:
        return self.crop_png(region, _CROSS_PIXELS)


class _Writing:
    """One writer at a time; the first one finishes what a process that died left half done."""

    def __init__(self, settle: Callable[[], None]) -> None:
        self._lock = threading.Lock()
        self._settle: Callable[[], None] | None = settle

    def __enter__(self) -> None:
        self._lock.acquire()
        try:
            if self._settle:
                self._settle()
            self._settle = None
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def sources_of(paths: Sequence[Path], settings: Settings) -> list[Source]:
    """Files under `paths`, as sources."""
    return [Source.file(p, settings.max_file_mb << 20) for p in find_files(paths)]
