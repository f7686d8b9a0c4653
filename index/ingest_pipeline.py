"""One source on its way into the index: pages read ahead of the embedding, points of the writing.

Both stages are bounded, so that no stage fills the memory while a later one is busy.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Generic, TypeVar

from octavo.index.source import Source, SourceFacts
from octavo.index.store import Point
from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import Chunk, DocumentError, PageContent, PageStatus
from octavo.ingest.worker.worker_protocol import Opened

#: Chunks embedded and written at a time. Batches never mix documents: with encoders that scale
#: int8 activations by batch (the built-in one does not) its mates would move a vector's last
#: digits, and a run that was interrupted must give the same points as one that was not. Nor would
#: it help: sorted by length, batches of 32 are 3.1 % padding, of 48 2.3 %, of 256 1.0 %; of 48
#: they take 14 MB more.
BATCH = 32
_PAGES = 16  # read before they are chunked, at most
_TICK = 0.2  # seconds between looks whether the run was stopped

T = TypeVar("T")
#: What a document becomes, in this order: opened; then pages and points, as they come.
Step = Opened | PageStatus | Future[list[Point]]


class StoppedError(Exception):
    """The run was stopped; nobody waits for the rest."""


class BoundedQueue(Generic[T]):
    """Items from one thread to another, then its end, which may be an error."""

    def __init__(self, stop: threading.Event, max_items: int = 0) -> None:
        """`max_items`: items that wait at once; 0: any number. Both sides raise StoppedError soon
        after `stop` is set."""
        self._stop = stop
        self._items: queue.Queue[T | Exception | None] = queue.Queue(max_items)
        self._ended = False

    def put(self, item: T) -> None:
        self._put(item)

    def end(self, error: Exception | None = None) -> None:
        self._put(error)

    def _put(self, item: T | Exception | None) -> None:
        while not self._stop.is_set():
            try:
                return self._items.put(item, timeout=_TICK)
            except queue.Full:
                continue
        raise StoppedError

    def __iter__(self) -> Iterator[T]:
        """Until the end; raises the error that it ended with. After the end: nothing."""
        while not self._ended:
            item = self._get()
            self._ended = item is None or isinstance(item, Exception)
            if isinstance(item, Exception):
                raise item
            if item is not None:
                yield item

    def _get(self) -> T | Exception | None:
        while not self._stop.is_set():
            try:
                return self._items.get(timeout=_TICK)
            except queue.Empty:
                continue
        raise StoppedError


class PendingDocument:
    """One source, ahead of its turn.

    `identified` is set when `id`, `kind`, `size` and `facts` are there, or `error` is.
    `prefetched`: its `pages` come, from `original`, where its bytes are kept, and become `steps`;
    not so where they are indexed already, or come with another source of this run: then they are
    `data`. `placed`: `original` is there because of this one. `dropped`: nobody needs what is left
    of it.
    """

    def __init__(self, source: Source, stop: threading.Event) -> None:
        self.source = source
        self.facts = SourceFacts()
        self.data = b""
        self.original = Path()
        self.placed = False
        self.size = 0
        self.id = ""
        self.kind = ""
        self.page_count = 0  # known once it is open
        self.error: Exception | None = None
        self.identified = threading.Event()
        self.prefetched = False
        self.dropped = False
        self.pages: BoundedQueue[Opened | PageContent] = BoundedQueue(stop, _PAGES)
        # Bounded by the points that may be in it.
        self.steps: BoundedQueue[Step] = BoundedQueue(stop)

    def chunk_batches(
        self, items: Iterator[Opened | PageContent]
    ) -> Iterator[Opened | PageStatus | list[Chunk]]:
        """What was read (`items`), in batches of chunks, each after the pages that it is of."""
        opened = next(items, None)
        if not isinstance(opened, Opened):
            raise DocumentError("was not opened before its pages came")
        yield opened
        seen: deque[PageStatus] = deque()

        def pages() -> Iterator[PageContent]:
            for item in items:
                if isinstance(item, PageContent):
                    seen.append(item.status)
                    yield item

        batch: list[Chunk] = []
        for chunk in chunk_pages(self.id, pages()):
            while seen:
                yield seen.popleft()
            batch.append(chunk)
            if len(batch) == BATCH:
                yield batch
                batch = []
        yield from seen
        if batch:
            yield batch
