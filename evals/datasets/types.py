"""The nouns of evaluation data: a question, a dataset, and what is wrong with one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from octavo.index.source import Source
from octavo.ingest.document import Box

#: Relevance by question and item (page or document id); as in TREC qrels.
Qrels = dict[str, dict[str, int]]

#: Gold boxes of one question by document and page (from 1).
GoldBoxes = dict[tuple[str, int], list[Box]]

#: How a gold answer is to be compared; as MMLongBench-Doc names them.
AnswerFormat = Literal["Str", "Int", "Float", "List", "None"]


class DatasetError(ValueError):
    """A dataset that is incomplete or damaged; the text names the file and line."""


@dataclass(frozen=True, slots=True)
class GoldQuestion:
    """A judged question: a text, a picture (bytes of a file), or both.

    `answerable` is None where the set does not say. `answers` are gold answers, any of which is
    right. `kinds` says where the evidence stands (text, table, figure, chart, layout). `within`:
    it is asked of its own document only; `where`: of documents that meet these conditions.
    """

    id: str
    text: str
    document: str = ""
    answerable: bool | None = None
    image: Path | None = None
    answers: tuple[str, ...] = ()
    answer_format: AnswerFormat = "Str"
    kinds: tuple[str, ...] = ()
    within: bool = False
    where: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions, their gold, and the documents they are asked of.

    `unit` says what the ids of `qrels` name: pages (`name#p1`) or documents.
    """

    name: str
    unit: Literal["page", "document"]
    questions: tuple[GoldQuestion, ...]
    qrels: Qrels
    sources: tuple[Source, ...]
    boxes: dict[str, GoldBoxes] = field(default_factory=dict)

    @property
    def has_boxes(self) -> bool:
        """Whether boxes of hits are kept: those of pages can be compared with gold ones."""
        return self.unit == "page"

    @property
    def data(self) -> str:
        """12 hex digits of a sha256 over questions, judgements, boxes and the corpus' names.

        Results of different `data` are not comparable. The order of files and lines, and the
        place of the folder, do not change it.
        """
        parts = [
            self.unit,
            sorted((_row(q) for q in self.questions), key=lambda row: str(row[0])),
            self.qrels,
            sorted(source.name for source in self.sources),
            {q: {f"{n}#p{p}": sorted(_corners(b)) for (n, p), b in gold.items()}
             for q, gold in self.boxes.items()},
        ]  # fmt: skip
        text = json.dumps(parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _row(question: GoldQuestion) -> list[Any]:
    q = question
    image = q.image.name if q.image else ""
    row = [q.id, q.text, q.document, q.answerable, image, q.answers, q.answer_format, q.kinds]
    return [*row, "within"] if q.within else row


def _corners(boxes: list[Box]) -> list[list[float]]:
    return [b.rounded() for b in boxes]
