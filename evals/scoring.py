"""What was asked, held against the gold: a value for each metric of each question, and means."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from octavo.api.service import Service
from octavo.evals.dataset import Dataset
from octavo.evals.metrics import answers, citations
from octavo.evals.metrics.abstention import AbstentionDecision, refusal, refusal_intervals
from octavo.evals.metrics.boxes import Boxes
from octavo.evals.metrics.granularity import best_ranks, items_of, judged_levels
from octavo.evals.metrics.llm_judge import JUDGED, Judge
from octavo.evals.metrics.retrieval import Values, box_scores, intervals, means, retrieval_metrics
from octavo.evals.run import AskedQuestion, RunOutcome
from octavo.evals.run_files import answer_text, box_rows
from octavo.ingest.document import Box

#: Of the levels that a set does not judge itself, only these are kept.
_DERIVED = ("nDCG@10", "Recall@5", "Recall@10", "Recall@100", "MRR@10")


@dataclass(frozen=True, slots=True)
class QuestionScores:
    """`run`: question to items at the set's own level. `values`: question to metric to value, of
    everything that has a value a question. `answers`: those of them that judge the answer; `right`:
    whether it counts as correct, which one that was refused does not. `ranks`: question to stage to
    best rank of gold. `problems`: verdicts that the judge did not give; `stopped`: somebody stopped
    it."""

    run: dict[str, tuple[str, ...]]
    values: dict[str, dict[str, float]]
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    answers: dict[str, dict[str, float]] = field(default_factory=dict)
    right: dict[str, bool] = field(default_factory=dict)
    ranks: dict[str, dict[str, int]] = field(default_factory=dict)
    judge: str = ""
    problems: tuple[str, ...] = ()
    stopped: bool = False


def score_run(
    dataset: Dataset,
    service: Service,
    outcome: RunOutcome,
    model: Judge | None = None,
    report: Callable[[int], None] = lambda _: None,
) -> QuestionScores:
    """Over every judged question; over those that were asked, where somebody stopped the run.
    `model` judges the answers, too, where one is given."""
    counted = outcome.attempted
    values: dict[str, dict[str, float]] = {}
    for level in judged_levels(dataset, service):
        run = {a.question.id: items_of(a.hits, level.level) for a in outcome.asked}
        scores = retrieval_metrics(run, {q: v for q, v in level.qrels.items() if q in counted})
        _merge(values, scores if level.own else _prefixed(level.level, scores))
    if gold := {q: boxes for q, boxes in dataset.boxes.items() if q in counted}:
        _merge(values, box_scores(gold, _found_boxes(outcome.asked)))
    documents = {q.id: q.document for q in dataset.questions}
    judged = _judged_answers(dataset, outcome, counted)
    problems, stopped = _verdicts(judged, outcome.asked, model, report) if model else ((), False)
    _merge(values, judged)
    right = {
        a.question.id: judged[a.question.id][answers.CORRECT] == 1
        for a in outcome.asked
        if a.answer and answers.CORRECT in judged.get(a.question.id, {})
    }
    decisions = _decisions(outcome.asked, right)
    if decisions:
        decisions |= _failed(dataset, outcome)
    groups = [documents[q] or q for q in decisions]
    return QuestionScores(
        run={a.question.id: items_of(a.hits, dataset.unit) for a in outcome.asked},
        values=values,
        metrics={**means(values), **refusal(list(decisions.values()))},
        intervals=intervals(values, documents)
        | refusal_intervals(list(decisions.values()), groups),
        answers=judged,
        right=right,
        ranks={
            a.question.id: best_ranks(a.hits, dataset.qrels.get(a.question.id, {}), dataset.unit)
            for a in outcome.asked
        },
        judge=model.name if model else "",
        problems=problems,
        stopped=stopped,
    )


def _judged_answers(
    dataset: Dataset, outcome: RunOutcome, counted: set[str]
) -> dict[str, dict[str, float]]:
    """Answers against gold ones, and citations against gold pages and boxes."""
    if all(a.answer is None for a in outcome.asked):
        return {}
    questions = [q for q in dataset.questions if q.id in counted]
    texts = {a.question.id: answer_text(a) for a in outcome.asked}
    scores = answers.by_question(texts, questions)
    given = {
        a.question.id: citations.cited_regions(a.answer)
        for a in outcome.asked
        if a.answer is not None and not a.answer.abstained
    }
    _merge(scores, citations.by_question(given, dataset, sorted(counted)))
    return scores


def _verdicts(
    judged: dict[str, dict[str, float]],
    asked: Sequence[AskedQuestion],
    model: Judge,
    report: Callable[[int], None],
) -> tuple[tuple[str, ...], bool]:
    """Adds the model's verdicts; hands back what it could not judge, and whether it was stopped:
    what was asked and judged until then is kept."""
    problems = []
    wanted = [a for a in asked if answers.CORRECT in judged.get(a.question.id, {})]
    try:
        for n, a in enumerate(wanted, 1):
            verdict = model.verdict(a.question.text, a.question.answers, answer_text(a))
            if verdict.correct is None:
                problems.append(f"{a.question.id}: not judged: {verdict.problem}")
            else:
                judged[a.question.id][JUDGED] = float(verdict.correct)
            report(n)
    except KeyboardInterrupt:
        done = sum(JUDGED in judged[a.question.id] for a in wanted)
        return (*problems, f"judging interrupted after {done} of {len(wanted)} answers"), True
    return tuple(problems), False


def _prefixed(level: str, values: Values) -> dict[str, dict[str, float]]:
    return {
        q: {f"{level} {name}": v for name, v in row.items() if name in _DERIVED}
        for q, row in values.items()
    }


def _merge(into: dict[str, dict[str, float]], values: Values) -> None:
    for question, row in values.items():
        into.setdefault(question, {}).update(row)


def _found_boxes(asked: Sequence[AskedQuestion]) -> dict[str, Boxes]:
    boxes: dict[str, dict[tuple[str, int], list[Box]]] = {}
    for row in box_rows(asked):
        pages = boxes.setdefault(str(row["query-id"]), {})
        pages.setdefault((str(row["doc"]), int(row["page"])), []).append(Box(*row["bbox"]))
    return dict(boxes)


def _failed(dataset: Dataset, outcome: RunOutcome) -> dict[str, AbstentionDecision]:
    """A question that ended in an error: the wrong decision with the worst confidence."""
    return {
        q.id: AbstentionDecision(
            q.answerable, not q.answerable, -math.inf if q.answerable else math.inf, False
        )
        for q in dataset.questions
        if q.answerable is not None and q.id in outcome.failed
    }


def _decisions(
    asked: Sequence[AskedQuestion], right: Mapping[str, bool]
) -> dict[str, AbstentionDecision]:
    return {
        a.question.id: AbstentionDecision(
            a.question.answerable,
            not a.answer.abstained,
            a.answer.confidence,
            right.get(a.question.id),
        )
        for a in asked
        if a.answer is not None and a.question.answerable is not None
    }
