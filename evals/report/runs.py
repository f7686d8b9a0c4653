"""The folders of runs: a row, its questions, what was found, what was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.abstention import Decision
from evals.dataset import DatasetError, rows
from evals.report.rows import Key, Row, read_row
from ingest.document import Box

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

#: Boxes by document and page.
Places = dict[tuple[str, int], list[Box]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what it gave. `gold` maps items to relevance; empty where none is judged."""

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

    @property
    def relevant(self) -> frozenset[str]:
        return frozenset(item for item, value in self.gold.items() if value > 0)


@dataclass(frozen=True, slots=True)
class Run:
    """One folder. `letter` names it in tables; `found` are the boxes of its first hits."""

    letter: str
    folder: Path
    row: Row
    questions: tuple[Asked, ...]
    ranking: dict[str, tuple[str, ...]]
    found: dict[str, Places]
    decisions: dict[str, Decision]
    derived: bool  # answerable was taken from the gold pages, as abstain.jsonl does not say it
    answers: dict[str, dict[str, Any]]

    @property
    def label(self) -> str:
        return f"{self.letter} {self.row.profile}".strip()


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """Raises DatasetError for a folder that holds no run, or a row that is refused."""
    if len(folders) > len(_LETTERS):
        raise DatasetError(f"{len(folders)} runs given; a page holds {len(_LETTERS)} at most")
    return [_read(letter, folder) for letter, folder in zip(_LETTERS, folders, strict=False)]


def _read(letter: str, folder: Path) -> Run:
    row = read_row(folder / "result.json")
    questions = tuple(
        _asked(r, folder / "questions.jsonl") for r in _optional(folder / "questions.jsonl")
    )
    decisions, derived = _decisions(folder / "abstain.jsonl", questions)
    answers = {str(r["query-id"]): r for r in _optional(folder / "answers.jsonl")}
    found: dict[str, Places] = {}
    for r in _optional(folder / "boxes.jsonl", "doc", "page", "bbox"):
        _place(found.setdefault(str(r["query-id"]), {}), r, folder / "boxes.jsonl")
    ranking = _ranking(folder / "run.trec")
    return Run(letter, folder, row, questions, ranking, found, decisions, derived, answers)


def _optional(file: Path, *needed: str) -> list[dict[str, Any]]:
    return list(rows(file, ("query-id", *needed))) if file.is_file() else []


def _asked(row: dict[str, Any], file: Path) -> Asked:
    boxes: Places = {}
    for place in row.get("gold boxes") or ():
        _place(boxes, place, file)
    try:
        return Asked(
            str(row["query-id"]),
            str(row.get("text") or ""),
            str(row.get("doc") or ""),
            bool(row.get("image")),
            tuple(map(str, row.get("kinds") or ())),
            _numbers(row.get("gold")),
            boxes,
            _numbers(row.get("metrics")),
            tuple(map(str, row.get("first") or ())),
            _numbers(row.get("stages")),
            {name: int(rank) for name, rank in _numbers(row.get("ranks")).items()},
        )
    except (TypeError, ValueError, AttributeError):
        raise DatasetError(f"{file}: question {row['query-id']!r} is damaged: {row!r}") from None


def _numbers(values: Any) -> dict[str, float]:
    return {str(k): float(v) for k, v in (values or {}).items() if v is not None}


def _place(places: Places, row: dict[str, Any], file: Path) -> None:
    try:
        x0, y0, x1, y1 = (float(v) for v in row["bbox"])
        places.setdefault((str(row["doc"]), int(row["page"])), []).append(Box(x0, y0, x1, y1))
    except (KeyError, TypeError, ValueError):
        raise DatasetError(
            f"{file}: {row!r}: expected doc, page and bbox [x0, y0, x1, y1] in points"
        ) from None


def _decisions(file: Path, questions: Sequence[Asked]) -> tuple[dict[str, Decision], bool]:
    """Decisions by question; those of which nothing says whether they can be answered are left
    out."""
    judged = any(q.gold for q in questions)
    relevant = {q.id for q in questions if q.relevant}
    found, derived = {}, False
    for row in _optional(file, "answered", "confidence"):
        key, answerable = str(row["query-id"]), row.get("answerable")
        if answerable is None and not judged:
            continue
        derived = derived or answerable is None
        found[key] = Decision(
            key in relevant if answerable is None else bool(answerable),
            bool(row["answered"]),
            float(row["confidence"]),
            row.get("correct"),
        )
    return found, derived


def _ranking(file: Path) -> dict[str, tuple[str, ...]]:
    """Items by question, in the order of the file. Raises DatasetError for a line of other form."""
    found: dict[str, list[str]] = {}
    if file.is_file():
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            parts = line.split("\t")
            if len(parts) != 6:
                raise DatasetError(f"{file}:{number}: expected six fields, tab separated: {line!r}")
            found.setdefault(parts[0], []).append(parts[2])
    return {question: tuple(dict.fromkeys(items)) for question, items in found.items()}


def groups(runs: Sequence[Run]) -> dict[Key, list[Run]]:
    """Runs that may be drawn together: the same data, as many questions."""
    found: dict[Key, list[Run]] = {}
    for run in runs:
        found.setdefault(run.row.key, []).append(run)
    return found
