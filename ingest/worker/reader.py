"""Reads documents in a child process: a crash, a hang or a memory bomb costs the page it is on."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import Popen, TimeoutExpired
from typing import Any

from octavo.ingest.document import DocumentError, PageContent, PageStatus
from octavo.ingest.file_limits import BOUNDS, FileLimits
from octavo.ingest.worker.spawn import ReadingProcess, start
from octavo.ingest.worker.watchdog import Watchdog
from octavo.ingest.worker.worker_process import serve
from octavo.ingest.worker.worker_protocol import (
    NO_STYLE,
    READY,
    End,
    Opened,
    PagesWanted,
    RecyclePolicy,
    Task,
)

_MAX_FAILURES_IN_A_ROW = 3  # pages that may kill their process one after the other
_MAX_FAILURES = 20  # and in one document
_TRANSFER = 30.0  # seconds a message may take at least: 2 GB take 3
_START = 120.0  # seconds a process may take to start, which no document is to blame for


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Of reading. `memory` is bytes of address space of the process, `seconds` for any one page,
    `document_seconds` for all pages of a document together, `pages` are read of one document,
    `bounds` what one file may unpack to.

    The process is replaced after so many documents, so many pages, or when its memory has grown by
    so many bytes, so that leaks cannot add up.
    """

    memory: int = 4 << 30
    seconds: float = 120.0
    document_seconds: float = 6 * 3600.0
    pages: int = 20_000
    process_documents: int = 200
    process_pages: int = 5000
    process_growth: int = 512 << 20
    bounds: FileLimits = BOUNDS

    def named(self) -> dict[str, str]:
        """Those that can make a document fail, by the names that users set them by."""
        return {
            "page_seconds": f"{self.seconds:g}",
            "page_memory_mb": str(self.memory >> 20),
            "document_seconds": f"{self.document_seconds:g}",
            "max_pages": str(self.pages),
        } | self.bounds.named()


class _ProcessFailedError(Exception):
    """The child died or was too slow; the text says which."""


class _ProcessTimeoutError(_ProcessFailedError):
    """Too slow, so that trying again would only take as long again."""


class _DocumentTimeoutError(_ProcessFailedError):
    """The document's time is over."""


class _ReadingProgress:
    """How far the reading of one document is; outlives the processes that read it."""

    def __init__(self, only: Sequence[int], most: int, seconds: float) -> None:
        self._only = only
        self._most = most
        self.left = seconds
        self.page_numbers: Sequence[int] | None = None  # page numbers; None: not opened yet
        self.over_limit: Sequence[int] = ()  # over the limit of their number
        self.done = 0  # of `todo`
        self.style: bytes | None = None  # packed
        self.style_attempts = 0  # times that finding the style was begun and not ended
        self.failures = 0
        self.failures_in_a_row = 0  # deaths since a page was read

    def open(self, pages: int) -> None:
        every = self._only or range(1, pages + 1)
        within = sum(1 for _ in takewhile(lambda n: n <= self._most, every))
        self.page_numbers, self.over_limit = every[:within], every[within:]

    @property
    def rest(self) -> Sequence[int]:
        return () if self.page_numbers is None else self.page_numbers[self.done :]


