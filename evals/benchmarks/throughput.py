"""How fast documents are read, embedded and indexed, each beside its bound.

Reading is held against a bare `get_text("dict")` loop over the same pages (the fastest a reader on
this library can be), the whole against the encoders alone on the same chunks (95 % of the time of
systems like this one is embedding). What is compared is timed in turns, several times, and the
median ratio told: the noise of a machine meets both sides.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pymupdf

from octavo.api.console.ingest_progress import ingest_progress
from octavo.api.console.progress import progress
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.evals.metrics.costs import disk, memory
from octavo.index.chunk_vectors import embed_chunks
from octavo.index.source import Source
from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import Chunk, DocumentError, PageContent, document_id
from octavo.ingest.files import file_type
from octavo.ingest.open_document import MUPDF_ERRORS
from octavo.ingest.read import read_pages

_BATCH = 256  # chunks at a time, so that the encoders alone can put like lengths together


@dataclass(frozen=True, slots=True)
class Rates:
    """Pages/s and ratios by name. `states`: pages by what became of them."""

    documents: int
    pages: int
    chunks: int
    errors: tuple[str, ...]
    states: dict[str, int]
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Took:
    """Of one pass: seconds of the clock, and of processors (children that ended included)."""

    pages: int
    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class _Turn:
    whole: _Took
    alone: _Took
    rates: Rates


def measure_rates(
    files: Sequence[Path],
    settings: Settings,
    rounds: int = 3,
) -> Rates:
    """Reads every PDF twice a round, then ingests and embeds all files once a round, each time
    into an index of its own that goes away. Raises ValueError where no page could be read."""
    metrics = _reading(files, rounds)
    turns = [_turn(files, settings) for _ in range(rounds)]
    metrics |= _told("end to end", [t.whole for t in turns])
    metrics |= _told("encoders alone", [t.alone for t in turns])
    metrics["end to end to encoders alone"] = median(t.alone.wall / t.whole.wall for t in turns)
    last = turns[-1].rates
    values = {name: round(v, 4) for name, v in (metrics | last.metrics).items()}
    return replace(last, metrics=values)


def _turn(files: Sequence[Path], settings: Settings) -> _Turn:
    with TemporaryDirectory() as folder:
        own = settings.model_copy(update={"index": Path(folder) / "index", "store": ""})
        service = Service(own, create=True)
        try:
            whole, rates = _whole(files, service)
            return _Turn(whole, _embedded(files, service), rates)
        finally:
            service.close()


def _reading(files: Sequence[Path], rounds: int) -> dict[str, float]:
    """The bare loop, reading, and reading with crops of the figures drawn: document by document
    in turns, one process, no OCR and no layout model."""
    pdfs = [data for f in files if file_type(data := f.read_bytes(), f.suffix) == "pdf"]
    if not pdfs:
        return {}
    _parsed(pdfs[0])  # imports and first-time tables
    bare: list[_Took] = []
    ours: list[_Took] = []
    drawn: list[_Took] = []
    with progress("bare loop and reading", rounds * len(pdfs)) as report:
        for n in range(rounds):
            turns = []
            for m, data in enumerate(pdfs, 1):
                turns.append((_took(_bare, data), _took(_parsed, data), _took(_drawn, data)))
                report(n * len(pdfs) + m)
            for passes, took in zip((bare, ours, drawn), zip(*turns, strict=True), strict=True):
                passes.append(_sum(took))
    values = _told("bare loop", bare) | _told("reading", ours) | _told("reading, crops", drawn)
    if bare[0].pages:
        pairs = list(zip(bare, ours, strict=True))
        values["reading to bare loop"] = median(a.wall / b.wall for a, b in pairs)
        values["reading to bare loop, CPU"] = median(a.cpu / b.cpu for a, b in pairs)
        pairs = list(zip(bare, drawn, strict=True))
        values["reading, crops to bare loop"] = median(a.wall / b.wall for a, b in pairs)
    return values


def _told(what: str, passes: Sequence[_Took]) -> dict[str, float]:
    """Medians over the rounds."""
    if not passes[0].pages:
        return {}
    return {
        f"{what} pages/s": median(p.pages / p.wall for p in passes),
        f"{what} CPU s/1,000 pages": median(p.cpu / p.pages * 1000 for p in passes),
    }


def _took(read: Callable[[bytes], int], data: bytes) -> _Took:
    wall, cpu = time.perf_counter(), _cpu()
    pages = read(data)
    return _Took(pages, time.perf_counter() - wall, _cpu() - cpu)


def _sum(parts: Sequence[_Took]) -> _Took:
    return _Took(sum(p.pages for p in parts), sum(p.wall for p in parts), sum(p.cpu for p in parts))


def _cpu() -> float:
    """Processor seconds of this process and of its children that have ended."""
    # os.times counts this process in hundredths of a second: too coarse for one small document.
    return time.process_time() + sum(os.times()[2:4])


def _bare(data: bytes) -> int:
    try:
        with pymupdf.open(stream=data, filetype="pdf") as document:
            for page in document:
                page.get_text("dict")
            return int(document.page_count)
    except MUPDF_ERRORS:
        return 0


def _parsed(data: bytes, crops: bool = False) -> int:
    try:
        pages = read_pages(data, "pdf", ocr=False, pictures=crops)
        return sum(isinstance(p, PageContent) for p in pages)
    except DocumentError:
        return 0


def _drawn(data: bytes) -> int:
    return _parsed(data, crops=True)


def _whole(files: Sequence[Path], service: Service) -> tuple[_Took, Rates]:
    """Reading in child processes, embedding and writing. Every reader has ended when it returns,
    so that its processor time counts."""
    wall, cpu = time.perf_counter(), _cpu()
    sources = [Source.file(f, service.settings.max_file_mb << 20) for f in files]
    with ingest_progress() as report:
        results = list(service.ingest(sources, report))
    state = service.status()
    if not state.pages:
        raise ValueError(f"of {len(files)} files no page could be read")
    took = _Took(state.pages, time.perf_counter() - wall, _cpu() - cpu)
    states: Counter[str] = Counter(
        s.state for d in service.named_all() for s in d.document.statuses
    )
    failed = tuple(f"{r.name}: {r.reason}" for r in results if r.outcome == "failed")
    costs = memory(readers=True) | disk(service, state.pages)
    return took, Rates(len(state.documents), state.pages, state.chunks, failed, dict(states), costs)


def _embedded(files: Sequence[Path], service: Service) -> _Took:
    """The encoders on the chunks of all files; reading them is not counted."""
    wall = cpu = 0.0
    with progress("encoders alone", len(files)) as report:
        for n, file in enumerate(files, 1):
            chunks = _chunks(file, service.settings.ocr)
            while batch := list(islice(chunks, _BATCH)):
                start, before = time.perf_counter(), _cpu()
                embed_chunks(batch, service.encoders)
                wall += time.perf_counter() - start
                cpu += _cpu() - before
            report(n)
    return _Took(service.status().pages, wall, cpu)


def _chunks(file: Path, ocr: bool) -> Iterator[Chunk]:
    data = file.read_bytes()
    try:
        pages = read_pages(data, file_type(data, file.suffix), ocr)
        contents = (p for p in pages if isinstance(p, PageContent))
        yield from chunk_pages(document_id(data), contents)
    except DocumentError:
        return
