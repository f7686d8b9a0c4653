"""The nouns of making: an idea of a rule, a draft with its place, and its decision."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from octavo.evals.dataset import AnswerFormat
from octavo.evals.synthesis.passages import stems
from octavo.ingest.document import Box, Region

State = Literal["draft", "accepted", "rejected"]
#: Where evidence stands, as MMLongBench-Doc (Ma et al. 2024) names it.
Evidence = Literal["Pure-text (Plain-text)", "Table", "Chart", "Figure"]
STATES: tuple[State, ...] = ("draft", "accepted", "rejected")
NOT_ANSWERABLE = "Not answerable"


class OpenQuestionError(ValueError):
    """An answer to a question that the documents leave open."""


@dataclass(frozen=True, slots=True)
class Idea:
    """What a rule makes of a passage. `regions` hold the answer; none: nothing answers it.

    `key` tells ideas of one rule and place apart (the column of a table's row).
    """

    rule: str
    text: str
    answer: str
    regions: tuple[Region, ...]
    evidence: Evidence
    key: str = ""


@dataclass(frozen=True, slots=True)
class DraftPlace:
    """A box in points, as displayed, on a page (from 1) of a file in `pdfs/`."""

    doc: str
    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class Draft:
    """A question of the set. `source` is the text that it was made from; empty where nothing
    answers it."""

    id: str
    text: str
    doc: str
    answer: str
    evidence: Evidence
    places: tuple[DraftPlace, ...]
    made_by: str
    source: str = ""
    state: State = "draft"
    edited: bool = False

    @property
    def answerable(self) -> bool:
        return bool(self.places)

    @property
    def shared(self) -> float:
        """Share of the question's words that stand in its source, 0 to 1; by their stems, without
        stop words."""
        terms = stems(self.text)
        return len(terms & stems(self.source)) / len(terms) if terms and self.source else 0.0

    def decided(self, state: State, text: str, answer: str) -> Draft:
        """With a reviewer's decision. Raises ValueError for an empty question or answer, and
        OpenQuestionError for an answer where there can be none."""
        text, answer = " ".join(text.split()), " ".join(answer.split())
        if not text:
            raise ValueError("the question is empty; write one, or reject the draft")
        if self.answerable and not answer:
            raise ValueError("the answer is empty; write one, or reject the draft")
        if not self.answerable and answer not in ("", self.answer, NOT_ANSWERABLE):
            raise OpenQuestionError(
                f"the documents leave this question open, so it has no answer: leave "
                f"{NOT_ANSWERABLE!r} as it is, or reject the draft"
            )
        answer = answer if self.answerable else NOT_ANSWERABLE
        changed = (text, answer) != (self.text, self.answer)
        return replace(self, state=state, text=text, answer=answer, edited=self.edited or changed)

    def row(self) -> dict[str, Any]:
        """Its row of `queries.jsonl`."""
        return {
            "_id": self.id,
            "text": self.text,
            "doc": self.doc,
            "answer": self.answer,
            "answer_format": format_of(self.answer) if self.answerable else "None",
            "evidence_pages": sorted({p.page for p in self.places}),
            "evidence_sources": [self.evidence] if self.answerable else [],
            "answerable": self.answerable,
            "made_by": self.made_by,
            "state": self.state,
            "edited": self.edited,
            "shared_words": round(self.shared, 3),
        }


def draft_id(document: str, rule: str, regions: tuple[Region, ...], key: str) -> str:
    """The same place of the same bytes by the same rule has the same id on every machine."""
    place = ";".join(f"{r.page}:{r.box.rounded()}" for r in regions)
    return hashlib.sha256(f"{document}/{rule}/{place}/{key}".encode()).hexdigest()[:12]


def format_of(answer: str) -> AnswerFormat:
    """How the answer is compared: `Int`, `Float`, or `Str`."""
    plain = answer.replace(",", "")
    if re.fullmatch(r"[+-]?\d+", plain):
        return "Int"
    return "Float" if re.fullmatch(r"[+-]?\d*\.\d+", plain) else "Str"
