"""Speed as ratios to reference kernels: what our code does, to the bare library calls under it.

Each is at most about 1 and higher is better. Both sides are timed in turns in one process, and the
median of the pairs' ratios taken: the noise of a machine meets both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count, islice

import numpy as np
import pymupdf

from octavo.api.console.progress import progress
from octavo.api.service import Service
from octavo.evals.benchmarks.sample_questions import sample_questions
from octavo.index.chunk_vectors import embed_chunks
from octavo.index.encoders.minilm import MiniLm
from octavo.index.store import Subquery
from octavo.ingest.document import Chunk
from octavo.ingest.read import read_pages
from octavo.retrieve.options import SearchOptions
from octavo.retrieve.query import Query

_QUESTIONS = 60
_ROUNDS = 9
_CHUNKS = 32

_count = count()


def ratios(service: Service) -> dict[str, float]:
    """Of an index with PDF pages and text. A kernel that does not apply is left out: the bare
    session is the built-in encoder's."""
    questions = list(islice(sample_questions(service), _QUESTIONS))
    pdf = _largest_pdf(service)
    kernels: dict[str, Callable[[], float]] = {
        "search to bare calls": lambda: _search(service, questions)
    }
    if pdf:
        kernels["reading to bare text loop"] = lambda: _reading(pdf)
    if service.encoders.text.name == MiniLm.name:
        kernels["question to bare session"] = lambda: question_ratio(service, questions)
        kernels["chunks to bare session"] = lambda: _chunks(service)
    values = {}
    with progress("reference kernels", len(kernels)) as report:
        for n, (name, kernel) in enumerate(kernels.items(), 1):
            values[name] = round(kernel(), 4)
            report(n)
    return values


def _search(service: Service, questions: Sequence[str]) -> float:
    """Embedding one question and one leg of the engine, to the whole search."""

    def bare(text: str) -> None:
        vector = service.encoders.text.embed_queries([_fresh(text)])[0]
        service.nearest([Subquery("text", "text", vector, SearchOptions().text_depth, 1.0)])

    return _ratio(bare, lambda text: service.hits(Query(_fresh(text)), 10), questions)


def _reading(data: bytes) -> float:
    """A loop of `get_text("dict")` over the pages, to reading them without OCR."""

    def bare(_: str) -> None:
        with pymupdf.open(stream=data, filetype="pdf") as document:
            for page in document:
                page.get_text("dict")

    return _ratio(bare, lambda _: list(read_pages(data, "pdf", ocr=False)), [""] * _ROUNDS)


def question_ratio(service: Service, questions: Sequence[str]) -> float:
    """The built-in model's session on a question's word pieces, to embedding the question."""
    model = MiniLm()

    def bare(text: str) -> None:
        model.session.run(None, model.session_inputs(_fresh(text)))

    return _ratio(bare, lambda text: service.encoders.text.embed_queries([_fresh(text)]), questions)


def _chunks(service: Service) -> float:
    """The model's own calls, one a chunk, to embedding chunks in every role."""
    model = MiniLm()
    chunks = list(islice(_texts(service), _CHUNKS))

    def bare(_: str) -> None:
        for chunk in chunks:
            model.session.run(None, model.session_inputs(_fresh(chunk.text)))

    def ours(_: str) -> None:
        embed_chunks([replace(c, text=_fresh(c.text)) for c in chunks], service.encoders)

    return _ratio(bare, ours, [""] * 3)


def _texts(service: Service) -> Iterator[Chunk]:
    for stored in service.named_all():
        for page in range(1, stored.document.pages + 1):
            chunks = service.page_chunks(stored.document.id, page)
            yield from (c for c in chunks if c.kind == "text")


def _largest_pdf(service: Service) -> bytes:
    """The original with most pages; nothing where there is no PDF."""
    pdfs = [s for s in service.named_all() if s.type == "pdf"]
    most = max(pdfs, key=lambda s: s.document.pages, default=None)
    return service.original(most.document.id) if most else b""


def _fresh(text: str) -> str:
    """Another beginning each time: what an encoder keeps of texts it has seen must not help."""
    return f"{next(_count)} {text}"


def _ratio(
    bare: Callable[[str], object], ours: Callable[[str], object], rounds: Sequence[str]
) -> float:
    bare(rounds[0])
    ours(rounds[0])
    pair_ratios = []
    for text in rounds:
        start = time.perf_counter()
        bare(text)
        middle = time.perf_counter()
        ours(text)
        pair_ratios.append((middle - start) / (time.perf_counter() - middle))
    return float(np.median(pair_ratios))
