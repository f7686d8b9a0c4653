"""Whether an answer is the gold one, by the measures that fit the answer's format.

docs/metrics/answers.md has the definitions and what each is good for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from octavo.evals.dataset import GoldQuestion
from octavo.evals.metrics.list_answers import items, list_f1, list_recall
from octavo.evals.metrics.numeric_answers import numeric, numeric_contains, only_number
from octavo.evals.metrics.text_match import anls, contains, exact_match, token_f1

#: ANLS from which a text is the gold misspelt. At 0.5 "increase" would be "decrease".
_LIKE = 0.8

EXACT, F1, ANLS, CONTAINS = (
    "answer exact match",
    "answer token F1",
    "answer ANLS",
    "answer contains",
)
NUMERIC, NUMERIC_CONTAINS = "answer numeric", "answer numeric contains"
LIST_RECALL, LIST_F1 = "answer list recall", "answer list F1"
CORRECT = "answer correct"


def score_answer(answer: str, question: GoldQuestion) -> dict[str, float]:
    """The measures that fit the question's answer format, and `answer correct`. Numbers are
    compared as numbers alone: to exact match -5 is 5, and 1,5 is 1.5.

    An abstention (no text) scores 0 in each. Empty where there is no gold, or the documents do not
    answer the question: what refusing is worth is measured by `octavo.evals.metrics.abstention`.
    """
    golds = tuple(g for g in question.answers if g.strip())
    if not golds or question.answerable is False:
        return {}
    kind = question.answer_format
    scores: dict[str, float] = {}
    if kind in ("Int", "Float") and any(only_number(g) for g in golds):
        room = 0.0 if kind == "Int" else 0.05
        scores[NUMERIC] = numeric(answer, golds, room, question.text)
        scores[NUMERIC_CONTAINS] = numeric_contains(answer, golds, question.text)
    else:
        scores[EXACT], scores[F1] = exact_match(answer, golds), token_f1(answer, golds)
        listed = [g for g in golds if items(g)] if kind == "List" else []
        if listed:
            scores[LIST_RECALL] = list_recall(answer, listed)
            scores[LIST_F1] = list_f1(answer, listed)
        else:
            scores[ANLS] = anls(answer, golds)
            scores[CONTAINS] = contains(answer, golds, question.text)
    scores[CORRECT] = float(_right(scores, answer, golds))
    return scores


def by_question(
    answers: Mapping[str, str], questions: Iterable[GoldQuestion]
) -> dict[str, dict[str, float]]:
    """The measures of each answerable question with gold; one without an answer scores 0. Their
    means are `octavo.evals.metrics.retrieval.means`."""
    scores = ((q.id, score_answer(answers.get(q.id, ""), q)) for q in questions)
    return {key: values for key, values in scores if values}


def _right(scores: Mapping[str, float], answer: str, golds: Sequence[str]) -> bool:
    """One number that is near enough, or one of several that is the gold; every item of a list;
    the gold text, or one that is spelt nearly so and has the same digits."""
    if NUMERIC in scores:
        return scores[NUMERIC] == 1 or scores[NUMERIC_CONTAINS] == 1
    if LIST_RECALL in scores:
        return scores[LIST_RECALL] == 1
    return scores[CONTAINS] == 1 or any(
        anls(answer, [g]) >= _LIKE and _digits(answer) == _digits(g) for g in golds
    )


def _digits(text: str) -> list[str]:
    return re.findall(r"\d", text)
