"""The folders of runs, as `octavo eval run` writes them; every field is checked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from octavo.evals.dataset import DatasetError
from octavo.evals.datasets.jsonl import numbered
from octavo.evals.datasets.row_models import Model, checked
from octavo.evals.metrics.abstention import AbstentionDecision
from octavo.evals.report.result_rows import read_row
from octavo.evals.report.runs import (
    AnswerRow,
    DecisionRow,
    FoundBox,
    QuestionRow,
    RunData,
    by_page,
)
from octavo.evals.run_files import read_run

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def read_runs(folders: Sequence[Path]) -> list[RunData]:
    """Raises DatasetError for a folder that holds no run, or a row that is refused."""
    if len(folders) > len(_LETTERS):
        raise DatasetError(f"{len(folders)} runs given; a page holds {len(_LETTERS)} at most")
    return [_read(letter, folder) for letter, folder in zip(_LETTERS, folders, strict=False)]


def _read(letter: str, folder: Path) -> RunData:
    row = read_row(folder / "result.json")
    questions = _optional(folder / "questions.jsonl", QuestionRow)
    decisions, derived = _decisions(folder / "abstain.jsonl", questions)
    boxes: dict[str, list[FoundBox]] = defaultdict(list)
    for box in _optional(folder / "boxes.jsonl", FoundBox):
        boxes[box.id].append(box)
    run = folder / "run.trec"
    return RunData(
        letter,
        folder,
        row,
        tuple(questions),
        read_run(run) if run.is_file() else {},
        {question: by_page(found) for question, found in boxes.items()},
        decisions,
        derived,
        {answer.id: answer for answer in _optional(folder / "answers.jsonl", AnswerRow)},
    )


def _optional(file: Path, model: type[Model]) -> list[Model]:
    """The rows of a file, none where it is not there."""
    if not file.is_file():
        return []
    return [checked(model, row, where) for where, row in numbered(file, ("query-id",))]


def _decisions(
    file: Path, questions: Sequence[QuestionRow]
) -> tuple[dict[str, AbstentionDecision], bool]:
    """Decisions by question; those of which nothing says whether they can be answered are left
    out."""
    judged = any(q.gold for q in questions)
    relevant = {q.id for q in questions if q.relevant}
    decisions, derived = {}, False
    for row in _optional(file, DecisionRow):
        answerable = row.answerable
        if answerable is None:
            if not judged:
                continue
            derived, answerable = True, row.id in relevant
        decisions[row.id] = AbstentionDecision(
            answerable, row.answered, row.confidence, row.correct
        )
    return decisions, derived
