"""`octavo bench load`: one question at a time and many at once, encoder alone and whole search."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from typing import Any

from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.evals.benchmarks.reference_kernels import question_ratio
from octavo.evals.benchmarks.sample_questions import sample_questions
from octavo.evals.metrics.retrieval import percentile
from octavo.index.encoders.minilm import MiniLm
from octavo.index.store import StoreError
from octavo.retrieve.query import Query

ROWS = 4  # encoder and search, one client and many
_WARM = 8  # questions before the clock runs


@dataclass(frozen=True, slots=True)
class LoadMeasurement:
    """What a number of clients got: rate in calls/s, latency in ms."""

    what: str
    clients: int
    rate: float
    p50: float
    p95: float


def run_load(
    settings: Settings,
    questions: Sequence[str],
    clients: int,
    report: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Rows for the encoder and for the whole search, one client and `clients`; distinct questions,
    nothing cached. `report` is told how many of the `ROWS` are there. Raises StoreError for an
    index without text."""
    service = Service(settings.model_copy(update={"query_cache": 0}))
    try:
        texts = list(questions) or list(islice(sample_questions(service), 256))
        if not texts:
            raise StoreError(f"the index {settings.index} has no text to ask about")
        calls: dict[str, Callable[[str], object]] = {
            "encode": lambda q: service.encoders.text.embed_queries([q]),
            "search": lambda q: service.search(Query(q)),
        }
        loads = []
        for what, call in calls.items():
            for text in islice(cycle(texts), _WARM):
                call(text)
            for n in (1, clients):
                # Another word each time: what the encoder keeps of short texts must not help.
                fresh = [f"{text} {what} {n}" for text in texts]
                loads.append(measure_load(what, call, fresh, n))
                report(len(loads))
        built_in = service.encoders.text.name == MiniLm.name
        bare = round(1 / question_ratio(service, texts), 3) if built_in else None
    finally:
        service.close()
    by = {(r.what, r.clients): r for r in loads}
    ratios = {
        what: {
            "rate": round(by[what, clients].rate / by[what, 1].rate, 2),
            "p95_to_single_p50": round(by[what, clients].p95 / by[what, 1].p50, 2),
        }
        for what in calls
    }
    return {
        "questions": len(texts),
        "rows": [asdict(r) for r in loads],
        "ratios": ratios,
        "encode_to_bare_session": bare,
    }


def measure_load(
    what: str, call: Callable[[str], object], questions: Sequence[str], clients: int
) -> LoadMeasurement:
    def timed(text: str) -> float:
        start = time.perf_counter()
        call(text)
        return time.perf_counter() - start

    start = time.perf_counter()
    if clients == 1:
        took = [timed(q) for q in questions]
    else:
        with ThreadPoolExecutor(clients) as pool:
            took = list(pool.map(timed, questions))
    seconds = time.perf_counter() - start
    p50, p95 = percentile(took, 0.5), percentile(took, 0.95)
    return LoadMeasurement(
        what, clients, round(len(took) / seconds, 1), round(p50, 2), round(p95, 2)
    )
