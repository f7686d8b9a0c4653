"""Words of a question to their nearest words of a text, by late interaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from octavo.index.encoders.bm25 import query_words
from octavo.index.encoders.encoder import Matrix, TokenEncoder

_EncodeTokens = Callable[[Sequence[str]], list[Matrix]]
_EDGES = ".,;:!?()[]{}\"'“”„‘’«»"
_PROBE = "word"  # a word that every tokenizer takes, to count the marks around a text


@dataclass(frozen=True, slots=True)
class TokenMatch:
    """A word of the question and the word of the text that is nearest to it.

    `similarity` is the mean over the word's tokens of the greatest cosine (-1 to 1) with any token
    of the text; `text_word` the word that its nearest token belongs to. `stop`: BM25 does not
    count the word.
    """

    word: str
    text_word: str
    similarity: float
    stop: bool


def align_tokens(query: str, text: str, encoder: TokenEncoder) -> tuple[TokenMatch, ...]:
    """Whole words, in the order of the question. Empty where the encoder's rows cannot be told
    apart by word: some pool them, or put their own between.

    The text is encoded again, so that a stored vector of 4 bits a number may differ in the second
    decimal. Contracts give no tokens: rows are counted by encoding each word, by
    `every_token` where the encoder has one (the built-in one leaves out stop words, and pools
    the rest).
    """
    question_words, text_words = query.split(), text.split()
    if not question_words or not text_words:
        return ()
    every_token: _EncodeTokens | None = getattr(encoder, "every_token", None)
    encode = every_token or encoder.embed_tokens
    query_rows = every_token([query])[0] if every_token else encoder.query_tokens([query])[0]
    text_rows = encode([text])[0]
    counts, marks = _counts([*question_words, *text_words], encode), _marks(encode)
    query_owners = _owners(question_words, counts, marks, len(encode([query])[0]), len(query_rows))
    text_owners = _owners(text_words, counts, marks, len(text_rows), len(text_rows))
    if query_owners is None or text_owners is None:
        return ()
    return tuple(
        _token_matches(
            question_words, text_words, query_owners, text_owners, query_rows @ text_rows.T
        )
    )


def _token_matches(
    question_words: Sequence[str],
    text_words: Sequence[str],
    query_owners: Sequence[int],
    text_owners: Sequence[int],
    cosines: Matrix,
) -> list[TokenMatch]:
    """`cosines` (question rows, text rows); marks (-1) belong to no word and match none."""
    columns = [n for n, w in enumerate(text_owners) if w >= 0]
    matches = []
    for number, word in enumerate(question_words):
        rows = [n for n, w in enumerate(query_owners) if w == number]
        if not rows or not columns:
            continue
        part = cosines[rows][:, columns]
        best = int(part.max(axis=0).argmax())
        matches.append(
            TokenMatch(
                _without_punctuation(word),
                _without_punctuation(text_words[text_owners[columns[best]]]),
                float(part.max(axis=1).mean()),
                not query_words(word).indices,
            )
        )
    return matches


def _without_punctuation(word: str) -> str:
    return word.strip(_EDGES) or word


def _counts(words: Sequence[str], encode: _EncodeTokens) -> dict[str, int]:
    """Rows of each word, by encoding it once and twice: once alone would count the marks, too."""
    distinct = list(dict.fromkeys(words))
    encoded = encode([*distinct, *(f"{w} {w}" for w in distinct)])
    half = len(distinct)
    return {w: len(encoded[half + n]) - len(encoded[n]) for n, w in enumerate(distinct)}


def _marks(encode: _EncodeTokens) -> tuple[int, int]:
    """Rows before and after the words: [CLS] and the like. Of several the last one is behind."""
    one, two = (len(r) for r in encode([_PROBE, f"{_PROBE} {_PROBE}"]))
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
    owners = [-1] * rows
    start = marks[0]
    for number, word in enumerate(words):
        for n in range(start, start + counts[word]):
            owners[n] = number
        start += counts[word]
    return owners
