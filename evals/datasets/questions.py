"""Questions of a JSON-lines file, with the gold answers and evidence kinds it may name."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from octavo.evals.datasets.jsonl import Place, identifier, numbered, text_of
from octavo.evals.datasets.types import AnswerFormat, DatasetError, GoldQuestion

#: MMLongBench-Doc's names of evidence, and ours.
_KINDS = {
    "Pure-text (Plain-text)": "text",
    "Table": "table",
    "Figure": "figure",
    "Chart": "chart",
    "Generalized-text (Layout)": "layout",
} | {kind: kind for kind in ("text", "table", "figure", "chart", "layout")}
_NO_ANSWER = "not answerable"


def read_questions(
    file: Path, documents: Container[str] | None = None, pictures: Path | None = None
) -> dict[str, tuple[Place, GoldQuestion]]:
    """By id, in the order of the file, with their places.

    `documents`: the files that a row's `doc` may name; None where `doc` means nothing. `pictures`:
    the folder that a row's `image`, the picture of the question, is in; None where `image` means
    something else.
    Raises DatasetError for a repeated id, an unknown document, a field of another form, no row.
    """
    questions: dict[str, tuple[Place, GoldQuestion]] = {}
    for place, row in numbered(file, ("_id", "text")):
        question = _question(place, row)
        if question.id in questions:
            raise DatasetError(
                f"{place}: id {question.id!r} stands twice, first at {questions[question.id][0]}"
            )
        if pictures is not None:
            question = replace(question, image=_picture(row, pictures, place))
        if not question.text.strip() and pictures is not None and question.image is None:
            raise DatasetError(f"{place}: question {question.id!r} has neither text nor image")
        if documents is not None:
            question = replace(question, document=_document(row, documents, place))
        questions[question.id] = place, question
    if not questions:
        raise DatasetError(f"{file} has no question")
    return questions


def _question(place: Place, row: dict[str, Any]) -> GoldQuestion:
    return GoldQuestion(
        identifier(row["_id"], "_id", place),
        text_of(row["text"], "text", place),
        answerable=_answerable(row, place),
        answers=gold_answers(row, place),
        answer_format=_format(row, place),
        kinds=_kinds(row, place),
    )


def _picture(row: dict[str, Any], folder: Path, place: Place) -> Path | None:
    name = text_of(row.get("image", ""), "image", place)
    if not name:
        return None
    if not (folder / name).is_file():
        raise DatasetError(f"{place}: image {name!r} is no file in {folder}")
    return folder / name


def _document(row: dict[str, Any], documents: Container[str], place: Place) -> str:
    name = text_of(row.get("doc", ""), "doc", place)
    if name and name not in documents:
        raise DatasetError(f"{place}: doc {name!r} names no file in pdfs/")
    return name


def _answerable(row: dict[str, Any], place: Place) -> bool | None:
    value = row.get("answerable")
    if value is None or isinstance(value, bool):
        return value
    raise DatasetError(f"{place}: 'answerable' is {value!r}; expected true, false or null")


def gold_answers(row: dict[str, Any], place: Place) -> tuple[str, ...]:
    """Of `answer` (a text or a list of texts), then `extractive_answer`; each once, none where the
    row is not answerable. A list inside a string stays one answer: its form says how to compare."""
    if row.get("answerable") is False:
        return ()
    answers: list[str] = []
    for key in ("answer", "extractive_answer"):
        value = row.get(key)
        listed = [] if value is None else value if isinstance(value, list) else [value]
        if not all(isinstance(one, str | int | float) for one in listed):
            raise DatasetError(f"{place}: {key!r} is {value!r}; expected a text or a list of texts")
        answers += [str(one).strip() for one in listed]
    return tuple(dict.fromkeys(a for a in answers if a and not a.lower().startswith(_NO_ANSWER)))


def _format(row: dict[str, Any], place: Place) -> AnswerFormat:
    value = row.get("answer_format", "Str")
    known: tuple[AnswerFormat, ...] = get_args(AnswerFormat)
    for one in known:
        if value == one or (value is None and one == "None"):
            return one
    raise DatasetError(f"{place}: 'answer_format' is {value!r}; expected one of {', '.join(known)}")


def _kinds(row: dict[str, Any], place: Place) -> tuple[str, ...]:
    value = row.get("evidence_sources") or []
    if not isinstance(value, list):
        raise DatasetError(f"{place}: 'evidence_sources' is {value!r}; expected a list")
    for one in value:
        if not isinstance(one, str) or one not in _KINDS:
            raise DatasetError(
                f"{place}: evidence source {one!r} is unknown; expected one of {', '.join(_KINDS)}"
            )
    return tuple(dict.fromkeys(_KINDS[one] for one in value))
