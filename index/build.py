"""Files to committed documents: read ahead in child processes, embed and write here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from octavo.index.chunk_vectors import Encoders, embed_chunks
from octavo.index.commit import commit_document, drop_source
from octavo.index.embed_worker import EmbedWorker
from octavo.index.ingest_pipeline import PendingDocument
from octavo.index.ledger import Ledger
from octavo.index.originals import Originals
from octavo.index.prefetch import Prefetcher
from octavo.index.source import Source, reason_of
from octavo.index.store import Point, Store, StoredDocument
from octavo.ingest.document import Document, DocumentError, PageStatus, document_id
from octavo.ingest.memory import trim
from octavo.ingest.worker.reader import Reader, ReadLimits
from octavo.ingest.worker.worker_protocol import Opened

_TRIES = 3

Outcome = Literal["added", "updated", "unchanged", "duplicate", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one source. `reason` says why it failed, or which document it repeats."""

    name: str
    outcome: Outcome
    document: str = ""
    pages: int = 0
    chunks: int = 0
    reason: str = ""
    quarantined: tuple[PageStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Pages done; `total` pages are known of so far, `waiting` files are not opened yet."""

    name: str
    done: int
    total: int
    waiting: int


class Builder:
    """Ingests into a store. Not for use by two threads at a time."""

    def __init__(
        self,
        store: Store,
        blobs: Originals,
        encoders: Encoders,
        workers: int = 2,
        limits: ReadLimits | None = None,
        ocr: bool = True,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._encoders = encoders
        self._ledger = Ledger(
            store, blobs, (limits or ReadLimits()).named() | {"ocr": str(ocr).lower()}
        )
        self._limits, self._ocr = limits, ocr
        self._readers = [Reader(limits, ocr) for _ in range(workers)]

    def ingest(
        self, sources: Sequence[Source], report: Callable[[Progress], None] = lambda _: None
    ) -> Iterator[Result]:
        """Results in the order of `sources`; each document is committed before its result.

        Child processes read ahead, threads embed what was read, and here it is written: three
        stages at work at once, each bounded. What is wrong with one source fails that one. Raises
        StoreError where the store cannot be written; the caller may stop early.
        """
        trim()  # to load the models took 50 MB more than they keep
        progress = _Counter(report, len(sources))
        self._stop = stop = threading.Event()
        self._readings = readings = Prefetcher(self._store, self._blobs, self._readers, stop)
        self._embedder = embedder = EmbedWorker(self._encoders, stop)
        open_: list[PendingDocument] = []
        try:
            waiting = iter(sources)
            while True:
                for source in islice(waiting, len(self._readers) + 1 - len(open_)):
                    open_.append(PendingDocument(source, stop))
                    readings.begin(open_[-1])
                    embedder.begin(open_[-1])
                if not open_:
                    return
                result = self._finish(open_[0], progress)
                open_.pop(0)
                yield result
        finally:
            # Also when the caller stops early: nothing goes on reading behind its back.
            stop.set()
            readings.close()
            embedder.close()
            for ahead in open_:
                self._forget_original(ahead)

    def _finish(self, ahead: PendingDocument, progress: _Counter) -> Result:
        ahead.known.wait()
        source = ahead.source
        try:
            if ahead.error is not None:
                raise ahead.error
            same = self._store.find(ahead.id, fresh=True)
            if same is not None:
                self._embedder.drop(ahead)
                progress.skip(source.name)
                repeated = self._repeated(source, same, ahead)
                self._ledger.succeeded(source)
                return repeated
            written = self._write(ahead, progress)
            self._ledger.succeeded(source)
            return written
        except (DocumentError, OSError) as error:
            if ahead.id and ahead.error is None:
                self._embedder.drop(ahead)
                # Another process with wider limits may have committed it meanwhile.
                if self._store.find(ahead.id, fresh=True) is None:
                    self._store.delete(ahead.id)
                    self._forget_original(ahead)
            else:
                progress.skip(source.name)
            reason = reason_of(error)
            self._ledger.failed(source, reason, ahead.id, ahead.kind, ahead.size, ahead.pages)
            return Result(source.name, "failed", pages=ahead.pages, reason=reason)
        finally:
            self._readings.end(ahead)

    def _steps(self, ahead: PendingDocument) -> Iterator[Opened | PageStatus | list[Point]]:
        """A document as it is read and embedded."""
        if ahead.fed:
            for step in self._embedder.steps(ahead):
                yield step.result() if isinstance(step, Future) else step
            return
        # Not ahead: it was known when its turn was far, and has been replaced since; or the other
        # source of the same bytes failed. Those that are ahead have every reader.
        with closing(Reader(self._limits, self._ocr)) as reader:
            for item in ahead.chunked(reader.pages(ahead.data, ahead.kind)):
                yield embed_chunks(item, self._encoders) if isinstance(item, list) else item

    def _write(self, ahead: PendingDocument, progress: _Counter) -> Result:
        source = ahead.source
        opened = Opened("", 0, {})
        statuses: list[PageStatus] = []
        count = 0
        self._store.begin(ahead.id)
        for step in self._steps(ahead):
            if isinstance(step, Opened):
                opened, ahead.pages = step, step.pages
                progress.open(source.name, step.pages)
            elif isinstance(step, PageStatus):
                statuses.append(step)
                progress.page(source.name)
            else:
                self._store.upsert(step)
                count += len(step)
                trim()  # each thread has a heap of its own, and none grows small by itself
        broken = [s for s in statuses if s.state == "quarantine"]
        if broken and len(broken) == len(statuses):
            raise DocumentError(f"no page could be read; page 1: {broken[0].reason}")
        if count == 0:
            raise DocumentError("has no text and no picture on any page")
        document = Document(
            ahead.id, source.name, source.source, opened.pages, opened.metadata, tuple(statuses)
        )
        self._keep_original(ahead)
        serial = 1 + max((s.serial for s in self._store.documents()), default=0)
        stored = StoredDocument(document, ahead.kind, ahead.size, count, (source.source,), serial)
        commit_document(self._store, self._blobs, stored)
        self._keep_original(ahead)  # again: the other process did not know of the commit
        replaced = self._take_source(source.source, ahead.id)
        return Result(
            source.name,
            "updated" if replaced else "added",
            ahead.id,
            opened.pages,
            count,
            quarantined=document.quarantined,
        )

    def _keep_original(self, ahead: PendingDocument) -> None:
        """Where it was read from there it is kept already; unless another process that failed at
        the same bytes took it away meanwhile. Raises DocumentError where it is gone for good."""
        if ahead.fed and self._blobs.damage(ahead.id) is None:
            return
        data = ahead.source.read() if ahead.fed else ahead.data
        if document_id(data) != ahead.id:
            raise DocumentError("was changed while it was read; ingest it again")
        self._blobs.put(ahead.id, data)

    def _forget_original(self, ahead: PendingDocument) -> None:
        """Of a document that was not committed; one that was there before is another's to keep."""
        if ahead.placed and self._store.find(ahead.id) is None:
            self._blobs.delete(ahead.id)

    def _repeated(self, source: Source, same: StoredDocument, ahead: PendingDocument) -> Result:
        """The bytes are there already: from this source, or from another one too."""
        outcome: Outcome = "unchanged"
        reason = ""
        self._keep_original(ahead)  # it may have been lost
        if source.source not in same.sources:
            self._add_source(same, source.source)
            outcome, reason = "duplicate", f"the same bytes as {same.document.name}"
            if self._take_source(source.source, same.document.id):
                outcome = "updated"
        known = same.document
        return Result(
            source.name, outcome, known.id, known.pages, same.chunks, reason, known.quarantined
        )

    def _add_source(self, same: StoredDocument, source: str) -> None:
        """Another process may add a source of its own to the same document at the same time."""
        for _ in range(_TRIES):
            new = replace(same, sources=(*same.sources, source))
            commit_document(self._store, self._blobs, new)
            again = self._store.find(same.document.id, fresh=True)
            if again is None or source in again.sources:
                return
            same = again

    def _take_source(self, source: str, document: str) -> bool:
        """What `source` held before goes, unless another source holds it too."""
        older = [
            s for s in self._store.documents() if source in s.sources and s.document.id != document
        ]
        for stored in older:
            drop_source(self._store, self._blobs, stored, source)
        return bool(older)


class _Counter:
    """Adds up pages for the progress report."""

    def __init__(self, report: Callable[[Progress], None], files: int) -> None:
        self._report = report
        self._waiting = files
        self._done = 0
        self._total = 0

    def open(self, name: str, pages: int) -> None:
        self._waiting -= 1
        self._total += pages
        self._report(Progress(name, self._done, self._total, self._waiting))

    def page(self, name: str) -> None:
        self._done += 1
        self._report(Progress(name, self._done, self._total, self._waiting))

    def skip(self, name: str) -> None:
        self._waiting -= 1
        self._report(Progress(name, self._done, self._total, self._waiting))
