"""Parquet tables of corpus, queries and judgements, as MTEB and ViDoRe's later sets (Macé et al.
2025, arXiv:2505.17166) hold them."""

from __future__ import annotations

from pathlib import Path

from octavo.evals.datasets.corpus import Corpus, judged_documents
from octavo.evals.datasets.jsonl import identifier, text_of
from octavo.evals.datasets.judgements import RelevanceJudgement, agreeing, check_known
from octavo.evals.datasets.parquet import Shards, page_source, set_name, shard_files
from octavo.evals.datasets.questions import gold_answers
from octavo.evals.datasets.types import Dataset, DatasetError, GoldQuestion

_QUERY_IDS = ("query-id", "query_id", "_id", "id")
_CORPUS_IDS = ("corpus-id", "corpus_id", "_id", "id")


def is_tables(folder: Path) -> bool:
    """Whether there is a corpus in Parquet."""
    return any(folder.glob("corpus/*.parquet")) or any(folder.glob("corpus*.parquet"))


def read_tables(folder: Path, split: str = "test") -> Dataset:
    """`corpus/`, `queries/` and `qrels/` (or `corpus-*.parquet` and so on). Raises DatasetError."""
    questions = _questions(Shards(_table(folder, "queries", split)))
    files = _table(folder, "qrels", split)
    judgements = agreeing(_judgements(Shards(files)), files[0])
    corpus = _corpus(Shards(_table(folder, "corpus", split)), folder.name)
    check_known(judgements, questions.keys(), corpus.sources.keys(), "queries", "corpus")
    return judged_documents(set_name(folder, split), questions.values(), judgements, corpus)


def _questions(shards: Shards) -> dict[str, GoldQuestion]:
    key, words = shards.column(*_QUERY_IDS), shards.column("query", "text")
    questions: dict[str, GoldQuestion] = {}
    for place, row in shards.rows(sorted({key, words} | shards.columns & {"answer"})):
        question = identifier(row[key], key, place)
        if question in questions:
            raise DatasetError(f"{place}: id {question!r} stands twice")
        text = text_of(row[words], words, place)
        questions[question] = GoldQuestion(question, text, answers=gold_answers(row, place))
    return questions


def _judgements(shards: Shards) -> list[RelevanceJudgement]:
    query, item = shards.column(*_QUERY_IDS[:2]), shards.column(*_CORPUS_IDS[:2])
    judgements = []
    for place, row in shards.rows([query, item, shards.column("score")]):
        score = row["score"]
        if not isinstance(score, int | float) or not float(score).is_integer():
            raise DatasetError(f"{place}: score is {score!r}; expected a whole number")
        question, key = identifier(row[query], query, place), identifier(row[item], item, place)
        judgements.append(RelevanceJudgement(place, question, key, int(score)))
    return judgements


def _corpus(shards: Shards, name: str) -> Corpus:
    corpus, key = Corpus(name), shards.column(*_CORPUS_IDS)
    pictures = shards.column("image", "text") == "image"
    texts = set() if pictures else shards.columns & {"text", "title"}
    for number, (place, row) in enumerate(shards.rows(sorted({key} | texts))):
        item = identifier(row[key], key, place)
        if pictures:
            corpus.add(place, page_source(shards, number, name, item))
        else:
            parts = (str(row.get("title") or "").strip(), text_of(row["text"], "text", place))
            corpus.add_text(place, item, "\n\n".join(p for p in parts if p))
    return corpus


def _table(folder: Path, table: str, split: str) -> list[Path]:
    patterns = [f"{table}/{split}-*.parquet", f"{table}/{split}.parquet"]
    # Corpus and questions are often not split, but judgements of another split are other ones.
    if table != "qrels" or split == "test":
        patterns += [f"{table}/{table}-*.parquet", f"{table}-*.parquet", f"{table}.parquet"]
    if table == "qrels":
        patterns += [f"default/{split}-*.parquet", f"data/{split}-*.parquet"]
    return shard_files(folder, *patterns)
