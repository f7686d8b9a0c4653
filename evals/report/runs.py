"""Runs: a row, its questions, what was found, what was answered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StrictBool, StrictStr

from octavo.evals.datasets.row_models import AsText, Count, JsonRow, Numbers, PageBox, Texts
from octavo.evals.metrics.abstention import AbstentionDecision
from octavo.evals.report.result_rows import Key, ResultRow
from octavo.ingest.document import Box

#: Boxes by document and page.
Places = dict[tuple[str, int], list[Box]]


class _AboutQuestion(JsonRow):
    id: AsText = Field(alias="query-id")


class QuestionRow(_AboutQuestion):
    """A question and what it gave. `gold` maps items to relevance; empty where none is judged.
    `error`: why it failed; it found nothing then, and counts as missed."""

    text: StrictStr = ""
    doc: StrictStr = ""
    image: bool = False
    kinds: Texts = ()
    gold: Numbers = Field(default_factory=dict)
    gold_boxes: tuple[PageBox, ...] = Field((), alias="gold boxes")
    metrics: Numbers = Field(default_factory=dict)
    first: Texts = ()
    stages: Numbers = Field(default_factory=dict)  # milliseconds
    ranks: dict[str, Count] = Field(default_factory=dict)
    error: StrictStr = ""

    @property
    def relevant(self) -> frozenset[str]:
        return frozenset(item for item, value in self.gold.items() if value > 0)

    @property
    def group(self) -> str:
        """What is drawn whole in a bootstrap: the document, where the row says it."""
        return self.doc or self.id


class FoundBox(_AboutQuestion, PageBox):
    """A region of one of the first hits."""


class DecisionRow(_AboutQuestion):
    """Whether a question was answered, and how surely: beyond every other at infinity."""

    answered: StrictBool
    confidence: Annotated[float, Field(strict=True, ge=-math.inf)]  # which NaN is not
    answerable: StrictBool | None = None
    correct: StrictBool | None = None


class CitationRow(JsonRow):
    kind: StrictStr = ""


class AnswerRow(_AboutQuestion):
    """What was answered, or why not, and what it cites."""

    answered: StrictBool = False
    answer: StrictStr = ""
    reason: StrictStr = ""
    gold: Texts = ()
    citations: tuple[CitationRow, ...] = ()


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


def by_page(boxes: Iterable[PageBox]) -> Places:
    places: Places = {}
    for one in boxes:
        places.setdefault((one.doc, one.page), []).append(one.box)
    return places


def groups(runs: Sequence[RunData]) -> dict[Key, list[RunData]]:
    """Runs that may be drawn together: the same data, as many questions."""
    same: dict[Key, list[RunData]] = {}
    for run in runs:
        same.setdefault(run.row.key, []).append(run)
    return same
