"""What a run leaves in its folder, in the forms that scorers read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from octavo.evals.dataset import DatasetError, GoldQuestion
from octavo.evals.datasets.jsonl import lines
from octavo.evals.run import AskedQuestion

_BOXES = 10  # hits whose boxes are kept


def write_run(run: Mapping[str, Sequence[str]], out: Path) -> None:
    """`run.trec`: the score falls by rank, so that every scorer breaks ties as the search did."""
    with (out / "run.trec").open("w", encoding="utf-8") as file:
        for question, items in run.items():
            for rank, item in enumerate(items, 1):
                file.write(f"{question}\tQ0\t{item}\t{rank}\t{1 / rank:.6f}\toctavo\n")


def read_run(file: Path) -> dict[str, tuple[str, ...]]:
    """Items by question, each once, in the order of the file. Raises DatasetError for a line of
    another form."""
    items: dict[str, list[str]] = {}
    for where, line in lines(file):
        fields = line.split("\t")
        if len(fields) != 6:
            raise DatasetError(f"{where}: expected six fields, tab separated: {line!r}")
        items.setdefault(fields[0], []).append(fields[2])
    return {question: tuple(dict.fromkeys(found)) for question, found in items.items()}


def write_rows(rows: Sequence[Mapping[str, Any]], file: Path) -> None:
    """JSON lines; whole or not there at all."""
    part = file.with_suffix(".part")
    written = (json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    part.write_text("".join(written), encoding="utf-8")
    part.replace(file)


def make_folder(out: Path) -> None:
    """Raises ValueError where a result folder cannot be made, before anything is measured."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "is a file" if out.is_file() else (error.strerror or str(error)).lower()
        raise ValueError(f"--out {out}: {reason}; give a folder for the results") from None


def check_results(file: Path) -> None:
    """Raises ValueError where no row can be appended to a results file, before it is measured."""
    make_folder(file.parent)
    try:
        file.open("a", encoding="utf-8").close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ValueError(f"--out {file}: {reason}; give a file that rows go to") from None


def append_row(row: Mapping[str, Any], file: Path) -> None:
    """One more line of a results file, which only ever grows."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as results:
        results.write(json.dumps(row, ensure_ascii=False) + "\n")


def box_rows(asked: Sequence[AskedQuestion]) -> list[dict[str, Any]]:
    """`boxes.jsonl`: the regions of the first hits."""
    return [
        {
            "query-id": a.question.id,
            "doc": hit.name,
            "page": region.page,
            "bbox": region.box.rounded(),
            "score": round(hit.score, 6),
        }
        for a in asked
        for hit in a.hits[:_BOXES]
        for region in hit.chunk.regions
    ]


def abstain_rows(asked: Sequence[AskedQuestion], right: Mapping[str, bool]) -> list[dict[str, Any]]:
    """`abstain.jsonl`; `right`: whether an answer was judged correct, where it was judged."""
    return [
        {
            "query-id": a.question.id,
            "answerable": a.question.answerable,
            "answered": not a.answer.abstained,
            # In full: rounded, two that differ become a tie, and a scorer sees another order.
            "confidence": a.answer.confidence,
            **({"correct": right[a.question.id]} if a.question.id in right else {}),
        }
        for a in asked
        if a.answer is not None and a.question.answerable is not None
    ]


def answer_rows(
    asked: Sequence[AskedQuestion], values: Mapping[str, Mapping[str, float]]
) -> list[dict[str, Any]]:
    """`answers.jsonl`: what was answered, from where, and how it was judged."""
    return [_answer_row(a, values.get(a.question.id, {})) for a in asked if a.answer is not None]


def _answer_row(a: AskedQuestion, values: Mapping[str, float]) -> dict[str, Any]:
    question: GoldQuestion = a.question
    answer = a.answer
    if answer is None:
        raise ValueError(f"question {question.id!r} was not answered")
    return {
        "query-id": question.id,
        "text": question.text,
        "answered": not answer.abstained,
        "answer": answer_text(a),
        "reason": answer.reason,
        "confidence": round(answer.confidence, 6),
        "gold": list(question.answers),
        "answer_format": question.answer_format,
        "citations": [
            {
                "doc": citation.name,
                "page": region.page,
                "bbox": region.box.rounded(),
                "kind": citation.kind,
            }
            for sentence in answer.sentences
            for citation in sentence.citations
            for region in citation.regions
        ],
        "metrics": {name: round(value, 6) for name, value in values.items()},
    }


def answer_text(a: AskedQuestion) -> str:
    """The sentences of the answer; nothing of an abstention."""
    return " ".join(s.text for s in a.answer.sentences) if a.answer else ""
