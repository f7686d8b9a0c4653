"""Runs: a row, its questions, what was found, what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octavo.evals.metrics.abstention import AbstentionDecision
from octavo.evals.report.result_rows import Key, ResultRow
from octavo.ingest.document import Box

#: Boxes by document and page.
Places = dict[tuple[str, int], list[Box]]


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """A question and what it gave. `gold` maps items to relevance; empty where none is judged.
    `error`: why it failed; it found nothing then, and counts as missed."""

    id: str
    text: str
    doc: str
    image: bool
    kinds: tuple[str, ...]
    gold: dict[str, float]
    boxes: Places
    metrics: dict[str, float]
    first: tuple[str, ...]
    stages: dict[str, float]  # milliseconds
    ranks: dict[str, int]
    error: str = ""

    @property
    def relevant(self) -> frozenset[str]:
        return frozenset(item for item, value in self.gold.items() if value > 0)


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What was answered, or why not, and the kind of each citation."""

    answered: bool
    answer: str
    reason: str
    gold: tuple[str, ...]
    cited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunData:
    """One folder. `letter` names it in tables; `found` are the boxes of its first hits."""

    letter: str
    folder: Path
    row: ResultRow
    questions: tuple[QuestionRow, ...]
    ranking: dict[str, tuple[str, ...]]
    found: dict[str, Places]
    decisions: dict[str, AbstentionDecision]
    derived: bool  # answerable was taken from the gold pages, as abstain.jsonl does not say it
    answers: dict[str, AnswerRow]

    @property
    def failed(self) -> int:
        """Questions that ended in an error."""
        return sum(bool(q.error) for q in self.questions)

    @property
    def label(self) -> str:
        return f"{self.letter} {self.row.profile}".strip()


def groups(runs: Sequence[RunData]) -> dict[Key, list[RunData]]:
    """Runs that may be drawn together: the same data, as many questions."""
    found: dict[Key, list[RunData]] = {}
    for run in runs:
        found.setdefault(run.row.key, []).append(run)
    return found
