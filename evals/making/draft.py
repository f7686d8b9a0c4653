"""The nouns of making: an idea of a rule, a draft with its place, and its decision."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any, Literal

from evals.dataset import AnswerFormat, DatasetError
from evals.making.passages import stems
from ingest.document import Box, Region

State = Literal["draft", "accepted", "rejected"]
#: Where evidence stands, as MMLongBench-Doc (Ma et al. 2024) names it.
Evidence = Literal["Pure-text (Plain-text)", "Table", "Chart", "Figure"]
STATES: tuple[State, ...] = ("draft", "accepted", "rejected")
NOT_ANSWERABLE = "Not answerable"


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
class Place:
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
    places: tuple[Place, ...]
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
        asked = stems(self.text)
        return len(asked & stems(self.source)) / len(asked) if asked and self.source else 0.0

    def decided(self, state: State, text: str, answer: str) -> Draft:
        """With a reviewer's decision. Raises ValueError for an empty question or answer."""
        text, answer = " ".join(text.split()), " ".join(answer.split())
        if not text:
            raise ValueError("the question is empty; write one, or reject the draft")
        if self.answerable and not answer:
            raise ValueError("the answer is empty; write one, or reject the draft")
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


def stored(draft: Draft) -> dict[str, Any]:
    """The row of `drafts.jsonl`: all of a draft, its places included."""
    places = [{"doc": p.doc, "page": p.page, "bbox": p.box.rounded()} for p in draft.places]
    more = {"evidence": draft.evidence, "places": places, "source": draft.source}
    return {**draft.row(), **more}


def restored(row: dict[str, Any]) -> Draft:
    """The draft of a row of `drafts.jsonl`. Raises DatasetError for what is none."""
    try:
        if row["state"] not in STATES:
            raise ValueError(f"state {row['state']!r} is none of {', '.join(STATES)}")
        return Draft(
            id=str(row["_id"]),
            text=str(row["text"]),
            doc=str(row["doc"]),
            answer=str(row["answer"]),
            evidence=row["evidence"],
            places=tuple(
                Place(p["doc"], int(p["page"]), Box(*map(float, p["bbox"]))) for p in row["places"]
            ),
            made_by=str(row["made_by"]),
            source=str(row["source"]),
            state=row["state"],
            edited=bool(row["edited"]),
        )
    except KeyError as error:
        raise DatasetError(f"drafts.jsonl: draft {row.get('_id')!r} has no {error}") from None
    except (TypeError, ValueError) as error:
        raise DatasetError(f"drafts.jsonl: draft {row.get('_id')!r}: {error}") from None
