"""Which words of a question met which words of a text in late interaction, and in BM25."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from octavo.index.encoders.bm25 import query_words
from octavo.index.encoders.encoder import Matrix, TokenEncoder

_Rows = Callable[[Sequence[str]], list[Matrix]]
_EDGES = ".,;:!?()[]{}\"'“”„‘’«»"
_PROBE = "word"  # a word that every tokenizer takes, to count the marks around a text


@dataclass(frozen=True, slots=True)
class TokenMatch:
    """A word of the question and the word of the text that is nearest to it.

    `similarity` is the mean over the word's tokens of the greatest cosine with any token of the
    text; `met` the word that its nearest token belongs to. `stop`: BM25 does not count the word.
    """

    word: str
    met: str
    similarity: float
    stop: bool


def align_tokens(query: str, text: str, encoder: TokenEncoder) -> tuple[TokenMatch, ...]:
    """Whole words, in the order of the question. Empty where the encoder's rows cannot be told
    apart by word: some pool them, or put their own between.

    The text is encoded again, so that a stored vector of 4 bits a number may differ in the second
    decimal. Contracts give no tokens: how many rows a word has is asked of the encoder, of its
    `every_token` where it has one (the built-in one leaves out stop words, and pools the rest).
    """
    asked, answered = query.split(), text.split()
    if not asked or not answered:
        return ()
    every: _Rows | None = getattr(encoder, "every_token", None)
    rows = every or encoder.embed_tokens
    ours = every([query])[0] if every else encoder.query_tokens([query])[0]
    theirs = rows([text])[0]
    counts, marks = _counts([*asked, *answered], rows), _marks(rows)
    own = _owners(asked, counts, marks, len(rows([query])[0]), len(ours))
    met = _owners(answered, counts, marks, len(theirs), len(theirs))
    if own is None or met is None:
        return ()
    return tuple(_met(asked, answered, own, met, ours @ theirs.T))


def _met(
    asked: Sequence[str],
    answered: Sequence[str],
    own: Sequence[int],
    met: Sequence[int],
    cosines: Matrix,
) -> list[TokenMatch]:
    """`cosines` (question rows, text rows); marks (-1) are no word's and meet nothing."""
    columns = [n for n, w in enumerate(met) if w >= 0]
    found = []
    for number, word in enumerate(asked):
        rows = [n for n, w in enumerate(own) if w == number]
        if not rows or not columns:
            continue
        part = cosines[rows][:, columns]
        best = int(part.max(axis=0).argmax())
        found.append(
            TokenMatch(
                _bare(word),
                _bare(answered[met[columns[best]]]),
                float(part.max(axis=1).mean()),
                not query_words(word).indices,
            )
        )
    return found


def _bare(word: str) -> str:
    return word.strip(_EDGES) or word


def _counts(words: Sequence[str], rows: _Rows) -> dict[str, int]:
    """Rows of each word, by asking for it twice over: once alone would count the marks, too."""
    distinct = list(dict.fromkeys(words))
    found = rows([*distinct, *(f"{w} {w}" for w in distinct)])
    half = len(distinct)
    return {w: len(found[half + n]) - len(found[n]) for n, w in enumerate(distinct)}


def _marks(rows: _Rows) -> tuple[int, int]:
    """Rows before and after the words: [CLS] and the like. Of several the last one is behind."""
    one, two = (len(r) for r in rows([_PROBE, f"{_PROBE} {_PROBE}"]))
    marks = one - (two - one)
    return max(0, marks - 1), min(1, max(0, marks))


def _owners(
    words: Sequence[str],
    counts: dict[str, int],
    marks: tuple[int, int],
    expected: int,
    rows: int,
) -> list[int] | None:
    """The number of the word that each row belongs to, -1 for marks; None where the counts of the
    words do not add up to the `expected` rows of the text."""
    ends = list(accumulate(counts[w] for w in words))
    if sum(marks) + ends[-1] != expected or rows < expected:
        return None
    own = [-1] * rows
    start = marks[0]
    for number, word in enumerate(words):
        for n in range(start, start + counts[word]):
            own[n] = number
        start += counts[word]
    return own
