"""Pages of one source, read ahead of the embedding; bounded."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

from index.source import Source
from ingest.document import PageContent
from ingest.read import Opened

_AHEAD = 32  # pages read before the embedding side has taken them

Item = Opened | PageContent | Exception | None


class Ahead:
    """One source that is read while another is embedded; bounded.

    `known` is set when `data`, `id` and `kind` are there, or `error` is.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data = b""
        self.id = ""
        self.kind = ""
        self.error: Exception | None = None
        self.known = threading.Event()
        self.fed = False  # its pages are being put into the queue
        self._items: queue.Queue[Item] = queue.Queue(_AHEAD)
        self._ended = False

    def put(self, item: Item, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._items.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def __iter__(self) -> Iterator[Opened | PageContent]:
        while (item := self._next()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    def drain(self) -> None:
        """Takes what is left, so that the reading thread is not held up."""
        while self.fed and not self._ended:
            self._next()

    def _next(self) -> Item:
        item = None if self._ended else self._items.get()
        self._ended = item is None or isinstance(item, Exception)
        return item
