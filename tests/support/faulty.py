"""Reading processes in which something goes wrong at a chosen page, for the fault tests.

Each function stands in for `reader_module.serve` and runs in a real child process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from octavo.ingest import read as read_module
from octavo.ingest.document import PageContent
from octavo.ingest.worker import reader as reader_module
from octavo.ingest.worker.worker_process import serve
from octavo.ingest.worker.worker_protocol import RecyclePolicy

_read: Any = read_module  # whose functions are replaced, in the child
_read_page = _read.read_page
_kept: list[bytes] = []


def stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def hang_in_c() -> None:
    """As a loop inside MuPDF: no Python runs, in no thread, because the interpreter is locked."""
    sleep: Any = ctypes.PyDLL(None).sleep
    sleep(1000)


FAULTS: dict[str, Callable[[], object]] = {
    "dies": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "aborts": os.abort,
    "exits": lambda: os._exit(3),
    "stops": stop,
    "sleeps": lambda: time.sleep(1000),
    "hangs": hang_in_c,
    "fills": lambda: bytearray(1 << 40),
    "raises": lambda: dict[str, str]()["no such object"],
}


def _page(page: Any, *rest: Any, **named: Any) -> PageContent:
    said = page.get_text().split()
    if said and said[0] in FAULTS:
        FAULTS[said[0]]()
    if said and said[0] == "leaks":
        _kept.append(os.urandom(64 << 20))
    read: PageContent = _read_page(page, *rest, **named)
    return read


def faulty(pipe: Connection, wear: RecyclePolicy) -> None:
    """The first word of a page says what happens there; other pages are read as ever."""
    _read.read_page = _page
    serve(pipe, wear)


def faulty_sizing(pipe: Connection, wear: RecyclePolicy) -> None:
    """Finding the body size kills the process."""
    _read.body_size = lambda _: os.abort()
    serve(pipe, wear)


def deadly_to_open(pipe: Connection, wear: RecyclePolicy) -> None:
    """A document whose bytes name a fault kills the process that opens it."""
    opened = _read.open_document

    def open_document(data: bytes, *rest: Any, **named: Any) -> Any:
        if b"deadly" in data:
            os.abort()
        return opened(data, *rest, **named)

    _read.open_document = open_document
    serve(pipe, wear)


if __name__ == "__main__":  # a parent that is to be killed, with a child that hangs
    from tests.conftest import text_pdf
    from tests.support import faulty as this_module

    worker: Any = reader_module
    worker.serve = this_module.faulty  # of a module that the child can import, not of `__main__`
    reader = reader_module.Reader(reader_module.ReadLimits(seconds=1000))
    pages = reader.pages(text_pdf(["one", sys.argv[1]]), "pdf")
    kinds = [type(next(pages)).__name__ for _ in range(2)]
    sys.stdout.write(f"{kinds}\n{reader._process.process.pid if reader._process else 0}\n")
    sys.stdout.flush()
    next(pages)
