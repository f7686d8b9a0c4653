"""One writer at a time on an open index."""

from __future__ import annotations

import threading
from collections.abc import Callable


class WriterLock:
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
