"""`octavo eval ingest`: how fast documents are read, embedded and indexed, each beside its bound.

Reading is held against a bare `get_text("dict")` loop over the same pages (the fastest a reader on
this library can be), the whole against the encoders alone on the same chunks (95 % of the time of
systems like this one is embedding).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import pymupdf

from api.service import Service
from api.settings import Settings
from evals.costs import disk, memory
from evals.progress import progress
from evals.provenance import configuration, digest
from index.build import Progress
from index.embed import embed_chunks
from index.source import Source
from ingest.chunk import chunk_pages
from ingest.document import Chunk, DocumentError, PageContent, document_id
from ingest.files import MUPDF_ERRORS, file_type
from ingest.read import read_pages

_BATCH = 48  # as `index.build` embeds


@dataclass(frozen=True, slots=True)
class IngestBench:
    """Rates in pages/s. `bare` and `parse` are of PDFs in one process, without OCR; `embed` is the
    encoders alone on the chunks of all; `whole` is reading, OCR where it is on, embedding and
    writing. `states`: pages by what became of them."""

    profile: str
    config: str
    documents: int
    pages: int
    chunks: int
    errors: tuple[str, ...]
    states: dict[str, int]
    bare: float
    parse: float
    embed: float
    whole: float
    metrics: dict[str, float]

    @property
    def ratios(self) -> dict[str, float]:
        """Reading to the bare loop, and the whole to the encoders alone."""
        pairs = {
            "parse to bare loop": (self.parse, self.bare),
            "end to end to encoders alone": (self.whole, self.embed),
        }
        return {name: round(a / b, 3) for name, (a, b) in pairs.items() if b > 0}


def bench_ingest(
    files: Sequence[Path],
    settings: Settings,
    on_ingest: Callable[[Progress], None] = lambda _: None,
) -> IngestBench:
    """Reads every file three times, embeds every chunk twice; the index is made in a temporary
    folder. Raises ValueError where no page could be read."""
    pdfs = [f.read_bytes() for f in files if file_type(f.read_bytes(), f.suffix) == "pdf"]
    bare = _rate(_bare, pdfs, "bare loop")
    parse = _rate(_parsed, pdfs, "reading")
    with TemporaryDirectory() as folder:
        own = settings.model_copy(update={"index": Path(folder) / "index", "store": ""})
        service = Service(own, create=True)
        try:
            start = time.perf_counter()
            sources = [Source.file(f, own.max_file_mb << 20) for f in files]
            results = list(service.ingest(sources, on_ingest))
            seconds = time.perf_counter() - start
            status = service.status()
            if not status.pages:
                raise ValueError(f"of {len(files)} files no page could be read")
            embed_seconds = _embedded(files, service)
            states: Counter[str] = Counter(
                s.state for d in service.named_all() for s in d.document.statuses
            )
            config = digest(configuration(service))
            metrics = memory(readers=True) | disk(service, status.pages)
        finally:
            service.close()
    failed = tuple(f"{r.name}: {r.reason}" for r in results if r.outcome == "failed")
    return IngestBench(
        profile=service.profile.name,
        config=config,
        documents=len(status.documents),
        pages=status.pages,
        chunks=status.chunks,
        errors=failed,
        states=dict(states),
        bare=round(bare, 2),
        parse=round(parse, 2),
        embed=round(status.pages / embed_seconds, 2) if embed_seconds else 0.0,
        whole=round(status.pages / seconds, 2),
        metrics={name: round(value, 2) for name, value in metrics.items()},
    )


def _rate(read: Callable[[bytes], int], documents: Sequence[bytes], what: str) -> float:
    start = time.perf_counter()
    pages = 0
    with progress(what, len(documents)) as report:
        for n, data in enumerate(documents, 1):
            pages += read(data)
            report(n)
    return pages / (time.perf_counter() - start) if pages else 0.0


def _bare(data: bytes) -> int:
    try:
        with pymupdf.open(stream=data, filetype="pdf") as document:
            for page in document:
                page.get_text("dict")
            return int(document.page_count)
    except MUPDF_ERRORS:
        return 0


def _parsed(data: bytes) -> int:
    try:
        return sum(isinstance(p, PageContent) for p in read_pages(data, "pdf", ocr=False))
    except DocumentError:
        return 0


def _embedded(files: Sequence[Path], service: Service) -> float:
    """Seconds of the encoders on the chunks of all files; reading them is not counted."""
    seconds = 0.0
    with progress("encoders alone", len(files)) as report:
        for n, file in enumerate(files, 1):
            chunks = _chunks(file, service.settings.ocr)
            while batch := list(islice(chunks, _BATCH)):
                start = time.perf_counter()
                embed_chunks(batch, service.encoders)
                seconds += time.perf_counter() - start
            report(n)
    return seconds


def _chunks(file: Path, ocr: bool) -> Iterator[Chunk]:
    data = file.read_bytes()
    try:
        pages = read_pages(data, file_type(data, file.suffix), ocr)
        found = (p for p in pages if isinstance(p, PageContent))
        yield from chunk_pages(document_id(data), found)
    except DocumentError:
        return
