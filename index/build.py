"""Files to committed documents: read ahead in child processes, embed and write here."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from index.ahead import Ahead
from index.blobs import Blobs
from index.embed import Encoders, embed_chunks
from index.source import Source, reason_of
from index.store import Store, Stored
from ingest.chunk import chunk_pages
from ingest.document import Chunk, Document, DocumentError, PageContent, PageStatus, document_id
from ingest.files import file_type
from ingest.read import Opened
from ingest.worker import Limits, Reader

#: Chunks embedded and written at a time. Batches never mix documents: with encoders that scale
#: int8 activations by batch (the built-in one does not) its mates would move a vector's last
#: digits, and a run that was interrupted must give the same points as one that was not.
_BATCH = 48
_TRIES = 3

Outcome = Literal["added", "updated", "unchanged", "duplicate", "failed"]


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
        blobs: Blobs,
        encoders: Encoders,
        workers: int = 2,
        limits: Limits | None = None,
        ocr: bool = True,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._encoders = encoders
        self._all = [Reader(limits, ocr) for _ in range(workers)]
        self._readers: queue.SimpleQueue[Reader] = queue.SimpleQueue()
        self._stop = threading.Event()

    def ingest(
        self, sources: Sequence[Source], report: Callable[[Progress], None] = lambda _: None
    ) -> Iterator[Result]:
        """Results in the order of `sources`; each document is committed before its result.

        What is wrong with one source fails that one. Raises StoreError where the store cannot
        be written; the caller may stop early.
        """
        progress = _Counter(report, len(sources))
        self._stop.clear()
        self._readers = queue.SimpleQueue()
        for reader in self._all:
            self._readers.put(reader)
        pool = ThreadPoolExecutor(len(self._all))
        try:
            waiting = iter(sources)
            open_: list[Ahead] = []
            while True:
                for source in islice(waiting, len(self._all) + 1 - len(open_)):
                    open_.append(Ahead(source))
                    pool.submit(self._read, open_[-1])
                if not open_:
                    return
                yield self._finish(open_.pop(0), pool, progress)
        finally:
            # Also when the caller stops early: nothing goes on reading behind its back.
            self._stop.set()
            for reader in self._all:
                reader.close()
            pool.shutdown(wait=True, cancel_futures=True)
            for reader in self._all:
                reader.close()

    def _read(self, ahead: Ahead) -> None:
        """In a thread: identifies a source and, unless it is known, feeds its pages."""
        try:
            ahead.data = ahead.source.read()
            ahead.id = document_id(ahead.data)
            ahead.kind = file_type(ahead.data, Path(ahead.source.name).suffix)
            ahead.fed = self._store.find(ahead.id, fresh=True) is None
        except Exception as error:  # noqa: BLE001  raised again by _finish; a thread has no caller
            ahead.error = error
        finally:
            ahead.known.set()
        if ahead.fed and ahead.error is None:
            self._feed(ahead)

    def _feed(self, ahead: Ahead) -> None:
        reader = self._readers.get()
        try:
            if not self._stop.is_set():
                for item in reader.pages(ahead.data, ahead.kind):
                    ahead.put(item, self._stop)
                    if self._stop.is_set():
                        return
            ahead.put(None, self._stop)
        except Exception as error:  # noqa: BLE001  raised again where the pages are taken
            ahead.put(error, self._stop)
        finally:
            self._readers.put(reader)

    def _finish(self, ahead: Ahead, pool: ThreadPoolExecutor, progress: _Counter) -> Result:
        ahead.known.wait()
        source = ahead.source
        try:
            if ahead.error is not None:
                raise ahead.error
            same = self._store.find(ahead.id, fresh=True)
            if same is not None:
                ahead.drain()
                progress.skip(source.name)
                return self._repeated(source, same, ahead)
            if not ahead.fed:  # it was known when it was read, and has been replaced since
                ahead.fed = True
                pool.submit(self._feed, ahead)
            return self._write(ahead, progress)
        except (DocumentError, OSError) as error:
            if ahead.id and ahead.error is None:
                ahead.drain()
                # Another process with wider limits may have committed it meanwhile.
                if self._store.find(ahead.id, fresh=True) is None:
                    self._store.delete(ahead.id)
            else:
                progress.skip(source.name)
            return Result(source.name, "failed", reason=reason_of(error))

    def _write(self, ahead: Ahead, progress: _Counter) -> Result:
        source = ahead.source
        items = iter(ahead)
        opened = next(items)
        if not isinstance(opened, Opened):
            raise DocumentError("was not opened before its pages came")
        progress.open(source.name, opened.pages)
        statuses: list[PageStatus] = []

        def pages() -> Iterator[PageContent]:
            for item in items:
                if isinstance(item, PageContent):
                    statuses.append(item.status)
                    progress.page(source.name)
                    yield item

        self._store.begin(ahead.id)
        count = 0
        for batch in _batches(chunk_pages(ahead.id, pages()), _BATCH):
            self._store.upsert(embed_chunks(batch, self._encoders))
            count += len(batch)
        broken = [s for s in statuses if s.state == "quarantine"]
        if broken and len(broken) == len(statuses):
            raise DocumentError(f"no page could be read; page 1: {broken[0].reason}")
        if count == 0:
            raise DocumentError("has no text and no picture on any page")
        document = Document(
            ahead.id, source.name, source.source, opened.pages, opened.metadata, tuple(statuses)
        )
        self._blobs.put(ahead.id, ahead.data)
        serial = 1 + max((s.serial for s in self._store.documents()), default=0)
        stored = Stored(document, ahead.kind, len(ahead.data), count, (source.source,), serial)
        self._store.commit(stored)
        replaced = self._take_source(source.source, ahead.id)
        return Result(
            source.name,
            "updated" if replaced else "added",
            ahead.id,
            opened.pages,
            count,
            quarantined=document.quarantined,
        )

    def _repeated(self, source: Source, same: Stored, ahead: Ahead) -> Result:
        """The bytes are there already: from this source, or from another one too."""
        outcome: Outcome = "unchanged"
        reason = ""
        self._blobs.put(ahead.id, ahead.data)  # it may have been lost
        if source.source not in same.sources:
            self._add_source(same, source.source)
            outcome, reason = "duplicate", f"the same bytes as {same.document.name}"
            if self._take_source(source.source, same.document.id):
                outcome = "updated"
        known = same.document
        return Result(source.name, outcome, known.id, known.pages, same.chunks, reason)

    def _add_source(self, same: Stored, source: str) -> None:
        """Another process may add a source of its own to the same document at the same time."""
        for _ in range(_TRIES):
            self._store.commit(replace(same, sources=(*same.sources, source)))
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


def drop_source(store: Store, blobs: Blobs, stored: Stored, source: str) -> None:
    """Forgets that a document comes from `source`; the last source takes the document along."""
    left = tuple(s for s in stored.sources if s != source)
    if left:
        name = os.path.basename(left[0]) if stored.document.source == source else ""
        document = replace(stored.document, source=left[0], name=name) if name else stored.document
        store.commit(replace(stored, document=document, sources=left))
    else:
        store.delete(stored.document.id)
        blobs.delete(stored.document.id)


def settle(store: Store, blobs: Blobs, alone: bool = True) -> None:
    """Finishes what a process that died left half done: an update that was committed before the
    version it replaces was deleted, and originals that no document names. The latter only where
    no other process (`alone`) can be about to commit the document that names them."""
    newest: dict[str, Stored] = {}
    for stored in sorted(store.documents(), key=lambda s: s.serial):
        for source in stored.sources:
            if source in newest:
                # Read again: it may have lost another source a moment ago.
                older = store.find(newest[source].document.id, fresh=True)
                if older is not None:
                    drop_source(store, blobs, older, source)
            newest[source] = stored
    if alone:
        blobs.sweep({s.document.id for s in store.documents()})


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


def _batches(chunks: Iterable[Chunk], size: int) -> Iterator[list[Chunk]]:
    rest = iter(chunks)
    while batch := list(islice(rest, size)):
        yield batch
