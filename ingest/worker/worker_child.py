"""In the process that reads: opens what it is sent, sends the pages back, goes when it is worn."""

from __future__ import annotations

import mmap
import pickle
import sys
from multiprocessing.connection import Connection
from typing import cast

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

    def __init__(self, pipe: Connection, wear: RecyclePolicy) -> None:
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
                going = self._pages(DocumentReading(data, task.kind, task.bounds), task.ocr)
            except (EOFError, ConnectionError):
                raise
            except DocumentError as error:
                self._pipe.send(error)
            except MemoryError:
                self._pipe.send(DocumentError(OUT_OF_MEMORY))
            except Exception as error:  # noqa: BLE001  hostile bytes; the parent tells the user
                said = " ".join(str(error).split())[:200]
                self._pipe.send(DocumentError(f"cannot be read: {type(error).__name__}: {said}"))

    def _pages(self, reading: DocumentReading, ocr: bool) -> bool:
        """Sends `Opened`, the style where it is asked for, and pages. Whether to go on."""
        self._pipe.send(reading.opened)
        wanted: PagesWanted = self._pipe.recv()
        packed = wanted.style
        if packed is None:
            packed = pickle.dumps(reading.style())
            self._pipe.send(packed)
        style: BodyStyle = BodyStyle() if packed == NO_STYLE else pickle.loads(packed)
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
