"""The folders of runs, as `octavo eval run` writes them; every field is checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from octavo.evals.dataset import DatasetError
from octavo.evals.datasets.jsonl import Place, lines, numbered
from octavo.evals.metrics.abstention import AbstentionDecision
from octavo.evals.report.fields import (
    is_number,
    numbers,
    objects,
    table,
    text,
    texts,
    truth,
    whole,
)
from octavo.evals.report.result_rows import read_row
from octavo.evals.report.runs import AnswerRow, Places, QuestionRow, RunData
from octavo.ingest.document import Box

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def read_runs(folders: Sequence[Path]) -> list[RunData]:
    """Raises DatasetError for a folder that holds no run, or a row that is refused."""
    if len(folders) > len(_LETTERS):
        raise DatasetError(f"{len(folders)} runs given; a page holds {len(_LETTERS)} at most")
    return [_read(letter, folder) for letter, folder in zip(_LETTERS, folders, strict=False)]


def _read(letter: str, folder: Path) -> RunData:
    row = read_row(folder / "result.json")
    questions = tuple(_asked(r, w) for w, r in _optional(folder / "questions.jsonl"))
    decisions, derived = _decisions(folder / "abstain.jsonl", questions)
    found: dict[str, Places] = {}
    for where, r in _optional(folder / "boxes.jsonl", "doc", "page", "bbox"):
        _add_box(found.setdefault(str(r["query-id"]), {}), r, where)
    ranking = _ranking(folder / "run.trec")
    answers = {str(r["query-id"]): _answer(r, w) for w, r in _optional(folder / "answers.jsonl")}
    return RunData(letter, folder, row, questions, ranking, found, decisions, derived, answers)


def _optional(file: Path, *needed: str) -> list[tuple[Place, dict[str, Any]]]:
    return list(numbered(file, ("query-id", *needed))) if file.is_file() else []


def _asked(row: dict[str, Any], where: Place) -> QuestionRow:
    boxes: Places = {}
    for place in objects(row.get("gold boxes"), "gold boxes", where):
        _add_box(boxes, place, where)
    ranks = table(row.get("ranks"), "ranks", where)
    return QuestionRow(
        str(row["query-id"]),
        text(row.get("text"), "text", where),
        text(row.get("doc"), "doc", where),
        bool(row.get("image")),
        texts(row.get("kinds"), "kinds", where),
        numbers(row.get("gold"), "gold", where),
        boxes,
        numbers(row.get("metrics"), "metrics", where),
        texts(row.get("first"), "first", where),
        numbers(row.get("stages"), "stages", where),
        {name: whole(rank, f"rank at {name}", where) for name, rank in ranks.items()},
        text(row.get("error"), "error", where),
    )


def _answer(row: dict[str, Any], where: Place) -> AnswerRow:
    citations = objects(row.get("citations"), "citations", where)
    return AnswerRow(
        truth(row.get("answered", False), "answered", where),
        text(row.get("answer"), "answer", where),
        text(row.get("reason"), "reason", where),
        texts(row.get("gold"), "gold", where),
        tuple(kind for c in citations if (kind := text(c.get("kind"), "kind", where))),
    )


def _add_box(places: Places, row: dict[str, Any], where: Place) -> None:
    match row:
        case {"doc": str(doc), "page": int(page), "bbox": [_, _, _, _] as corners} if all(
            is_number(v) and math.isfinite(v) for v in corners
        ):
            x0, y0, x1, y1 = map(float, corners)
            places.setdefault((doc, page), []).append(Box(x0, y0, x1, y1))
        case _:
            raise DatasetError(
                f"{where}: {row!r}: expected doc, page and bbox [x0, y0, x1, y1] in points"
            )


def _decisions(
    file: Path, questions: Sequence[QuestionRow]
) -> tuple[dict[str, AbstentionDecision], bool]:
    """Decisions by question; those of which nothing says whether they can be answered are left
    out."""
    judged = any(q.gold for q in questions)
    relevant = {q.id for q in questions if q.relevant}
    found, derived = {}, False
    for where, row in _optional(file, "answered", "confidence"):
        key = str(row["query-id"])
        answerable, correct = (
            None if row.get(name) is None else truth(row[name], name, where)
            for name in ("answerable", "correct")
        )
        if answerable is None and not judged:
            continue
        derived = derived or answerable is None
        found[key] = AbstentionDecision(
            key in relevant if answerable is None else answerable,
            truth(row["answered"], "answered", where),
            _confidence(row["confidence"], where),
            correct,
        )
    return found, derived


def _confidence(value: Any, where: Place) -> float:
    """It may lie beyond every other, at infinity."""
    if not is_number(value) or math.isnan(value):
        raise DatasetError(f"{where}: 'confidence' is {value!r}; expected a number")
    return float(value)


def _ranking(file: Path) -> dict[str, tuple[str, ...]]:
    """Items by question, in the order of the file. Raises DatasetError for a line of other form."""
    found: dict[str, list[str]] = {}
    if file.is_file():
        for where, line in lines(file):
            parts = line.split("\t")
            if len(parts) != 6:
                raise DatasetError(f"{where}: expected six fields, tab separated: {line!r}")
            found.setdefault(parts[0], []).append(parts[2])
    return {question: tuple(dict.fromkeys(items)) for question, items in found.items()}
