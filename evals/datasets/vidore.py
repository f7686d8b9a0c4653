"""Page images as ViDoRe's first sets hold them (Faysse et al. 2024, arXiv:2407.01449): one table,
a page a row, with or without a question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from octavo.evals.datasets.corpus import Corpus, judged_documents
from octavo.evals.datasets.jsonl import Place, text_of
from octavo.evals.datasets.judgements import RelevanceJudgement
from octavo.evals.datasets.parquet import Shards, page_source, set_name, shard_files
from octavo.evals.datasets.questions import gold_answers
from octavo.evals.datasets.types import Dataset, DatasetError, GoldQuestion


def is_vidore(folder: Path) -> bool:
    """Whether there is a table of pages in Parquet."""
    return any(folder.glob("data/*.parquet")) or any(folder.glob("*.parquet"))


def read_vidore(folder: Path, split: str = "test") -> Dataset:
    """`data/SPLIT-*.parquet` with image, image_filename, query and answer, a page a row.

    Rows of one image_filename are one page; rows of one question's words are one question with
    several relevant pages. Rows without a question only add a page. Raises DatasetError.
    """
    shards = Shards(shard_files(folder, f"data/{split}-*.parquet", f"{split}-*.parquet"))
    wanted = {shards.column("query"), shards.column("image")} - {"image"}
    wanted |= shards.columns & {"image_filename", "answer"}
    corpus, judgements = Corpus(folder.name), []
    questions: dict[str, GoldQuestion] = {}
    for number, (place, row) in enumerate(shards.rows(sorted(wanted))):
        name = _page_name(place, row, number)
        if name not in corpus.sources:
            corpus.add(place, page_source(shards, number, folder.name, name))
        text = text_of(row["query"] or "", "query", place).strip()
        if text:
            question = _asked(questions, place, row, text, number)
            judgements.append(RelevanceJudgement(place, question.id, name, 1))
    if not questions:
        raise DatasetError(f"{folder} has no question in split {split!r}")
    return judged_documents(set_name(folder, split), questions.values(), judgements, corpus)


def _page_name(place: Place, row: dict[str, Any], number: int) -> str:
    name = row.get("image_filename")
    return text_of(name, "image_filename", place) if name else f"row-{number + 1}"


def _asked(
    questions: dict[str, GoldQuestion], place: Place, row: dict[str, Any], text: str, number: int
) -> GoldQuestion:
    """The question of these words, with the answers of this row too."""
    old = questions.get(text) or GoldQuestion(f"q{number + 1}", text)
    answers = dict.fromkeys([*old.answers, *gold_answers(row, place)])
    questions[text] = replace(old, answers=tuple(answers))
    return questions[text]
