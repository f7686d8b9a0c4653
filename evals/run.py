"""Asks every question of a dataset and keeps what was found, in the forms scorers read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.service import Service
from evals.dataset import Dataset, Question
from index.store import StoreError
from ingest.document import DocumentError
from retrieve.query import Hit, Query

_HITS = 100  # chunks kept a question, before they are folded into pages or documents
_BOXES = 10  # hits whose boxes are kept


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question gave: items best first with scores, boxes, and the decision to answer."""

    question: Question
    items: tuple[tuple[str, float], ...]
    boxes: tuple[dict[str, Any], ...]
    answered: bool
    confidence: float
    search_seconds: float
    answer_seconds: float


def ask_all(
    dataset: Dataset, service: Service, answers: bool, report: Callable[[int], None]
) -> tuple[list[Asked], list[str]]:
    """Results in the order of the questions, and the errors met."""
    asked, errors = [], []
    for n, question in enumerate(dataset.questions, 1):
        try:
            asked.append(_ask(dataset, service, question, answers))
        except (StoreError, DocumentError, ValueError) as error:
            errors.append(f"{question.id}: {error}")
        report(n)
    return asked, errors


def _ask(dataset: Dataset, service: Service, question: Question, answers: bool) -> Asked:
    query = Query(question.text)
    start = time.perf_counter()
    searched, hits = service.hits(query, _HITS)
    middle = time.perf_counter()
    answered, confidence = True, 1.0
    if answers:
        answer = service.answer(query, searched, hits)
        answered, confidence = not answer.abstained, answer.confidence
    return Asked(
        question,
        folded(hits, dataset.unit == "page"),
        tuple(_boxes(question.id, hits[:_BOXES])) if dataset.has_boxes else (),
        answered,
        confidence,
        middle - start,
        time.perf_counter() - middle,
    )


def folded(hits: Sequence[Hit], pages: bool) -> tuple[tuple[str, float], ...]:
    """Pages or documents by their best chunk, each once, best first.

    A chunk over several pages counts for each of them.
    """
    best: dict[str, float] = {}
    for hit in hits:
        numbers = dict.fromkeys(r.page for r in hit.chunk.regions)
        for item in [f"{hit.name}#p{n}" for n in numbers] if pages else [hit.name]:
            best.setdefault(item, hit.score)
    return tuple(best.items())


def _boxes(question: str, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    return [
        {
            "query-id": question,
            "doc": hit.name,
            "page": region.page,
            "bbox": region.box.rounded(),
            "score": round(hit.score, 6),
        }
        for hit in hits
        for region in hit.chunk.regions
    ]


def write_run(asked: Sequence[Asked], out: Path) -> None:
    """`run.trec`: the score falls by rank, so that every scorer breaks ties as the search did."""
    with (out / "run.trec").open("w", encoding="utf-8") as file:
        for a in asked:
            for rank, (item, _) in enumerate(a.items, 1):
                file.write(f"{a.question.id}\tQ0\t{item}\t{rank}\t{1 / rank:.6f}\toctavo\n")


def write_boxes(asked: Sequence[Asked], out: Path) -> None:
    _write_rows([b for a in asked for b in a.boxes], out / "boxes.jsonl")


def write_abstain(asked: Sequence[Asked], out: Path) -> None:
    _write_rows(
        [
            {
                "query-id": a.question.id,
                "answered": a.answered,
                "confidence": round(a.confidence, 6),
            }
            for a in asked
        ],
        out / "abstain.jsonl",
    )


def _write_rows(rows: Sequence[dict[str, Any]], file: Path) -> None:
    file.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
