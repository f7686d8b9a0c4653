"""Answers that are lists, as MMLongBench-Doc writes their golds: `['White', '10%']`."""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress

from rapidfuzz.distance import Levenshtein

from octavo.evals.metrics.numeric_answers import among, only_number
from octavo.evals.metrics.text_match import anls, best, stands_in, tokens

_LIKE = 0.5  # ANLS from which two texts are taken for the same
_NO_LIST = (ValueError, SyntaxError, TypeError, MemoryError, RecursionError)


def items(text: str) -> tuple[str, ...]:
    """The items of a bracketed list, quoted or numbers; else the text itself. Blank ones are left
    out."""
    listed: object = text
    if re.fullmatch(r"\[.*\]", text.strip(), re.DOTALL):
        # A document's backslash is no escape of Python's, about which it would warn.
        with warnings.catch_warnings(), suppress(*_NO_LIST):
            warnings.simplefilter("ignore")
            listed = ast.literal_eval(text.strip())
    found = listed if isinstance(listed, list) else [text]
    return tuple(str(i).strip() for i in found if str(i).strip())


def list_recall(answer: str, golds: Sequence[str]) -> float:
    """Share of the gold's items that stand in the answer, wherever: an item that is a number as
    that number; any other with its words side by side, misspelt in at most a tenth of the letters
    (golds of MMLongBench-Doc are: `Agricultural Drough`)."""
    return best(answer, golds, lambda a, g: _share(items(g), lambda item: _stands(item, a)))


def list_f1(answer: str, golds: Sequence[str]) -> float:
    """Harmonic mean of two shares: parts of the answer (between commas, semicolons, line ends and
    `and`) that are like an item, and items that are like a part. Like: ANLS of 0.5 or more."""

    def f1(a: str, g: str) -> float:
        wanted, parts = items(g), _parts(a)
        precision = _share(parts, lambda part: _like(part, wanted))
        recall = _share(wanted, lambda item: _like(item, parts))
        return _harmonic(precision, recall)

    return best(answer, golds, f1)


def _share(of: Sequence[str], test: Callable[[str], bool]) -> float:
    return math.fsum(test(x) for x in of) / len(of) if of else 0.0


def _stands(item: str, answer: str) -> bool:
    """Whether one item of a list is in the answer."""
    if only_number(item):
        return among(answer, item, few=False)
    there, wanted = tokens(answer), tokens(item)
    spans = (there[i : i + len(wanted)] for i in range(len(there) - len(wanted) + 1))
    return stands_in(answer, item, "") or any(_misspelt(span, wanted) for span in spans)


def _misspelt(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether two as long runs of words differ in a tenth of their letters at most, and in no
    number."""
    for word, other in zip(words, wanted, strict=True):
        if word != other and (word[0].isdigit() or other[0].isdigit()):
            return False
    a, b = " ".join(words), " ".join(wanted)
    room = len(b) // 10
    return 0 < room >= Levenshtein.distance(a, b, score_cutoff=room)


def _parts(answer: str) -> tuple[str, ...]:
    listed = items(answer)
    if listed != (answer.strip(),):
        return listed
    return tuple(p.strip() for p in re.split(r",\s|;|\n|\band\b", answer) if p.strip())


def _like(text: str, others: Sequence[str]) -> bool:
    return bool(others) and anls(text, others) >= _LIKE


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b > 0 else 0.0
