"""The parts wired together: one object that ingests, searches, answers, shows and deletes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from copy import copy
from dataclasses import asdict
from pathlib import Path

from api.generators import make_generator
from api.limits import bounds_of, limits_of
from api.models import load_models, manifest_of
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
    hit_out,
    result_out,
    status_out,
)
from generate.answer import Answer, Generator, Watch
from index.build import Builder, Progress
from index.source import Source
from index.store import Failure, Filter, Found, Leg, NotFoundError, Stored
from ingest.document import Box, Chunk, Region
from ingest.files import find_files
from ingest.render import render_crop, render_page
from ingest.sockets import forbid_sockets
from ingest.worker import Reader
from rerank.rerank import Rerank, Scorers, rerank, to_hits
from retrieve.legs import Depths
from retrieve.query import Candidate, Hit, Query
from retrieve.search import retrieve
from retrieve.timing import timed

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
        self._writing = threading.Lock()

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

        `uploads`: also says of each failed upload that it must be sent again. Raises StoreError
        for a name of which nothing is known.
        """
        s = self.settings
        with self._writing:
            known = [self._entry(n) for n in names] or [(self.named_all(), self._store.failures())]
            stored = {d.document.id: d for found, _ in known for d in found}
            failures = {f.source: f for _, found in known for f in found}
            again = Again(
                [d for d in stored.values() if d.document.quarantined],
                [f for f in failures.values() if uploads or f.local or f.kept],
            )
            most = s.max_file_mb << 20
            retry = Retry(self._store, self._blobs, self.encoders, self._builder(), most)
            with closing(Reader(limits_of(s), s.ocr)) as reader:
                for result in retry.run(again, reader, report):
                    yield result_out(result)

    def _builder(self) -> Builder:
        s = self.settings
        return Builder(self._store, self._blobs, self.encoders, s.workers, limits_of(s), ocr=s.ocr)

    def candidates(self, query: Query) -> tuple[str, tuple[Candidate, ...]]:
        """The text as searched, and every candidate in its final order."""
        p = self.profile
        depths = Depths(
            text=p.search.text_depth,
            words=p.search.words_depth,
            joint=p.search.joint_depth,
            text_weight=p.search.text_weight,
            words_weight=p.search.words_weight,
            joint_weight=p.search.joint_weight,
            image_weight=p.search.image_weight,
        )
        found = retrieve(
            query, self._store, self.encoders, depths, p.search.fusion, p.search.candidates
        )
        how = Rerank(
            p.rerank.depth, p.rerank.cross_depth, p.rerank.trust, weights=p.rerank.weights()
        )
        return found.text, rerank(found, self._store, self._scorers, how, query.image)

    def hits(self, query: Query, limit: int) -> tuple[str, list[Hit]]:
        searched, candidates = self.candidates(query)
        with timed("chunks"):
            return searched, to_hits(candidates, self._store, limit)

    def legs(self, legs: Sequence[Leg]) -> Found:
        """What the engine finds for vectors alone: the floor under the time of a search."""
        how = self.profile.search
        return self._store.search(legs, how.fusion, how.candidates, Filter())

    def hits_of(self, candidates: Sequence[Candidate]) -> list[Hit]:
        """Candidates with their chunks."""
        return to_hits(candidates, self._store, len(candidates))

    def search(self, query: Query, limit: int = 10) -> SearchOut:
        start = time.perf_counter()
        searched, hits = self.hits(query, limit)
        seconds = time.perf_counter() - start
        return SearchOut(
            searched=searched, hits=[hit_out(h) for h in hits], seconds=round(seconds, 4)
        )

    def ask(self, query: Query, limit: int = 10, watch: Watch | None = None) -> AnswerOut:
        """Raises GeneratorError where no answer can be written, Cancelled after `watch.stop()`."""
        start = time.perf_counter()
        searched, hits = self.hits(query, limit)
        answer = self.answer(query, searched, hits, watch)
        return answer_out(query.text, searched, answer, time.perf_counter() - start)

    def answer(
        self, query: Query, searched: str, hits: Sequence[Hit], watch: Watch | None = None
    ) -> Answer:
        """What the generator makes of hits."""
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
        """What the ledger has of a name, id or source. Raises StoreError where it has nothing."""
        documents, failures = self._entry(name)
        return LedgerOut(
            documents=[document_out(s) for s in documents],
            failed=[failure_out(f) for f in failures],
        )

    def delete(self, name: str) -> DeleteOut:
        """Removes every document of that name, id or source, and forgets that such a source, or
        one of theirs, failed. Raises StoreError where there is none."""
        with self._writing:
            found, failures = self._entry(name)
            theirs = {source for stored in found for source in stored.sources}
            failures += [
                f for f in self._store.failures() if f.source in theirs and f not in failures
            ]
            for stored in found:
                self._store.delete(stored.document.id)
                self._blobs.delete(stored.document.id)
            for failure in failures:
                self._store.forgive(failure.source)
                if failure.kept and self._store.find(failure.document, fresh=True) is None:
                    self._blobs.delete(failure.document)
            return DeleteOut(
                deleted=[document_out(s) for s in found],
                forgotten=[failure_out(f) for f in failures],
            )

    def keep_failures(self, failures: Sequence[Failure]) -> None:
        """Takes over what another index knows of failed sources, unless they are here by now."""
        with self._writing:
            there = {source for s in self._store.documents() for source in s.sources}
            for failure in failures:
                if failure.source not in there:
                    self._store.fail(failure)

    def _entry(self, name: str) -> tuple[list[Stored], list[Failure]]:
        failures = [f for f in self._store.failures() if _failed_as(f, name)]
        try:
            return self.named([name]), failures
        except NotFoundError:
            if not failures:
                raise
            return [], failures

    def named(self, names: Sequence[str]) -> list[Stored]:
        """Documents by name, id, or beginning of an id (8 characters or more).

        Raises StoreError for a name that no document has.
        """
        found: list[Stored] = []
        for name in names:
            same = [s for s in self._store.documents() if _is_named(s, name)]
            if not same:
                known = ", ".join(s.document.name for s in self._store.documents()[:8]) or "none"
                raise NotFoundError(f"no document is named {name!r}; in the index: {known}")
            found.extend(same)
        return found

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
        """PNG of a stored page with boxes marked."""
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

    def _crop(self, region: Region) -> bytes:
        return self.crop_png(region, _CROSS_PIXELS)


def _is_named(stored: Stored, name: str) -> bool:
    d = stored.document
    if name in (d.name, d.id) or (len(name) >= 8 and d.id.startswith(name)):
        return True
    return any(name in (s, os.path.basename(s)) for s in stored.sources)


def _failed_as(failure: Failure, name: str) -> bool:
    short = len(name) >= 8 and failure.document.startswith(name)
    return short or name in (failure.name, failure.source)


def sources_of(paths: Sequence[Path], settings: Settings) -> list[Source]:
    """Files under `paths`, as sources."""
    return [Source.file(p, settings.max_file_mb << 20) for p in find_files(paths)]
