"""BEIR folders (Thakur et al. 2021, arXiv:2104.08663): corpus, questions and judgements in files.

A row of the corpus may be an image file instead of a text, as in sets of charts or of page images.
"""

from __future__ import annotations

from pathlib import Path

from octavo.evals.datasets.corpus import Corpus, judged_documents
from octavo.evals.datasets.jsonl import Place, identifier, numbered, text_of
from octavo.evals.datasets.judgements import check_known, read_judgements
from octavo.evals.datasets.questions import read_questions
from octavo.evals.datasets.types import Dataset, DatasetError


def read_beir(folder: Path, split: str = "test", questions: str = "queries") -> Dataset:
    """`corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv` (or `qrels.tsv`, without splits).

    `questions="captions"` asks `captions.jsonl` with `qrels_captions.tsv` instead.
    Only judged questions are asked. Raises DatasetError.
    """
    question_file = folder / f"{questions}.jsonl"
    file = _judgement_file(folder, split, questions)
    by_id = read_questions(question_file)
    judgements = read_judgements(file)
    corpus = read_corpus(folder)
    check_known(judgements, by_id.keys(), corpus.sources.keys(), question_file.name)
    extra = [split] * (split != "test") + [questions] * (questions != "queries")
    name = ":".join([folder.name, *extra])
    return judged_documents(name, (q for _, q in by_id.values()), judgements, corpus)


def _judgement_file(folder: Path, split: str, questions: str) -> Path:
    splits = folder / "qrels"
    if questions != "queries":
        if split != "test":
            raise DatasetError(
                f"split {split!r} does not go with questions {questions!r}: "
                f"qrels_{questions}.tsv has no splits"
            )
        return folder / f"qrels_{questions}.tsv"
    if splits.is_dir():
        file = splits / f"{split}.tsv"
        if not file.is_file():
            there = ", ".join(sorted(f.stem for f in splits.glob("*.tsv"))) or "none"
            raise DatasetError(f"{file} is missing; splits in {splits}: {there}")
        return file
    if split != "test":
        raise DatasetError(f"{splits / split}.tsv is missing; {folder} has no qrels/ with splits")
    return folder / "qrels.tsv"


def read_corpus(folder: Path) -> Corpus:
    """Rows of `corpus.jsonl`: `_id` with `text` (and `title`), or with the path of an `image`.
    Raises DatasetError."""
    corpus = Corpus(folder.name)
    file = folder / "corpus.jsonl"
    for place, row in numbered(file, ("_id",)):
        key = identifier(row["_id"], "_id", place)
        if row.get("image") is not None:
            corpus.add_image(place, key, folder, row["image"])
        else:
            corpus.add_text(place, key, _text(place, row))
    if not corpus.sources:
        raise DatasetError(f"{file} has no document")
    return corpus


def _text(place: Place, row: dict[str, object]) -> str:
    if "text" not in row:
        raise DatasetError(f"{place}: has no 'text' (nor 'image')")
    text = text_of(row["text"], "text", place)
    title = text_of(row.get("title") or "", "title", place).strip()
    return f"{title}\n\n{text}" if title else text
