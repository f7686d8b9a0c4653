"""A result row, and what one question gave, as they are written."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from octavo.api.service import Service
from octavo.evals.dataset import Dataset, GoldQuestion
from octavo.evals.ingest_dataset import DatasetIngestion
from octavo.evals.metrics.costs import disk, memory, times, tokens
from octavo.evals.provenance import Provenance, configuration, digest
from octavo.evals.run import AskedQuestion, RunOutcome
from octavo.evals.scoring import QuestionScores


@dataclass(frozen=True, slots=True)
class EvalResult:
    """A result row: what was run, where, on how much, with which errors, and the numbers.

    `config` and `data` are hashes of the settings and of the dataset: rows with other hashes are
    other experiments. `n` questions were asked of `questions`; `complete` is false where somebody
    stopped the run. `intervals` are 95 % bootstrap intervals of what is in `metrics`.
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
        """`result.json`; whole or not there at all."""
        part = out / "result.part"
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"
        part.write_text(text, encoding="utf-8")
        part.replace(out / "result.json")


def result_of(
    dataset: Dataset,
    service: Service,
    outcome: RunOutcome,
    judgement: QuestionScores,
    origin: Provenance,
    filled: DatasetIngestion,
    overhead: float,
) -> EvalResult:
    """The row. `overhead`: seconds of the harness itself."""
    state = service.status()
    settings = configuration(service)
    metrics = {**judgement.metrics, **times(outcome.asked)}
    if pipeline := pipeline_seconds(outcome):
        metrics["harness overhead"] = overhead / pipeline
    metrics |= tokens(outcome.asked) | memory(filled.pages > 0) | disk(service, state.pages)
    if filled.pages:
        metrics["ingest pages/s"] = filled.pages / filled.seconds
    return EvalResult(
        **asdict(origin),
        dataset=dataset.name,
        data=dataset.data,
        profile=service.profile.name,
        config=digest(settings),
        settings=settings,
        index=state.index,
        unit=dataset.unit,
        n=len(outcome.attempted),
        questions=len(dataset.questions),
        complete=not outcome.interrupted and not judgement.stopped,
        errors=(*filled.errors, *outcome.errors, *judgement.problems),
        documents=len(state.documents),
        pages=state.pages,
        chunks=state.chunks,
        generator=service.generator.name if any(a.answer for a in outcome.asked) else "",
        judge=judgement.judge,
        metrics={name: round(value, 9) for name, value in metrics.items()},
        intervals={n: (round(a, 6), round(b, 6)) for n, (a, b) in judgement.intervals.items()},
    )


def pipeline_seconds(outcome: RunOutcome) -> float:
    """Time of searches and answers alone."""
    return sum(a.search_seconds + a.answer_seconds for a in outcome.asked)


def question_rows(
    dataset: Dataset, outcome: RunOutcome, judgement: QuestionScores
) -> list[dict[str, Any]]:
    """`questions.jsonl`: every question that counts, in the set's order; one that failed found
    nothing and says why."""
    by_id = {a.question.id: a for a in outcome.asked}
    attempted = outcome.attempted
    return [
        _row(q, by_id.get(q.id), outcome.failed.get(q.id, ""), dataset, judgement)
        for q in dataset.questions
        if q.id in attempted
    ]


def _row(
    q: GoldQuestion,
    a: AskedQuestion | None,
    error: str,
    dataset: Dataset,
    judgement: QuestionScores,
) -> dict[str, Any]:
    row: dict[str, Any] = {
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
        "first": list(judgement.run.get(q.id, ())[:3]),
        "stages": {},
        "ranks": judgement.ranks.get(q.id, {}),
    }
    if a is not None:
        row["stages"] = {n: round(s * 1e3, 3) for n, s in a.stages.items()}
        row["search ms"] = round(a.search_seconds * 1e3, 3)
        row["answer ms"] = round(a.answer_seconds * 1e3, 3)
    if error:
        row["error"] = error
    return row
