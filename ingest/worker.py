"""Reads documents in a child process: a crash, a hang or a memory bomb ends that document only."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from ingest.document import DocumentError, PageContent, PageStatus
from ingest.read import Opened, read_pages
from ingest.sockets import forbid_sockets

_DONE = "done"
_DEATHS = 3  # of children in one document


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a reading process: `memory` bytes of address space, `seconds` for any one page."""

    memory: int = 4 << 30
    seconds: float = 120.0
    documents: int = 200  # read before the process is replaced, so that leaks cannot add up


class _DeadError(Exception):
    """The child died or was too slow; the text says which."""


def _quarantined(number: int, reason: str) -> PageContent:
    return PageContent(number, 0.0, 0.0, PageStatus(number, "quarantine", reason))


class Reader:
    """One child process that reads documents, started when needed and replaced when it dies."""

    def __init__(self, limits: Limits | None = None, ocr: bool = True) -> None:
        self._limits = limits or Limits()
        self._ocr = ocr
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._read = 0
        self._lock = threading.Lock()

    def pages(self, data: bytes, kind: str) -> Iterator[Opened | PageContent]:
        """As `read_pages`, from the child. Raises DocumentError where nothing can be read.

        A page that kills the child, or takes too long, is quarantined, and a new child goes on
        with the next one; after `_DEATHS` of them the rest is quarantined unread.
        """
        first, total, deaths = 1, 0, 0
        while True:
            try:
                for item in self._attempt(data, kind, first):
                    if isinstance(item, Opened):
                        if first == 1:
                            yield item
                        total = item.pages
                    else:
                        yield item
                        first = item.number + 1
                return
            except _DeadError as error:
                if total == 0:
                    raise DocumentError(str(error)) from error
                yield _quarantined(first, str(error))
                first, deaths = first + 1, deaths + 1
                if deaths == _DEATHS:
                    for number in range(first, total + 1):
                        yield _quarantined(number, f"not read: {_DEATHS} pages before it failed")
                    return

    def _attempt(self, data: bytes, kind: str, first: int) -> Iterator[Opened | PageContent]:
        pipe = self._ready()
        finished = False
        try:
            pipe.send((data, kind, self._ocr, first))
            while True:
                if not pipe.poll(self._limits.seconds):
                    raise _DeadError(f"took over {self._limits.seconds:g} s")
                item = pipe.recv()
                if item == _DONE:
                    finished = True
                    return
                if isinstance(item, DocumentError):
                    finished = True
                    raise item
                yield item
        except (EOFError, OSError, TypeError) as error:  # TypeError: closed by another thread
            raise _DeadError(self._obituary()) from error
        finally:
            if not finished:
                self.close()  # what is left in the pipe belongs to this document

    def close(self) -> None:
        """Ends the child process; another thread in `pages` gets a DocumentError.

        The next document starts a new one.
        """
        with self._lock:
            process, pipe = self._process, self._pipe
            self._process, self._pipe, self._read = None, None, 0
        if process is not None:
            process.kill()
            process.join()
        if pipe is not None:
            pipe.close()

    def _ready(self) -> Connection:
        if self._read >= self._limits.documents:
            self.close()
        if self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(theirs, self._limits.memory), daemon=True
            )
            self._process.start()
            theirs.close()
        self._read += 1
        return self._pipe

    def _obituary(self) -> str:
        process = self._process
        if process is None:
            return "reading was stopped"
        process.join(5)
        return f"the reading process died (exit code {process.exitcode}) and was replaced"


def _serve(pipe: Connection, memory: int) -> None:
    """The child: reads what it is sent until the pipe closes."""
    _limit_memory(memory)
    forbid_sockets()  # whatever a document makes its reader do, nothing leaves the machine
    # KeyboardInterrupt: Ctrl-C reaches the whole group; the parent says what happened.
    with contextlib.suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        while True:
            data, kind, ocr, first = pipe.recv()
            try:
                for item in read_pages(data, kind, ocr, first):
                    pipe.send(item)
                pipe.send(_DONE)
            except (BrokenPipeError, DocumentError) as error:
                pipe.send(error)
            except MemoryError:
                pipe.send(DocumentError(f"needs more than {memory >> 20} MB of memory to read"))
            except Exception as error:  # noqa: BLE001  hostile bytes; the parent tells the user
                pipe.send(DocumentError(f"cannot be read: {type(error).__name__}: {error}"))


def _limit_memory(most: int) -> None:
    """Bounds the address space, where the platform can."""
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))
