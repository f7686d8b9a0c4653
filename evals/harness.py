"""One evaluation, from dataset to result row and files."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from api.service import Service
from api.wire import ResultOut
from evals.compare import FILE as QUESTIONS
from evals.dataset import Dataset, Question
from evals.files import abstain_rows, answer_rows, box_rows, write_rows, write_run
from evals.judge import Judge
from evals.judging import Judgement, judge
from evals.metrics import percentile
from evals.provenance import Provenance, configuration, digest, provenance
from evals.run import Asked, Outcome, ask_all, wants_answers
from index.build import Progress
from retrieve.query import Query
from retrieve.timing import STAGES


@dataclass(frozen=True, slots=True)
class EvalResult:
    """A result row: what was run, where, on how much, with which errors, and the numbers.

    `config` and `data` are hashes of the settings and of the dataset: rows with other hashes are
    other experiments. `n` questions were asked of `questions`; `complete` is false where somebody
    stopped the run. `intervals` are 95 % bootstrap intervals of the means in `metrics`.
    """

    date: str
    commit: str
    command: str
    machine: str
    dataset: str
    data: str
    profile: str
    config: str
    settings: dict[str, Any]
    index: str
    unit: str
    n: int
    questions: int
    complete: bool
    errors: tuple[str, ...]
    documents: int
    pages: int
    chunks: int
    generator: str
    judge: str
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]

    def write(self, out: Path) -> None:
        (out / "result.json").write_text(
            json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )


@dataclass(frozen=True, slots=True)
class Watching:
    """Who is told how far a run is: pages read, questions asked, answers judged by a model."""

    ingest: Callable[[Progress], None] = lambda _: None
    question: Callable[[int], None] = lambda _: None
    verdict: Callable[[int], None] = lambda _: None


def evaluate(
    dataset: Dataset,
    service: Service,
    out: Path,
    watching: Watching | None = None,
    model: Judge | None = None,
) -> EvalResult:
    """Ingests what is not yet indexed, asks all, judges, writes every file under `out`.

    After Ctrl-C in the questions it judges and writes those that were asked, and says so.
    """
    watching = watching or Watching()
    out.mkdir(parents=True, exist_ok=True)
    origin = provenance()
    start = time.perf_counter()
    results = list(service.ingest(dataset.sources, watching.ingest))
    ingest_seconds = time.perf_counter() - start
    result = ask_and_judge(dataset, service, out, origin, watching, model)
    result = _with_ingest(result, results, ingest_seconds)
    result.write(out)
    return result


def ask_and_judge(
    dataset: Dataset,
    service: Service,
    out: Path,
    origin: Provenance,
    watching: Watching,
    model: Judge | None = None,
    answers: bool = True,
) -> EvalResult:
    """The part of an evaluation after ingestion, of an index that holds the documents; without
    `answers` only the search is judged."""
    out.mkdir(parents=True, exist_ok=True)
    # The first query pays for lazy set-up of the engine; it is not part of the latency.
    service.hits(Query("warm up"), 1)
    start = time.perf_counter()
    answers = answers and wants_answers(dataset)
    outcome = ask_all(dataset.questions, service, answers, watching.question)
    asked = time.perf_counter()
    judgement = judge(dataset, service, outcome, model, watching.verdict)
    if model:  # whose time is not the harness'
        start += time.perf_counter() - asked
    _write(dataset, outcome, judgement, out)
    overhead = time.perf_counter() - start - _pipeline_seconds(outcome)
    result = _result(dataset, service, outcome, judgement, origin, overhead)
    result.write(out)
    return result


def _write(dataset: Dataset, outcome: Outcome, judgement: Judgement, out: Path) -> None:
    asked = outcome.asked
    write_run(judgement.run, out)
    write_rows([_question_row(a, dataset, judgement) for a in asked], out / QUESTIONS)
    if dataset.has_boxes:
        write_rows(box_rows(asked), out / "boxes.jsonl")
    if any(a.answer is not None for a in asked):
        write_rows(answer_rows(asked, judgement.answers), out / "answers.jsonl")
        write_rows(abstain_rows(asked, judgement.right), out / "abstain.jsonl")


def _question_row(a: Asked, dataset: Dataset, judgement: Judgement) -> dict[str, Any]:
    q: Question = a.question
    return {
        "query-id": q.id,
        "text": q.text,
        "doc": q.document,
        "image": q.image is not None,
        "kinds": list(q.kinds),
        "gold": dataset.qrels.get(q.id, {}),
        "gold boxes": [
            {"doc": name, "page": page, "bbox": box.rounded()}
            for (name, page), boxes in dataset.boxes.get(q.id, {}).items()
            for box in boxes
        ],
        "metrics": {n: round(v, 9) for n, v in judgement.values.get(q.id, {}).items()},
        "first": list(judgement.run[q.id][:3]),
        "stages": {n: round(s * 1e3, 3) for n, s in a.stages.items()},
        "search ms": round(a.search_seconds * 1e3, 3),
        "answer ms": round(a.answer_seconds * 1e3, 3),
        "ranks": judgement.ranks.get(q.id, {}),
    }


def _result(
    dataset: Dataset,
    service: Service,
    outcome: Outcome,
    judgement: Judgement,
    origin: Provenance,
    overhead: float,
) -> EvalResult:
    state = service.status()
    settings = configuration(service)
    pipeline = _pipeline_seconds(outcome)
    metrics = {**judgement.metrics, **times(outcome.asked)}
    if pipeline > 0:
        metrics["harness overhead"] = overhead / pipeline
    metrics |= tokens(outcome.asked) | memory() | disk(service, state.pages)
    return EvalResult(
        **asdict(origin),
        dataset=dataset.name,
        data=dataset.data,
        profile=service.profile.name,
        config=digest(settings),
        settings=settings,
        index=state.index,
        unit=dataset.unit,
        n=len(outcome.asked),
        questions=len(dataset.questions),
        complete=not outcome.interrupted,
        errors=(*outcome.errors, *judgement.problems),
        documents=len(state.documents),
        pages=state.pages,
        chunks=state.chunks,
        generator=service.generator.name if any(a.answer for a in outcome.asked) else "",
        judge=judgement.judge,
        metrics={name: round(value, 9) for name, value in metrics.items()},
        intervals={n: (round(a, 6), round(b, 6)) for n, (a, b) in judgement.intervals.items()},
    )


def _with_ingest(result: EvalResult, results: Sequence[ResultOut], seconds: float) -> EvalResult:
    failed = [f"{r.name}: {r.reason}" for r in results if r.outcome == "failed"]
    failed += [f"{r.name} page {p.page}: {p.reason}" for r in results for p in r.quarantined]
    new = sum(r.pages for r in results if r.outcome in ("added", "updated"))
    rate = {"ingest pages/s": round(new / seconds, 6)} if new else {}
    return EvalResult(
        **{
            **{name: getattr(result, name) for name in EvalResult.__slots__},
            "errors": (*failed, *result.errors),
            "metrics": {**result.metrics, **rate},
        }
    )


def times(asked: Sequence[Asked]) -> dict[str, float]:
    """Milliseconds: of the search, of search and answer, and of each stage."""
    rows = {
        "search": [a.search_seconds for a in asked],
        "answer": [a.search_seconds + a.answer_seconds for a in asked if a.answer is not None],
    }
    rows |= {
        f"stage {name}": found
        for name in STAGES
        if (found := [a.stages[name] for a in asked if name in a.stages])
    }
    return {
        f"{what} p{share} ms": percentile(seconds, share / 100)
        for what, seconds in rows.items()
        if seconds
        for share in (50, 95, 99)
    }


def tokens(asked: Sequence[Asked]) -> dict[str, float]:
    """Means over the answers that a model wrote."""
    used = [a.answer.usage for a in asked if a.answer and a.answer.usage]
    if not used:
        return {}
    return {
        "prompt tokens": sum(u.prompt for u in used) / len(used),
        "answer tokens": sum(u.answer for u in used) / len(used),
    }


def _pipeline_seconds(outcome: Outcome) -> float:
    return sum(a.search_seconds + a.answer_seconds for a in outcome.asked)


def disk(service: Service, pages: int) -> dict[str, float]:
    """What an embedded index takes, the originals apart."""
    if service.settings.store or not pages:
        return {}
    folder = service.settings.index
    megabytes = size_of(folder / "store") / 1e6
    return {
        "index MB": megabytes,
        "index MB/1,000 pages": megabytes / pages * 1000,
        "originals MB": size_of(folder / "blobs") / 1e6,
    }


def size_of(folder: Path) -> int:
    """Bytes on disk of the files under a folder. The engine's are sparse: what it has reserved and
    not written takes no room."""
    return sum(_allocated(f.stat()) for f in folder.rglob("*") if f.is_file())


def _allocated(stat: os.stat_result) -> int:
    blocks = getattr(stat, "st_blocks", None)  # not on Windows; of 512 bytes each (POSIX)
    return stat.st_size if blocks is None else int(blocks) * 512


def memory() -> dict[str, float]:
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
