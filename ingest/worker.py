"""Reads documents in a child process: a crash, a hang or a memory bomb ends that document only."""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from ingest.document import DocumentError, PageContent
from ingest.read import Opened, read_pages

_DONE = "done"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a reading process: `memory` bytes of address space, `seconds` for any one page."""

    memory: int = 4 << 30
    seconds: float = 120.0
    documents: int = 200  # read before the process is replaced, so that leaks cannot add up


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
        """As `read_pages`, from the child. Raises DocumentError, also where the child dies."""
        pipe = self._ready()
        finished = False
        try:
            pipe.send((data, kind, self._ocr))
            while True:
                if not pipe.poll(self._limits.seconds):
                    raise DocumentError(f"took over {self._limits.seconds:.0f} s for one page")
                item = pipe.recv()
                if item == _DONE:
                    finished = True
                    return
                if isinstance(item, DocumentError):
                    finished = True
                    raise item
                yield item
        except (EOFError, OSError) as error:
            raise DocumentError(self._obituary()) from error
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
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # KeyboardInterrupt: Ctrl-C reaches the whole group; the parent says what happened.
    with contextlib.suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        while True:
            data, kind, ocr = pipe.recv()
            try:
                for item in read_pages(data, kind, ocr):
                    pipe.send(item)
                pipe.send(_DONE)
            except DocumentError as error:
                pipe.send(error)
            except MemoryError:
                pipe.send(DocumentError(f"needs more than {memory >> 20} MB of memory to read"))
