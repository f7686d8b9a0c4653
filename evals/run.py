"""Asks every question of a dataset and keeps what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from octavo.api.document_filter import read_conditions
from octavo.api.service import Service
from octavo.evals.dataset import Dataset, GoldQuestion
from octavo.generate.answer import Answer, GeneratorError
from octavo.index.store import StoreError
from octavo.ingest.document import DocumentError
from octavo.retrieve.query import Hit, Query
from octavo.retrieve.timing import stopwatch

HITS = 100  # chunks kept a question, before they are folded into pages or documents


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """What one question gave: hits best first, the answer where one was asked for, and seconds
    by stage."""

    question: GoldQuestion
    hits: tuple[Hit, ...]
    answer: Answer | None
    search_seconds: float
    answer_seconds: float
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """Every question that was answered, in order, and by id what went wrong with the others.

    `interrupted`: somebody stopped it; what was asked until then is whole. `seconds` is the time
    of everything, so that the harness' own share can be told.
    """

    asked: tuple[AskedQuestion, ...]
    failed: dict[str, str]
    interrupted: bool
    seconds: float
    planned: int

    @property
    def attempted(self) -> set[str]:
        """Ids of the questions that count: a system must not gain by failing."""
        return {a.question.id for a in self.asked} | set(self.failed)

    @property
    def errors(self) -> tuple[str, ...]:
        """In words."""
        errors = [f"{key}: {why}" for key, why in self.failed.items()]
        if self.interrupted:
            errors.append(f"interrupted after {len(self.attempted)} of {self.planned} questions")
        return tuple(errors)


def ask_all(
    questions: Sequence[GoldQuestion],
    service: Service,
    answers: bool,
    report: Callable[[int], None] = lambda _: None,
) -> RunOutcome:
    """Asks in order, one at a time. A question that fails is an error, and the others go on."""
    asked: list[AskedQuestion] = []
    failed: dict[str, str] = {}
    interrupted = False
    start = time.perf_counter()
    try:
        for n, question in enumerate(questions, 1):
            try:
                asked.append(_ask(service, question, answers))
            except (StoreError, DocumentError, GeneratorError, ValueError, OSError) as error:
                failed[question.id] = str(error)
            report(n)
    except KeyboardInterrupt:
        interrupted = True
    seconds = time.perf_counter() - start
    return RunOutcome(tuple(asked), failed, interrupted, seconds, len(questions))


def query_of(service: Service, question: GoldQuestion) -> Query:
    """Raises OSError where its picture cannot be read, StoreError for an unknown document."""
    where = read_conditions(question.where)
    if question.within:
        where = replace(where, documents=[question.document])
    picture = question.image.read_bytes() if question.image else None
    return service.question(question.text, picture, where)


def _ask(service: Service, question: GoldQuestion, answers: bool) -> AskedQuestion:
    query = query_of(service, question)
    with stopwatch() as stages:
        start = time.perf_counter()
        searched, hits = service.hits(query, HITS)
        middle = time.perf_counter()
        answer = service.answer(query, searched, hits) if answers else None
        end = time.perf_counter()
    return AskedQuestion(question, tuple(hits), answer, middle - start, end - middle, stages)


def wants_answers(dataset: Dataset) -> bool:
    """Whether the set can judge an answer, or a refusal."""
    return any(q.answerable is not None or q.answers for q in dataset.questions)
