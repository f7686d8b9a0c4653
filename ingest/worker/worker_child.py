"""In the process that reads: opens what it is sent, sends the pages back, ends to be replaced."""

from __future__ import annotations

import mmap
import pickle
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from octavo.ingest.attachments import write_attachments
from octavo.ingest.document import DocumentError
from octavo.ingest.memory import resident
from octavo.ingest.read import OUT_OF_MEMORY, BodyStyle, DocumentReading
from octavo.ingest.worker.worker_protocol import (
    NO_STYLE,
    READY,
    End,
    PagesWanted,
    RecyclePolicy,
    Task,
)


class Child:
    """Serves one parent. Every answer is a message; the parent never asks twice at once."""

    def __init__(self, pipe: Connection, policy: RecyclePolicy) -> None:
        self._pipe = pipe
        self._policy = policy
        self._pages_read = 0
        self._memory_at_start = resident()

    def serve(self) -> None:
        """Until the pipe closes or the process is to be replaced."""
        self._pipe.send(READY)
        running = True
        while running:
            task: Task = self._pipe.recv()
            received = b"" if task.path else self._pipe.recv_bytes()
            try:
                data = _contents(task) if task.path else received
                if task.attachments:
                    folder = Path(task.attachments)
                    self._pipe.send(write_attachments(data, task.kind, folder, task.bounds))
                    continue
                running = self._pages(DocumentReading(data, task.kind, task.bounds), task.ocr)
            except (EOFError, ConnectionError):
                raise
            except DocumentError as error:
                self._pipe.send(error)
            except MemoryError:
                self._pipe.send(DocumentError(OUT_OF_MEMORY))
            except Exception as error:  # noqa: BLE001  hostile bytes; the parent tells the user
                message = " ".join(str(error).split())[:200]
                self._pipe.send(DocumentError(f"cannot be read: {type(error).__name__}: {message}"))

    def _pages(self, reading: DocumentReading, ocr: bool) -> bool:
        """Sends `Opened`, the style where it is asked for, and pages. Whether to go on."""
        self._pipe.send(reading.opened)
        wanted: PagesWanted = self._pipe.recv()
        packed_style = wanted.style
        if packed_style is None:
            packed_style = pickle.dumps(reading.style())
            self._pipe.send(packed_style)
        style: BodyStyle = BodyStyle() if packed_style == NO_STYLE else pickle.loads(packed_style)
        memory_when_opened = resident()
        for n, page in enumerate(reading.pages(wanted.numbers, style, ocr), 1):
            self._pipe.send(page)
            self._pages_read += 1
            if n < len(wanted.numbers) and self._should_recycle(memory_when_opened):
                self._pipe.send(End(recycle=True))
                return False
        reading.close()
        recycle = self._should_recycle(self._memory_at_start)
        self._pipe.send(End(recycle))
        return not recycle

    def _should_recycle(self, memory_before: int) -> bool:
        return (
            self._pages_read >= self._policy.pages
            or resident() - memory_before > self._policy.growth
        )


def _contents(task: Task) -> bytes:
    """Of a file. A PDF is looked at, page by page, where it is, and never held as a whole. (What
    is looked at cannot be renamed or removed on Windows.) The view that stands for its bytes goes
    through `open_pdf` to MuPDF only."""
    with open(task.path, "rb") as file:
        if task.kind != "pdf" or sys.platform == "win32":
            return file.read()
        return cast("bytes", memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
