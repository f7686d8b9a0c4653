"""How like two texts are: by words, by characters, by one standing in the other.

Every measure is 0 to 1, and of several gold answers the best counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from rapidfuzz.distance import Levenshtein

_ARTICLES = frozenset(("a", "an", "the"))
_TOKEN = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+")
_LONGEST = 4096  # characters that `anls` compares; more is cut off
_TRUTHS = (["yes"], ["no"], ["true"], ["false"])


def normalized(text: str) -> str:
    """Lower case, no punctuation, no articles, single blanks (SQuAD: Rajpurkar et al. 2016).

    Wider than the original: all of Unicode's punctuation and symbols, and compatibility forms
    (ligatures of PDFs). A text of articles alone keeps them ("A" of a list of groups), and one of
    punctuation alone keeps that.
    """
    lowered = unicodedata.normalize("NFKC", text).lower()
    bare = "".join(c for c in lowered if unicodedata.category(c)[0] not in "PS").split()
    words = [w for w in bare if w not in _ARTICLES]
    return " ".join(words or bare or lowered.split())


def exact_match(answer: str, golds: Sequence[str]) -> float:
    """1 where the normalized texts are equal (Rajpurkar et al. 2016)."""
    return best(answer, golds, lambda a, g: float(normalized(a) == normalized(g)))


def token_f1(answer: str, golds: Sequence[str]) -> float:
    """Harmonic mean of the precision and recall of normalized tokens, counted as often as they
    stand (Rajpurkar et al. 2016)."""
    return best(answer, golds, _f1)


def anls(answer: str, golds: Sequence[str], threshold: float = 0.5) -> float:
    """Normalized Levenshtein similarity; 0 where the distance is `threshold` of the longer text or
    more (Biten et al. 2019). Of longer texts the first 4,096 characters."""
    return best(answer, golds, lambda a, g: _similarity(a, g, threshold))


def contains(answer: str, golds: Sequence[str], question: str = "") -> float:
    """1 where the gold's words stand in the answer, side by side and in order. Fair to an answer
    that quotes a whole sentence. Yes, no, and what the question itself names (one of two that are
    to be compared) count only as the first words of an answer."""
    return best(answer, golds, lambda a, g: float(stands_in(a, g, question)))


def best(answer: str, golds: Sequence[str], measure: Callable[[str, str], float]) -> float:
    """0 for no answer. Raises ValueError without a gold answer."""
    if not golds:
        raise ValueError("no gold answer; give at least one to compare with")
    return max(measure(answer, g) for g in golds) if answer.strip() else 0.0


def _f1(answer: str, gold: str) -> float:
    words, wanted = normalized(answer).split(), normalized(gold).split()
    both = (Counter(words) & Counter(wanted)).total()
    return 2 * both / (len(words) + len(wanted)) if both else 0.0


def tokens(text: str, printed: bool = False) -> list[str]:
    """Words and numbers. Unlike SQuAD's, `0.1` is not `01`, and a hyphen parts two words.
    `printed`: with articles, and in the case that they are printed in."""
    plain = unicodedata.normalize("NFKC", text)
    words = [t.replace(",", "") for t in _TOKEN.findall(plain if printed else plain.lower())]
    return words if printed else [t for t in words if t not in _ARTICLES]


def as_printed(gold: str) -> bool:
    """Whether the gold is articles alone. In lower case "A" would stand in every other answer."""
    return not tokens(gold) and bool(tokens(gold, printed=True))


def stands_in(answer: str, gold: str, question: str) -> bool:
    """Whether the gold's words stand in the answer; see `contains`."""
    if normalized(answer) == normalized(gold):
        return True
    printed = as_printed(gold)
    there, wanted = tokens(answer, printed), tokens(gold, printed)
    if wanted in _TRUTHS or _within(wanted, tokens(question, printed)):
        return there[: len(wanted)] == wanted
    return _within(wanted, there)


def _within(wanted: Sequence[str], there: Sequence[str]) -> bool:
    """Whether the words, one at least, stand side by side."""
    starts = range(len(there) - len(wanted) + 1) if wanted else ()
    return any(there[i : i + len(wanted)] == wanted for i in starts)


def _similarity(answer: str, gold: str, threshold: float) -> float:
    a, b = (" ".join(t.lower().split())[:_LONGEST] for t in (answer, gold))
    if not a and not b:
        return 0.0
    off = Levenshtein.normalized_distance(a, b, score_cutoff=threshold)
    return 1 - off if off < threshold else 0.0
