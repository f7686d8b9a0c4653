"""`octavo eval bench`: what a question costs on an index.

Cold start, latency by stage, its ratio to bare calls of the same encoder and engine, throughput,
memory, disk.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np

from octavo.api.console.progress import progress
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.evals.benchmarks.load_test import LoadMeasurement, measure_load
from octavo.evals.benchmarks.reference_kernels import ratios
from octavo.evals.benchmarks.sample_questions import sample_questions
from octavo.evals.dataset import GoldQuestion
from octavo.evals.metrics.costs import disk, memory, times
from octavo.evals.provenance import configuration, digest
from octavo.evals.run import ask_all
from octavo.index.store import StoreError
from octavo.retrieve.query import Query

_WARM = 8
_ROUNDS = 3  # of cold starts; the median is told
MOST = 256  # questions

_CHILD = """
import resource, sys, time
from pathlib import Path
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.retrieve.query import Query
service = Service(Settings.model_validate_json(sys.argv[1]))
service.ask(Query(sys.argv[2]))
print(time.time())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
service.close()
"""


@dataclass(frozen=True, slots=True)
class SpeedBench:
    """`metrics` as in a result row; `ratios` as `octavo.evals.benchmarks.reference_kernels`
    has them; `load`: one client, then many."""

    n: int
    questions: int
    complete: bool
    errors: tuple[str, ...]
    config: str
    profile: str
    index: str
    documents: int
    pages: int
    metrics: dict[str, float]
    ratios: dict[str, float]
    load: tuple[LoadMeasurement, ...]


def bench_speed(
    settings: Settings,
    questions: Sequence[str],
    clients: int,
    report: Callable[[int], None] = lambda _: None,
) -> SpeedBench:
    """Of an index that is there. After Ctrl-C in the questions it tells of those asked, and
    measures nothing more. Raises StoreError for an index without text."""
    settings = settings.model_copy(update={"query_cache": 0})
    service = Service(settings)
    try:
        texts = list(questions)[:MOST] or list(islice(sample_questions(service), MOST))
        if not texts:
            raise StoreError(f"the index {settings.index} has no text to ask about")
        for text in islice(cycle(texts), _WARM):
            service.search(Query(text))
        outcome = ask_all(
            [GoldQuestion(str(n), text) for n, text in enumerate(texts)], service, True, report
        )
        state = service.status()
        metrics = times(outcome.asked) | memory() | disk(service, state.pages)
        kernels: dict[str, float] = {}
        load: tuple[LoadMeasurement, ...] = ()
        if not outcome.interrupted:
            kernels = ratios(service)
            load = _load(service, texts, clients)
            metrics["queries/s"] = load[-1].rate
        config = digest(configuration(service))
    finally:
        service.close()
    if not outcome.interrupted:
        metrics |= cold_start(settings, texts[0])
    return SpeedBench(
        n=len(outcome.attempted),
        questions=len(texts),
        complete=not outcome.interrupted,
        errors=outcome.errors,
        config=config,
        profile=service.profile.name,
        index=state.index,
        documents=len(state.documents),
        pages=state.pages,
        metrics={name: round(value, 3) for name, value in metrics.items()},
        ratios=kernels,
        load=load,
    )


def _load(service: Service, questions: Sequence[str], clients: int) -> tuple[LoadMeasurement, ...]:
    """One client, then many, on other beginnings: what the encoder keeps must not help."""
    return tuple(
        measure_load(
            "search", lambda q: service.search(Query(q)), [f"{n} {q}" for q in questions], n
        )
        for n in (1, clients)
    )


def cold_start(settings: Settings, question: str) -> dict[str, float]:
    """From the start of a new process to its first answer: seconds, median of three; its peak
    memory. Nothing where the index cannot be opened a second time."""
    seconds, peaks = [], []
    plain = settings.model_dump_json(exclude_unset=True)
    with progress("cold starts", _ROUNDS) as report:
        for n in range(_ROUNDS):
            start = time.time()
            done = subprocess.run(
                [sys.executable, "-c", _CHILD, plain, question],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                lines = done.stderr.strip().splitlines() or ["no message"]
                raise StoreError(f"a new process could not answer: {lines[-1]}")
            answered, peak = done.stdout.split()[-2:]
            seconds.append(float(answered) - start)
            peaks.append(int(peak) / (1 << 20 if sys.platform == "darwin" else 1 << 10))
            report(n + 1)
    return {
        "cold start s": float(np.median(seconds)),
        "cold start memory MB": float(np.median(peaks)),
    }
