"""Judgements: which items are relevant to which question, BEIR's and TREC's files of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from octavo.evals.datasets.jsonl import Place, lines
from octavo.evals.datasets.types import DatasetError, Qrels

_HEADERS = frozenset({"query-id", "query_id", "qid"})


@dataclass(frozen=True, slots=True)
class RelevanceJudgement:
    """That `item` is relevant to `question` by `score`, and where it says so."""

    place: Place
    question: str
    item: str
    score: int


def read_qrels(file: Path) -> Qrels:
    """Relevance of a judgement file, unchecked ids. Raises DatasetError as `read_judgements`."""
    return qrels_of(read_judgements(file))


def read_judgements(file: Path) -> list[RelevanceJudgement]:
    """Of `query-id corpus-id score`, tab separated, header or not; or TREC's four columns
    `query-id iteration corpus-id score`, separated by tabs or blanks.

    Raises DatasetError for a missing or empty file, a line of another form, and for two scores of
    one pair.
    """
    judgements = []
    for place, line in lines(file):
        if place.endswith(":1") and line.split("\t")[0].strip().lower() in _HEADERS:
            continue
        judgements.append(_judgement(place, line))
    return agreeing(judgements, file)


def _judgement(place: Place, line: str) -> RelevanceJudgement:
    parts = line.split("\t") if "\t" in line else line.split()
    # Blanks separate only TREC's form: an id of three columns may hold blanks itself.
    if len(parts) == 4:
        del parts[1]
    elif "\t" not in line or len(parts) != 3:
        parts = []
    try:
        question, item, score = (part.strip() for part in parts)
        return RelevanceJudgement(place, question, item, int(score))
    except ValueError:
        raise DatasetError(
            f"{place}: expected query-id, corpus-id and a whole number, tab separated, or TREC's "
            f"four columns; found {line!r}"
        ) from None


def agreeing(judgements: Iterable[RelevanceJudgement], file: Path) -> list[RelevanceJudgement]:
    """Each pair once. Raises DatasetError where a pair has two scores, or there is no judgement."""
    first: dict[tuple[str, str], RelevanceJudgement] = {}
    for new in judgements:
        old = first.setdefault((new.question, new.item), new)
        if old.score != new.score:
            raise DatasetError(
                f"{new.place}: question {new.question!r} and {new.item!r} are judged {new.score} "
                f"here and {old.score} at {old.place}; leave one"
            )
    if not first:
        raise DatasetError(f"{file} has no judgement")
    return list(first.values())


def qrels_of(
    judgements: Iterable[RelevanceJudgement], same: Mapping[str, str] | None = None
) -> Qrels:
    """Relevance by question and item. `same`: items of equal bytes to the one that the index
    keeps of them; the higher relevance counts."""
    qrels: Qrels = {}
    for j in judgements:
        items = qrels.setdefault(j.question, {})
        item = (same or {}).get(j.item, j.item)
        items[item] = max(j.score, items.get(item, j.score))
    return qrels


def check_known(
    judgements: Iterable[RelevanceJudgement],
    questions: Collection[str],
    items: Collection[str],
    question_file: str = "queries.jsonl",
    corpus: str = "corpus.jsonl",
) -> None:
    """Raises DatasetError for a judged question or item that does not stand in its file."""
    for j in judgements:
        if j.question not in questions:
            raise DatasetError(f"{j.place}: question {j.question!r} is not in {question_file}")
        if j.item not in items:
            raise DatasetError(f"{j.place}: document {j.item!r} is not in {corpus}")
