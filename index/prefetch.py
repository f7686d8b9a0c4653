"""Reads sources in child processes, each ahead of its turn."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from octavo.index.ingest_pipeline import PendingDocument, StoppedError
from octavo.index.originals import Originals
from octavo.index.store import Store
from octavo.ingest.document import document_id
from octavo.ingest.files import file_type
from octavo.ingest.worker.reader import Reader


class Prefetcher:
    """Of one run. A thread a reader identifies sources and feeds the pages of those that are new;
    `close` it."""

    def __init__(
        self, store: Store, originals: Originals, readers: Sequence[Reader], stop: threading.Event
    ) -> None:
        """`readers` stay the caller's; they are closed when `close` is called."""
        self._store = store
        self._originals = originals
        self._readers = readers
        self._stop = stop
        self._idle: queue.SimpleQueue[Reader] = queue.SimpleQueue()
        for reader in readers:
            self._idle.put(reader)
        self._threads = ThreadPoolExecutor(len(readers))
        self._claimed: set[str] = set()  # documents that are being read for a source of this run
        self._lock = threading.Lock()

    def begin(self, pending: PendingDocument) -> None:
        self._threads.submit(self._identify, pending)

    def end(self, pending: PendingDocument) -> None:
        """It is committed or has failed: the same bytes may be read for another source."""
        if pending.prefetched:
            with self._lock:
                self._claimed.discard(pending.id)

    def close(self, waits: bool = True) -> None:
        """Ends every reader, also in the middle of a document. After `stop` was set. `waits`: for
        the threads, which may be reading a large file."""
        for reader in self._readers:
            reader.close()
        self._threads.shutdown(waits, cancel_futures=True)
        for reader in self._readers:
            reader.close()  # one that was about to start its process

    def _identify(self, pending: PendingDocument) -> None:
        """In a thread: identifies a source and, unless it is known, feeds its pages."""
        try:
            pending.data = pending.source.read()
            pending.size = len(pending.data)
            pending.id = document_id(pending.data)
            pending.facts = pending.source.facts()
            pending.kind = file_type(pending.data, pending.source.suffix)
            if self._store.find(pending.id, fresh=True) is None and self._claim(pending.id):
                self._store_original(pending)
        except Exception as error:  # noqa: BLE001  raised again in its turn; a thread has no caller
            pending.error = error
        finally:
            pending.identified.set()
        if pending.prefetched:
            self._read_pages(pending)

    def _store_original(self, pending: PendingDocument) -> None:
        """Its bytes as the original that it will have, so that neither this process nor the one
        that reads them must hold them. If it is never committed, they are swept away."""
        pending.placed = self._originals.put(pending.id, pending.data)
        pending.original = self._originals.path(pending.id)
        pending.data = b""
        pending.prefetched = True

    def _claim(self, document: str) -> bool:
        with self._lock:
            claimed = document not in self._claimed
            self._claimed.add(document)
        return claimed

    def _read_pages(self, pending: PendingDocument) -> None:
        reader = self._idle.get()
        try:
            if not self._stop.is_set():
                for item in reader.pages(pending.original, pending.kind):
                    pending.pages.put(item)
            pending.pages.end()
        except StoppedError:
            return
        except Exception as error:  # noqa: BLE001  raised again where the pages are taken
            pending.pages.end(error)
        finally:
            self._idle.put(reader)
