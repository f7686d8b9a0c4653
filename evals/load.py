"""`octavo bench load`: one question at a time and many at once, encoder alone and whole search."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from api.service import Service
from api.settings import Settings
from evals.dataset import rows
from evals.metrics import percentile
from index.minilm import MiniLm
from index.store import StoreError
from retrieve.query import Query

_WARM = 8  # questions before the clock runs
_WORDS = 9  # of a question made of a passage


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of clients got: rate in calls/s, latency in ms."""

    what: str
    clients: int
    rate: float
    p50: float
    p95: float


def run_load(settings: Settings, questions: Sequence[str], clients: int) -> dict[str, Any]:
    """Rows for the encoder and for the whole search, one client and `clients`; distinct questions,
    nothing cached. Raises StoreError for an index without text."""
    service = Service(settings.model_copy(update={"query_cache": 0}))
    try:
        asked = list(questions) or list(islice(sample_questions(service), 256))
        if not asked:
            raise StoreError(f"the index {settings.index} has no text to ask about")
        calls: dict[str, Callable[[str], object]] = {
            "encode": lambda q: service.encoders.text.embed_queries([q]),
            "search": lambda q: service.search(Query(q)),
        }
        found = []
        for what, call in calls.items():
            for text in islice(cycle(asked), _WARM):
                call(text)
            for n in (1, clients):
                # Another word each time: what the encoder keeps of short texts must not help.
                fresh = [f"{text} {what} {n}" for text in asked]
                found.append(measured(what, call, fresh, n))
        built_in = service.encoders.text.name == MiniLm.name
        bare = _bare_ratio(service, asked) if built_in else None
    finally:
        service.close()
    by = {(r.what, r.clients): r for r in found}
    ratios = {
        what: {
            "rate": round(by[what, clients].rate / by[what, 1].rate, 2),
            "p95_to_single_p50": round(by[what, clients].p95 / by[what, 1].p50, 2),
        }
        for what in calls
    }
    return {
        "questions": len(asked),
        "rows": [asdict(r) for r in found],
        "ratios": ratios,
        "encode_to_bare_session": bare,
    }


def measured(what: str, call: Callable[[str], object], asked: Sequence[str], clients: int) -> Load:
    def timed(text: str) -> float:
        start = time.perf_counter()
        call(text)
        return time.perf_counter() - start

    start = time.perf_counter()
    if clients == 1:
        took = [timed(q) for q in asked]
    else:
        with ThreadPoolExecutor(clients) as pool:
            took = list(pool.map(timed, asked))
    seconds = time.perf_counter() - start
    p50, p95 = percentile(took, 0.5), percentile(took, 0.95)
    return Load(what, clients, round(len(took) / seconds, 1), round(p50, 2), round(p95, 2))


def _bare_ratio(service: Service, asked: Sequence[str]) -> float:
    """Median time of a question through the encoder, to that of the bare session call on the same
    word pieces; the two alternate, so that the machine's noise meets both."""
    model = MiniLm()
    encoder = service.encoders.text
    ours, bare = [], []
    for text in (f"{text} bare" for text in asked):
        feed = model.feed(text)
        start = time.perf_counter()
        model.session.run(None, feed)
        middle = time.perf_counter()
        encoder.embed_queries([text])
        bare.append(middle - start)
        ours.append(time.perf_counter() - middle)
    return round(float(np.median(ours) / np.median(bare)), 3)


def sample_questions(service: Service) -> Iterator[str]:
    """Beginnings of passages, evenly over the documents."""
    seen: set[str] = set()
    for page in range(1, 60):
        for stored in service.named_all():
            for chunk in service.page_chunks(stored.document.id, page)[:4]:
                words = chunk.text.split()[:_WORDS]
                text = " ".join(words)
                if len(words) == _WORDS and text not in seen:
                    seen.add(text)
                    yield text


def read_questions(file: Path) -> list[str]:
    """One question a line, or the `text` of JSON lines. Raises ValueError for other lines."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not lines or not lines[0].lstrip().startswith("{"):
        return lines
    return [str(row["text"]) for row in rows(file, ("text",))]
