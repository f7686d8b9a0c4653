"""Embeds documents one after another, ahead of their writing; bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from octavo.index.chunk_vectors import Encoders, embed_chunks
from octavo.index.ingest_pipeline import PendingDocument, Step, StoppedError
from octavo.index.store import Point
from octavo.ingest.document import Chunk

_THREADS = 2  # batches in work: one is tokenized and projected while the model works on the other
_SLOTS = 4  # batches in work or waiting to be written


class EmbedWorker:
    """Turns what was read of documents, in the order they are given, into their points.

    Of one run; `close` it. Batches of the next document are embedded while the last of this one
    are written, so that small documents do not leave the model idle.
    """

    def __init__(self, encoders: Encoders, stop: threading.Event) -> None:
        self._encoders = encoders
        self._stop = stop
        self._slots = threading.Semaphore(_SLOTS)
        self._sequence = ThreadPoolExecutor(1)
        self._pool = ThreadPoolExecutor(_THREADS)

    def begin(self, pending: PendingDocument) -> None:
        """After those that were begun before it; nothing where `pending` is not prefetched."""
        self._sequence.submit(self._embed, pending)

    def steps(self, pending: PendingDocument) -> Iterator[Step]:
        """What became of a document that was begun; a Future's points are to be written when it
        comes. Raises what reading it raised."""
        for step in pending.steps:
            try:
                yield step
            finally:
                if isinstance(step, Future):
                    self._slots.release()

    def drop(self, pending: PendingDocument) -> None:
        """Nobody needs what is left of a document: it is read to its end and not embedded."""
        if not pending.prefetched:
            return
        pending.dropped = True
        try:
            for _ in self.steps(pending):
                pass
        except StoppedError:
            raise
        except Exception:  # noqa: BLE001  an error of a document that nobody needs
            return

    def close(self, waits: bool = True) -> None:
        """After `stop` was set, or when every document is done. `waits`: for the batches in
        work."""
        self._sequence.shutdown(waits, cancel_futures=True)
        self._pool.shutdown(waits, cancel_futures=True)

    def _embed(self, pending: PendingDocument) -> None:
        """In the thread that keeps the order."""
        while not pending.identified.wait(0.2):
            if self._stop.is_set():
                return
        if not pending.prefetched or pending.error is not None:
            return
        try:
            for step in pending.chunk_batches(iter(pending.pages)):
                if not isinstance(step, list):
                    pending.steps.put(step)
                elif not pending.dropped:
                    pending.steps.put(self._points(step))
            pending.steps.end()
        except StoppedError:
            return
        except Exception as error:  # noqa: BLE001  raised again where the points are taken
            pending.steps.end(error)

    def _points(self, chunks: list[Chunk]) -> Future[list[Point]]:
        while not self._slots.acquire(timeout=0.2):
            if self._stop.is_set():
                raise StoppedError
        return self._pool.submit(embed_chunks, chunks, self._encoders)
