"""Ends a call that takes too long by calling something that makes it fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TICK = 0.5  # seconds between looks: what is bounded may take that much longer


class Watchdog:
    """For one thread at a time. Its own thread is started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._deadline: tuple[float, Callable[[], None]] | None = None
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    @contextmanager
    def limit(self, seconds: float, on_timeout: Callable[[], None]) -> Iterator[None]:
        """Calls `bark` from another thread if the block takes longer than `seconds`."""
        if self._thread is None:
            self._closed.clear()
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        with self._lock:
            self._deadline = (time.monotonic() + seconds, on_timeout)
        try:
            yield
        finally:
            with self._lock:
                self._deadline = None

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            self._closed.set()
            thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(_TICK):
            with self._lock:  # held while it barks: what is over is never ended
                if self._deadline is not None and time.monotonic() > self._deadline[0]:
                    self._deadline[1]()
                    self._deadline = None
