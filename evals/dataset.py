"""Judged questions: BEIR folders, and folders of PDFs with page and box gold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from index.source import Source
from ingest.document import Box

#: Relevance by question and item (page or document id); as in TREC qrels.
Qrels = dict[str, dict[str, int]]


class DatasetError(ValueError):
    """A dataset that is incomplete or damaged; the text names the file and line."""


@dataclass(frozen=True, slots=True)
class Question:
    """A judged question. `answerable` is None where the set does not say."""

    id: str
    text: str
    document: str = ""
    answerable: bool | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions, their gold, and the documents they are asked of.

    `unit` says what the ids of `qrels` name: pages (`name#p1`) or documents.
    """

    name: str
    unit: Literal["page", "document"]
    questions: tuple[Question, ...]
    qrels: Qrels
    sources: tuple[Source, ...]
    boxes: dict[str, dict[tuple[str, int], list[Box]]] = field(default_factory=dict)

    @property
    def has_boxes(self) -> bool:
        """Whether boxes of hits are kept: those of pages can be compared with gold ones."""
        return self.unit == "page"


def read_dataset(folder: Path) -> Dataset:
    """A dataset by the files it has. Raises DatasetError where it is none, or ids do not fit."""
    if not folder.is_dir():
        raise DatasetError(f"dataset {folder} is not a folder")
    if (folder / "pdfs").is_dir():
        return _pages(folder)
    if (folder / "corpus.jsonl").is_file() and (folder / "qrels").is_dir():
        return _beir(folder)
    raise DatasetError(
        f"{folder} is neither a BEIR folder (corpus.jsonl, queries.jsonl, qrels/) nor one of "
        "pages (pdfs/, queries.jsonl, qrels.tsv)"
    )


def _pages(folder: Path) -> Dataset:
    questions = tuple(
        Question(row["_id"], row["text"], row.get("doc", ""), row.get("answerable"))
        for row in rows(folder / "queries.jsonl", ("_id", "text"))
    )
    files = sorted((folder / "pdfs").iterdir())
    qrels = read_qrels(folder / "qrels.tsv")
    _check(questions, qrels, folder)
    names = {f.name for f in files}
    for items in qrels.values():
        for item in items:
            if item.rpartition("#p")[0] not in names:
                raise DatasetError(f"{folder / 'qrels.tsv'}: {item} names no file in pdfs/")
    return Dataset(
        folder.name,
        "page",
        questions,
        qrels,
        tuple(Source.file(f) for f in files),
        read_boxes(folder / "boxes.jsonl", {q.id for q in questions}, names),
    )


def read_boxes(
    file: Path, questions: set[str], names: set[str]
) -> dict[str, dict[tuple[str, int], list[Box]]]:
    """Gold boxes by question, document and page; nothing where there is no such file.

    Raises DatasetError for an unknown question or document, or what is no box.
    """
    found: dict[str, dict[tuple[str, int], list[Box]]] = {}
    if not file.is_file():
        return found
    for row in rows(file, ("query-id", "doc", "page", "bbox")):
        question, name = str(row["query-id"]), str(row["doc"])
        if question not in questions:
            raise DatasetError(f"{file}: question {question!r} is not in queries.jsonl")
        if name not in names:
            raise DatasetError(f"{file}: {name!r} names no file in pdfs/")
        try:
            x0, y0, x1, y1 = (float(v) for v in row["bbox"])
            key = (name, int(row["page"]))
        except (TypeError, ValueError):
            raise DatasetError(
                f"{file}: {row!r}: expected a page and bbox [x0, y0, x1, y1] in points"
            ) from None
        box = Box(x0, y0, x1, y1)
        if box.area > 0:
            found.setdefault(question, {}).setdefault(key, []).append(box)
    return found


def _beir(folder: Path) -> Dataset:
    qrels = read_qrels(folder / "qrels" / "test.tsv")
    questions = tuple(
        Question(row["_id"], row["text"])
        for row in rows(folder / "queries.jsonl", ("_id", "text"))
        if row["_id"] in qrels
    )
    sources = []
    seen = set()
    for row in rows(folder / "corpus.jsonl", ("_id", "text")):
        if row["_id"] in seen:
            raise DatasetError(f"{folder / 'corpus.jsonl'}: id {row['_id']!r} stands twice")
        seen.add(row["_id"])
        title = str(row.get("title", "")).strip()
        text = f"{title}\n\n{row['text']}" if title else str(row["text"])
        sources.append(Source(row["_id"], f"{folder.name}:{row['_id']}", _text(text)))
    _check(questions, qrels, folder)
    for items in qrels.values():
        for item in items:
            if item not in seen:
                raise DatasetError(f"{folder / 'qrels'}: document {item!r} is not in the corpus")
    return Dataset(folder.name, "document", questions, qrels, tuple(sources))


def _text(text: str) -> Callable[[], bytes]:
    return lambda: text.encode()


def _check(questions: Iterable[Question], qrels: Qrels, folder: Path) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise DatasetError(f"{folder / 'queries.jsonl'}: id {question.id!r} stands twice")
        seen.add(question.id)
    unknown = sorted(set(qrels) - seen)
    if unknown:
        raise DatasetError(f"{folder}: judged question {unknown[0]!r} is not in queries.jsonl")


def read_qrels(file: Path) -> Qrels:
    """`query-id corpus-id score`, tab separated, with a header. Raises DatasetError."""
    if not file.is_file():
        raise DatasetError(f"{file} is missing")
    qrels: Qrels = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        parts = line.split("\t")
        if (number == 1 and parts[0] == "query-id") or not line.strip():
            continue
        try:
            query, item, score = parts
            qrels.setdefault(query, {})[item] = int(score)
        except ValueError:
            raise DatasetError(
                f"{file}:{number}: expected query-id, corpus-id and a whole number, "
                f"tab separated; found {line!r}"
            ) from None
    return qrels


def rows(file: Path, needed: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Objects of a JSON-lines file. Raises DatasetError for a missing file, line or field."""
    if not file.is_file():
        raise DatasetError(f"{file} is missing")
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise DatasetError(f"{file}:{number}: not JSON: {error}") from None
            missing = [k for k in needed if k not in row]
            if missing:
                raise DatasetError(f"{file}:{number}: has no {missing[0]!r}")
            yield row