class Reader:
    """One child process that reads documents, started when needed and replaced when it dies."""

    def __init__(self, limits: ReadLimits | None = None, ocr: bool = True) -> None:
        self._limits = limits or ReadLimits()
        self._ocr = ocr
        self._process: ReadingProcess | None = None
        self._started = False
        self._documents_read = 0  # documents
        self._lock = threading.Lock()
        self._close_count = 0
        self._watchdog = Watchdog()

    def pages(
        self, data: bytes | Path, kind: str, only: Sequence[int] = ()
    ) -> Iterator[Opened | PageContent]:
        """An `Opened` and then every page (of `only`, where given, in rising order), from the
        child. `data` may be a file that does not change. Raises DocumentError where nothing can be
        read.

        A page that kills the child, or takes too long, is a failed page, and a new child goes on
        with the next one; after `_MAX_FAILURES_IN_A_ROW` or `_MAX_FAILURES` of them, or when the
        document's time is over, the rest fails unread, and so are pages over the limit of
        their number.
        """
        progress = _ReadingProgress(only, self._limits.pages, self._limits.document_seconds)
        close_count = self._close_count
        while progress.page_numbers is None or progress.rest:
            try:
                yield from self._attempt(data, kind, progress)
            except (_ProcessFailedError, DocumentError) as error:
                if self._close_count != close_count:
                    raise DocumentError("reading was stopped") from error
                yield from _pages_lost(error, progress)
        reason = f"not read: over {self._limits.pages} pages (OCTAVO_MAX_PAGES)"
        yield from (_failed_page(n, reason) for n in progress.over_limit)

    def attachments(self, data: Path, kind: str, folder: Path) -> list[str]:
        """Writes the files in a document into `folder`, as 0, 1, 2, ..., and gives their names. A
        time and memory limit as for a page. Raises DocumentError."""
        progress = _ReadingProgress((), 1, self._limits.document_seconds)
        reading = self._ensure_process()
        idle = False
        try:
            task = Task(str(data), kind, self._ocr, self._limits.bounds, str(folder))
            self._begin(reading, task)
            names: list[str] = self._receive(reading.process, reading.pipe, progress)
            idle = True
            return names
        except DocumentError:
            idle = True
            raise
        except (_ProcessFailedError, EOFError, OSError) as error:
            timed_out = isinstance(error, _ProcessFailedError)
            raise DocumentError(
                str(error) if timed_out else _exit_message(reading.process)
            ) from error
        finally:
            if not idle:
                self._end_process()

    def close(self) -> None:
        """Ends the child process; another thread in `pages` gets a DocumentError.

        The next document starts a new one.
        """
        self._close_count += 1
        self._end_process()
        self._watchdog.close()

    def _attempt(
        self, data: bytes | Path, kind: str, progress: _ReadingProgress
    ) -> Iterator[Opened | PageContent]:
        """As much as one child gives."""
        reading = self._ensure_process()
        process, pipe = reading.process, reading.pipe
        idle = False  # the child waits for the next document
        try:
            path = str(data) if isinstance(data, Path) else ""
            task = Task(path, kind, self._ocr, self._limits.bounds)
            self._begin(reading, task, None if isinstance(data, Path) else data)
            opened = self._receive(process, pipe, progress)
            if progress.page_numbers is None:
                progress.open(opened.pages)
                yield opened
            pipe.send(PagesWanted(progress.rest, progress.style))
            if progress.style is None:
                progress.style_attempts += 1
                progress.style = self._receive(process, pipe, progress)
            while not isinstance(item := self._receive(process, pipe, progress), End):
                progress.done, progress.failures_in_a_row = progress.done + 1, 0
                yield item
            idle = not item.recycle
        except DocumentError:
            idle = True
            raise
        except (EOFError, OSError, TypeError) as error:  # TypeError: closed by another thread
            raise _ProcessFailedError(_exit_message(process)) from error
        finally:
            if not idle:
                self._end_process()  # what is left in the pipe belongs to this document

    def _begin(self, reading: ReadingProcess, task: Task, data: bytes | None = None) -> None:
        """Sends a task, and `data` where it has no path."""
        if not self._started:
            if not reading.pipe.poll(_START):
                raise _ProcessTimeoutError(f"the reading process did not start in {_START:g} s")
            self._started = reading.pipe.recv() == READY
        with self._watchdog.limit(max(_TRANSFER, self._limits.seconds), reading.process.kill):
            reading.pipe.send(task)
            if data is not None:
                reading.pipe.send_bytes(data)

    def _receive(self, process: Popen[bytes], pipe: Connection, progress: _ReadingProgress) -> Any:
        """The next message. Only the waiting for it counts as the document's time: while the
        parent is busy with other things, the child soon waits for the parent."""
        limits, start = self._limits, time.monotonic()
        arrived = pipe.poll(max(0.0, min(limits.seconds, progress.left)))
        progress.left -= time.monotonic() - start
        if not arrived and progress.left <= 0:
            seconds = f"{limits.document_seconds:g} s (OCTAVO_DOCUMENT_SECONDS)"
            raise _DocumentTimeoutError(f"the document took over {seconds}")
        if not arrived:
            raise _ProcessTimeoutError(f"took over {limits.seconds:g} s (OCTAVO_PAGE_SECONDS)")
        # A child can be stopped half way through a message, too.
        with self._watchdog.limit(max(_TRANSFER, limits.seconds), process.kill):
            item = pipe.recv()
        if isinstance(item, DocumentError):
            raise item
        return item

    def _ensure_process(self) -> ReadingProcess:
        if self._documents_read >= self._limits.process_documents:
            self._end_process()
        process = self._process
        if process is None:
            limits = self._limits
            policy = RecyclePolicy(limits.memory, limits.process_pages, limits.process_growth)
            try:
                process = start(serve, policy)
            except OSError as error:
                raise DocumentError(f"no process to read it could be started: {error}") from error
            self._process, self._started = process, False
        self._documents_read += 1
        return process

    def _end_process(self) -> None:
        with self._lock:
            process, self._process, self._documents_read = self._process, None, 0
        if process is not None:
            process.end()


def _pages_lost(error: Exception, progress: _ReadingProgress) -> Iterator[PageContent]:
    """What is lost with a child: nothing, the page it was on, or the rest."""
    progress.failures += 1
    if progress.page_numbers is None:
        # Once more where it died: whoever killed it may have meant another process.
        if type(error) is not _ProcessFailedError or progress.failures > 1:
            raise DocumentError(str(error)) from error
        return
    if progress.style_attempts and progress.style is None:
        # One of the pages it looked at for the style; which, is found out when it is read.
        # Without it no heading is found, so it is given up only the second time.
        progress.style = NO_STYLE if progress.style_attempts > 1 else None
        return
    progress.failures_in_a_row += 1
    yield _failed_page(progress.rest[0], str(error))
    progress.done += 1
    if why := _reason_to_stop(error, progress):
        yield from (_failed_page(n, f"not read: {why}") for n in progress.rest)
        progress.done = len(progress.page_numbers)


def _reason_to_stop(error: Exception, progress: _ReadingProgress) -> str:
    """Why the rest of a document is not read; nothing where it is."""
    if isinstance(error, _DocumentTimeoutError):
        return str(error)
    if progress.failures_in_a_row >= _MAX_FAILURES_IN_A_ROW:
        return f"{progress.failures_in_a_row} pages in a row before it failed"
    return (
        f"{progress.failures} pages before it failed" if progress.failures >= _MAX_FAILURES else ""
    )


def _exit_message(process: Popen[bytes]) -> str:
    with contextlib.suppress(TimeoutExpired):
        process.wait(5)
    return f"the reading process died (exit code {process.returncode}) and was replaced"


def _failed_page(number: int, reason: str) -> PageContent:
    return PageContent(number, 0.0, 0.0, PageStatus(number, "failed", reason))
