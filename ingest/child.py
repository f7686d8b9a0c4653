"""The process that reads: opens what it is sent, sends the pages back, and goes when it is worn."""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing
import os
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import cast

from ingest.bounds import Bounds
from ingest.document import DocumentError
from ingest.read import OUT_OF_MEMORY, Reading, Style
from ingest.sockets import forbid_sockets

READY = "ready"  # what a process says first: everything is imported


@dataclass(frozen=True, slots=True)
class Wear:
    """What one process may take: bytes of address space, pages read, bytes its memory may grow."""

    memory: int
    pages: int
    growth: int


@dataclass(frozen=True, slots=True)
class Task:
    """A document to open, at `path`; without one its bytes come after it, as they are."""

    path: str
    kind: str
    ocr: bool
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class Wanted:
    """Pages to read of the open document, and its style where it is known already."""

    numbers: Sequence[int]
    style: Style | None


@dataclass(frozen=True, slots=True)
class End:
    """No page comes any more: all that were wanted came, or this process is worn and ends."""

    worn: bool


class Child:
    """Serves one parent. Every answer is a message; the parent never asks twice at once."""

    def __init__(self, pipe: Connection, wear: Wear) -> None:
        self._pipe = pipe
        self._wear = wear
        self._read = 0
        self._fresh = resident()

    def serve(self) -> None:
        """Until the pipe closes or the process is worn."""
        self._pipe.send(READY)
        going = True
        while going:
            task: Task = self._pipe.recv()
            sent = b"" if task.path else self._pipe.recv_bytes()
            try:
                data = _contents(task) if task.path else sent
                going = self._pages(Reading(data, task.kind, task.bounds), task.ocr)
            except (EOFError, ConnectionError):
                raise
            except DocumentError as error:
                self._pipe.send(error)
            except MemoryError:
                self._pipe.send(DocumentError(OUT_OF_MEMORY))
            except Exception as error:  # noqa: BLE001  hostile bytes; the parent tells the user
                said = " ".join(str(error).split())[:200]
                self._pipe.send(DocumentError(f"cannot be read: {type(error).__name__}: {said}"))

    def _pages(self, reading: Reading, ocr: bool) -> bool:
        """Sends `Opened`, the style where it is asked for, and pages. Whether to go on."""
        self._pipe.send(reading.opened)
        wanted: Wanted = self._pipe.recv()
        style = wanted.style
        if style is None:
            style = reading.style()
            self._pipe.send(style)
        opened = resident()
        for n, page in enumerate(reading.pages(wanted.numbers, style, ocr), 1):
            self._pipe.send(page)
            self._read += 1
            if n < len(wanted.numbers) and self._worn(opened):
                self._pipe.send(End(worn=True))
                return False
        reading.close()
        worn = self._worn(self._fresh)
        self._pipe.send(End(worn))
        return not worn

    def _worn(self, before: int) -> bool:
        return self._read >= self._wear.pages or resident() - before > self._wear.growth


def _contents(task: Task) -> bytes:
    """Of a file. A PDF is looked at, page by page, where it is, and never held as a whole. (What
    is looked at cannot be renamed or removed on Windows.) The view that stands for its bytes goes
    through `open_pdf` to MuPDF only."""
    with open(task.path, "rb") as file:
        if task.kind != "pdf" or sys.platform == "win32":
            return file.read()
        return cast("bytes", memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))


def serve(pipe: Connection, wear: Wear) -> None:
    """What the process runs."""
    limit_memory(wear.memory)
    forbid_sockets()  # whatever a document makes its reader do, nothing leaves the machine
    die_with_parent()
    # KeyboardInterrupt: Ctrl-C reaches the whole group; the parent says what happened.
    with contextlib.suppress(EOFError, KeyboardInterrupt, ConnectionError):
        Child(pipe, wear).serve()


def limit_memory(most: int) -> None:
    """Bounds the address space, where the platform can."""
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))


def die_with_parent() -> None:
    """This process ends when its parent does, however that ends.

    A closed pipe ends it when it next reads or writes. Inside a call of MuPDF that does not return,
    no Python runs, and no thread either: on Linux the kernel sends SIGIO, which ends a process that
    does not handle it, when the parent's end of the sentinel closes. (PR_SET_PDEATHSIG would come
    when the parent's *thread* ends.) Elsewhere a thread waits, for as long as threads run.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        import fcntl

        sentinel = parent.sentinel
        fcntl.fcntl(sentinel, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(sentinel, fcntl.F_GETFL)
        fcntl.fcntl(sentinel, fcntl.F_SETFL, flags | fcntl.FASYNC)
    threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def resident() -> int:
    """Bytes of memory of this process now; its peak on macOS; 0 where that cannot be asked."""
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
