"""Files to committed documents: read ahead in child processes, embed and write here."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

from index.blobs import Blobs
from index.embed import Encoders, embed_chunks
from index.store import Store, Stored
from ingest.chunk import chunk_pages
from ingest.document import Chunk, Document, DocumentError, PageContent, PageStatus, document_id
from ingest.files import file_type
from ingest.read import Opened
from ingest.worker import Limits, Reader

#: Chunks embedded and written at a time. Batches never mix documents: the int8 encoder scales
#: by batch, so that a batch's mates move a vector's last digits, and a run that was interrupted
#: must give the same points as one that was not.
_BATCH = 48
_AHEAD = 32  # pages read before the embedding side has taken them

Outcome = Literal["added", "updated", "unchanged", "duplicate", "failed"]


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes to ingest: from a file, or handed over by a client."""

    name: str
    source: str
    read: Callable[[], bytes] = field(compare=False)

    @staticmethod
    def file(path: Path) -> Source:
        return Source(path.name, str(path.resolve()), path.read_bytes)


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


_Item = Opened | PageContent | DocumentError | None


class _Ahead:
    """One source being read by a child while another is embedded; bounded."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.items: queue.Queue[_Item] = queue.Queue(_AHEAD)
        self.id = ""
        self.kind = ""
        self.data = b""
        self.known = threading.Event()
        self.skip = False
        self.error = ""

        self._ended = False

    def __iter__(self) -> Iterator[Opened | PageContent]:
        while (item := self._next()) is not None:
            if isinstance(item, DocumentError):
                raise item
            yield item

    def drain(self) -> None:
        """Takes what is left, so that the reading thread is not held up."""
        while not self._ended:
            self._next()

    def _next(self) -> _Item:
        item = None if self._ended else self.items.get()
        self._ended = item is None or isinstance(item, DocumentError)
        return item


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
        self._readers: queue.SimpleQueue[Reader] = queue.SimpleQueue()
        self._all = [Reader(limits, ocr) for _ in range(workers)]
        for reader in self._all:
            self._readers.put(reader)
        self._stop = threading.Event()
        self._sources: dict[str, str] = {}

    def ingest(
        self, sources: Sequence[Source], report: Callable[[Progress], None] = lambda _: None
    ) -> Iterator[Result]:
        """Results in the order of `sources`; each document is committed before its result."""
        progress = _Counter(report, len(sources))
        self._stop.clear()
        self._sources = {s.document.source: s.document.id for s in self._store.documents()}
        with ThreadPoolExecutor(len(self._all)) as pool:
            try:
                waiting = iter(sources)
                open_: list[tuple[_Ahead, Future[None]]] = []
                while True:
                    for source in islice(waiting, len(self._all) + 1 - len(open_)):
                        ahead = _Ahead(source)
                        open_.append((ahead, pool.submit(self._read, ahead)))
                    if not open_:
                        return
                    ahead, future = open_.pop(0)
                    yield self._finish(ahead, progress)
                    future.result()
            finally:
                # Also when the caller stops early: ends the threads before the pool waits for them.
                self._stop.set()
                for reader in self._all:
                    reader.close()

    def _read(self, ahead: _Ahead) -> None:
        """In a thread: feeds `ahead.items` until the document ends or the run stops."""
        try:
            ahead.data = ahead.source.read()
            ahead.id = document_id(ahead.data)
            ahead.skip = self._store.find(ahead.id) is not None
            if not ahead.skip:
                ahead.kind = file_type(ahead.data, Path(ahead.source.name).suffix)
        except (OSError, DocumentError) as error:
            ahead.error = _reason(error)
        ahead.known.set()
        if ahead.skip or ahead.error:
            return
        reader = self._readers.get()
        try:
            for item in reader.pages(ahead.data, ahead.kind):
                self._put(ahead, item)
            self._put(ahead, None)
        except DocumentError as error:
            self._put(ahead, error)
        finally:
            self._readers.put(reader)

    def _put(self, ahead: _Ahead, item: _Item) -> None:
        while not self._stop.is_set():
            try:
                return ahead.items.put(item, timeout=0.2)
            except queue.Full:
                continue
        return None

    def _finish(self, ahead: _Ahead, progress: _Counter) -> Result:
        ahead.known.wait()
        source = ahead.source
        if ahead.error:
            progress.skip(source.name)
            return Result(source.name, "failed", reason=ahead.error)
        same = self._store.find(ahead.id)
        if same is not None:
            progress.skip(source.name)
            if not ahead.skip:  # its twin was written after this one began to be read
                ahead.drain()
            return _repeated(source, same)
        try:
            return self._write(ahead, progress)
        except DocumentError as error:
            ahead.drain()
            self._store.delete(ahead.id)
            self._blobs.delete(ahead.id)
            return Result(source.name, "failed", reason=str(error))

    def _write(self, ahead: _Ahead, progress: _Counter) -> Result:
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
            title = opened.metadata.get("title", "")
            self._store.upsert(embed_chunks(batch, title, self._encoders), ahead.id[:16])
            count += len(batch)
        broken = [s for s in statuses if s.state == "quarantine"]
        if broken and len(broken) == len(statuses):
            raise DocumentError(f"no page could be read; page 1: {broken[0].reason}")
        document = Document(
            ahead.id, source.name, source.source, opened.pages, opened.metadata, tuple(statuses)
        )
        self._blobs.put(ahead.id, ahead.data)
        stored = Stored(document, ahead.kind, len(ahead.data), count, ahead.id[:16])
        self._store.commit(stored)
        replaced = self._replace_older(document)
        outcome: Outcome = "updated" if replaced else "added"
        return Result(
            source.name, outcome, ahead.id, opened.pages, count, quarantined=document.quarantined
        )

    def _replace_older(self, document: Document) -> bool:
        """Deletes what the same source held before."""
        old = self._sources.get(document.source)
        self._sources[document.source] = document.id
        if old is None or old == document.id:
            return False
        self._store.delete(old)
        self._blobs.delete(old)
        return True


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


def _repeated(source: Source, same: Stored) -> Result:
    known = same.document
    outcome: Outcome = "unchanged" if known.source == source.source else "duplicate"
    reason = "" if outcome == "unchanged" else f"the same bytes as {known.name}"
    return Result(source.name, outcome, known.id, known.pages, same.chunks, reason)


def _reason(error: OSError | DocumentError) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return str(error)


def _batches(chunks: Iterable[Chunk], size: int) -> Iterator[list[Chunk]]:
    rest = iter(chunks)
    while batch := list(islice(rest, size)):
        yield batch
