"""One evaluation, from dataset to result row and files."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from octavo.api.service import Service
from octavo.evals.dataset import Dataset
from octavo.evals.ingest_dataset import DatasetIngestion, ingest_dataset
from octavo.evals.metrics.llm_judge import Judge
from octavo.evals.provenance import Provenance, provenance
from octavo.evals.result import EvalResult, pipeline_seconds, question_rows, result_of
from octavo.evals.run import RunOutcome, ask_all, wants_answers
from octavo.evals.run_files import abstain_rows, answer_rows, box_rows, write_rows, write_run
from octavo.evals.scoring import QuestionScores, score_run
from octavo.evals.statistics.compare import FILE as QUESTIONS
from octavo.index.progress import Progress
from octavo.retrieve.query import Query

RUN, BOXES, ANSWERS, ABSTAIN = "run.trec", "boxes.jsonl", "answers.jsonl", "abstain.jsonl"
RESULT = "result.json"


@dataclass(frozen=True, slots=True)
class RunListener:
    """Who is told how far a run is: pages read, questions asked, answers judged by a model."""

    ingest: Callable[[Progress], None] = lambda _: None
    question: Callable[[int], None] = lambda _: None
    verdict: Callable[[int], None] = lambda _: None


def evaluate(
    dataset: Dataset,
    service: Service,
    out: Path,
    watching: RunListener | None = None,
    model: Judge | None = None,
) -> EvalResult:
    """Ingests what is not yet indexed, asks all, judges, writes every file under `out`.

    After Ctrl-C in the questions (or in the verdicts of `model`) it judges and writes what there
    is, and says so. Raises DatasetError where the index holds other documents.
    """
    watching = watching or RunListener()
    origin = provenance()
    _clear(out)
    filled = ingest_dataset(dataset, service, watching.ingest)
    return ask_and_judge(dataset, service, out, origin, watching, model, filled=filled)


def ask_and_judge(
    dataset: Dataset,
    service: Service,
    out: Path,
    origin: Provenance,
    watching: RunListener,
    model: Judge | None = None,
    answers: bool = True,
    filled: DatasetIngestion | None = None,
) -> EvalResult:
    """The part of an evaluation after ingestion, of an index that holds the documents; without
    `answers` only the search is judged."""
    _clear(out)
    # The first query pays for lazy set-up of the engine; it is not part of the latency.
    service.hits(Query("warm up"), 1)
    start = time.perf_counter()
    answers = answers and wants_answers(dataset)
    outcome = ask_all(dataset.questions, service, answers, watching.question)
    search_end = time.perf_counter()
    judgement = score_run(dataset, service, outcome, model, watching.verdict)
    if model:  # whose time is not the harness'
        start += time.perf_counter() - search_end
    _write(dataset, outcome, judgement, out)
    overhead = time.perf_counter() - start - pipeline_seconds(outcome)
    filled = filled or DatasetIngestion(0, 0.0, ())
    result = result_of(dataset, service, outcome, judgement, origin, filled, overhead)
    result.write(out)
    return result


def _clear(out: Path) -> None:
    """What an earlier run left here goes first: half of it beside half of another is a lie."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (RESULT, RUN, QUESTIONS, BOXES, ANSWERS, ABSTAIN):
        (out / name).unlink(missing_ok=True)


def _write(dataset: Dataset, outcome: RunOutcome, judgement: QuestionScores, out: Path) -> None:
    asked = outcome.asked
    write_run(judgement.run, out)
    write_rows(question_rows(dataset, outcome, judgement), out / QUESTIONS)
    if dataset.has_boxes:
        write_rows(box_rows(asked), out / BOXES)
    if any(a.answer is not None for a in asked):
        write_rows(answer_rows(asked, judgement.answers), out / ANSWERS)
        write_rows(abstain_rows(asked, judgement.right), out / ABSTAIN)
