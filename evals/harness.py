"""One evaluation, from dataset folder to result row."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.service import Service
from api.wire import ResultOut
from evals.abstention import Decision, refusal
from evals.commit import commit as current_commit
from evals.compare import write_questions
from evals.dataset import Dataset
from evals.metrics import box_means, by_question, percentile, retrieval
from evals.run import Asked, ask_all, write_abstain, write_boxes, write_run
from index.build import Progress
from retrieve.query import Query


@dataclass(frozen=True, slots=True)
class EvalResult:
    """A result row: what was run, where, on how much, with which errors, and the numbers."""

    date: str
    commit: str
    command: str
    machine: str
    dataset: str
    profile: str
    n: int
    errors: tuple[str, ...]
    documents: int
    pages: int
    chunks: int
    metrics: dict[str, float]

    def write(self, out: Path) -> None:
        (out / "result.json").write_text(json.dumps(asdict(self), indent=1) + "\n")


def evaluate(
    dataset: Dataset,
    service: Service,
    out: Path,
    command: str,
    on_ingest: Callable[[Progress], None] = lambda _: None,
    on_question: Callable[[int], None] = lambda _: None,
) -> EvalResult:
    """Ingests what is not yet indexed, asks all, writes every file under `out`."""
    out.mkdir(parents=True, exist_ok=True)
    commit = current_commit()  # before the run: what is committed while it lasts did not run
    start = time.perf_counter()
    results = list(service.ingest(dataset.sources, on_ingest))
    ingest_seconds = time.perf_counter() - start
    # The first query pays for lazy set-up of the engine; it is not part of the latency.
    service.hits(Query("warm up"), 1)
    gives_answers = any(q.answerable is not None for q in dataset.questions)
    asked, errors = ask_all(dataset, service, gives_answers, on_question)
    write_run(asked, out)
    write_questions(out, _questions(dataset, asked))
    if dataset.has_boxes:
        write_boxes(asked, out)
    if gives_answers:
        write_abstain(asked, out)
    result = _result(dataset, service, results, ingest_seconds, asked, errors, command, commit)
    result.write(out)
    return result


def _result(
    dataset: Dataset,
    service: Service,
    results: Sequence[ResultOut],
    ingest_seconds: float,
    asked: Sequence[Asked],
    errors: Sequence[str],
    command: str,
    commit: str,
) -> EvalResult:
    failed = [f"{r.name}: {r.reason}" for r in results if r.outcome == "failed"]
    failed += [f"{r.name} page {p.page}: {p.reason}" for r in results for p in r.quarantined]
    new = sum(r.pages for r in results if r.outcome in ("added", "updated"))
    state = service.status()
    metrics = retrieval(asked, dataset.qrels)
    metrics.update(box_means(asked, dataset.boxes))
    decisions = [
        Decision(a.question.answerable, a.answered, a.confidence)
        for a in asked
        if a.question.answerable is not None
    ]
    metrics.update(refusal(decisions))
    metrics.update(_times(asked))
    if new:
        metrics["ingest pages/s"] = new / ingest_seconds
    metrics.update(_memory())
    return EvalResult(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit,
        command=command,
        machine=f"{platform.machine()}, {_processor()}, Python {platform.python_version()}",
        dataset=dataset.name,
        profile=service.profile.name,
        n=len(asked),
        errors=(*failed, *errors),
        documents=len(state.documents),
        pages=state.pages,
        chunks=state.chunks,
        metrics={name: round(value, 6) for name, value in metrics.items()},
    )


def _questions(dataset: Dataset, asked: Sequence[Asked]) -> list[dict[str, Any]]:
    """What each judged question gave: for comparisons, and to see where it went wrong."""
    by_id = {a.question.id: a for a in asked}
    documents = {q.id: q for q in dataset.questions}
    return [
        {
            "query-id": key,
            "text": documents[key].text,
            "doc": documents[key].document,
            "metrics": {name: round(value, 6) for name, value in values.items()},
            "first": [item for item, _ in by_id[key].items[:3]] if key in by_id else [],
            "search ms": round(by_id[key].search_seconds * 1e3, 1) if key in by_id else None,
        }
        for key, values in by_question(asked, dataset.qrels).items()
    ]


def _times(asked: Sequence[Asked]) -> dict[str, float]:
    search = [a.search_seconds for a in asked]
    whole = [a.search_seconds + a.answer_seconds for a in asked]
    return {
        "search p50 ms": percentile(search, 0.5),
        "search p95 ms": percentile(search, 0.95),
        "answer p50 ms": percentile(whole, 0.5),
        "answer p95 ms": percentile(whole, 0.95),
    }


def _memory() -> dict[str, float]:
    """Peak of this process, and of the largest reading process, where the platform tells."""
    if sys.platform == "win32":
        return {}
    import resource

    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    peaks = {
        "peak memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
        "peak memory of a reader MB": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit,
    }
    return {name: value for name, value in peaks.items() if value > 0}


def _processor() -> str:
    return f"{os.cpu_count()} cores"


def rows_of(result: EvalResult) -> list[tuple[str, Any]]:
    """Name and value of every metric, to print."""
    return [
        (name, f"{value:.4f}" if value < 1 else f"{value:.1f}")
        for name, value in result.metrics.items()
    ]
