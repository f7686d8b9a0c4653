"""What a driver and the process that measures it say to each other: a task file, lines of JSON.

Runs in every system's own environment, so it imports the standard library only.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

SHOWN = 10  # passages of a timed search
DEPTH = 100  # passages of a scored search, before they are folded into pages
BREAK = "\f"  # between the pages of a text
_WARM = 8  # questions before the clock runs


@dataclass(frozen=True, slots=True)
class DriverTask:
    """What a driver is to do. Paths are absolute; `questions` are pairs of id and text."""

    system: str
    options: dict[str, str]
    embedder: str
    index: str
    run: str
    documents: list[str]
    questions: list[tuple[str, str]]

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @staticmethod
    def read(file: Path) -> DriverTask:
        return DriverTask(**json.loads(file.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class DriverIngested:
    """What came into an index: pages as the system counts them, seconds by part of the work."""

    pages: int
    chunks: int
    errors: list[str] = field(default_factory=list)
    parts: dict[str, float] = field(default_factory=dict)


class Driver(Protocol):
    """One system. `packages` are the distributions whose versions the row names."""

    packages: tuple[str, ...]

    def __init__(self, task: DriverTask) -> None: ...

    def settings(self) -> dict[str, object]:
        """How it was set up, for the row."""

    def load(self) -> None:
        """Brings the models of ingestion into memory; not timed."""

    def ingest(self, documents: Sequence[Path]) -> DriverIngested:
        """Reads, cuts, embeds and writes everything to disk."""

    def open(self) -> None:
        """Opens the index for questions."""

    def search(self, text: str, limit: int) -> list[str]:
        """Pages (`NAME#pN`) of the best `limit` passages, best first, each once."""


def main(driver: type[Driver]) -> None:
    """`ingest TASK` or `query TASK`; events go to standard output, all else to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries print; their words must not mix with the events
    verb, file = sys.argv[1:]
    task = DriverTask.read(Path(file))
    system = driver(task)
    versions = {name: importlib.metadata.version(name) for name in driver.packages}
    _tell(out, "about", python=platform.python_version(), versions=versions)
    {"ingest": _ingest, "query": _query}[verb](system, task, out)
    _tell(out, "end", memory_mb=_memory())


def _ingest(system: Driver, task: DriverTask, out: TextIO) -> None:
    system.load()
    start = time.perf_counter()
    ingested = system.ingest([Path(d) for d in task.documents])
    seconds = time.perf_counter() - start
    _tell(out, "ingested", seconds=seconds, settings=system.settings(), **asdict(ingested))


def _query(system: Driver, task: DriverTask, out: TextIO) -> None:
    texts = [text for _, text in task.questions]
    system.open()
    system.search(texts[0], SHOWN)
    _tell(out, "first")
    for text in texts[:_WARM]:
        system.search(f"{text} warm", SHOWN)  # other words: nothing kept of these helps later
    _tell(out, "asked", seconds=[_timed(system, text) for text in texts])
    with Path(task.run).open("w", encoding="utf-8") as run:
        for question, text in task.questions:
            for rank, page in enumerate(system.search(text, DEPTH), 1):
                run.write(f"{question}\tQ0\t{page}\t{rank}\t{1 / rank:.6f}\t{task.system}\n")


def _timed(system: Driver, text: str) -> float:
    start = time.perf_counter()
    system.search(text, SHOWN)
    return time.perf_counter() - start


def page_of(name: str, number: int) -> str:
    """The id of a page, counted from 1."""
    return f"{name}#p{number}"


def folded(pages: Iterable[str]) -> list[str]:
    """Each page once, at its best rank."""
    return list(dict.fromkeys(pages))


def spanned(first: int, text: str) -> list[int]:
    """Numbers of the pages that a text beginning on page `first` has words on."""
    parts = text.lstrip(BREAK).split(BREAK)
    return [first + n for n, part in enumerate(parts) if part.strip()]


def _tell(out: TextIO, event: str, **values: object) -> None:
    out.write(json.dumps({"event": event, **values}) + "\n")
    out.flush()


def _memory() -> float:
    """Peak resident set of this process in MB; 0 where the platform does not tell."""
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
