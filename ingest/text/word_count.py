"""How long a text is, in words: what chunks are filled by, whatever the script.

Where words are not parted by spaces, letters count: a Chinese, Japanese or Korean sign as 3/4 of a
word, because the built-in encoder takes 1.4 tokens for an English word and one for such a sign, and
every 24 other letters in a row as one word, so that an address or a hash is not taken for a short
text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_WORD = 24  # letters in a row that count as one word
_SIGN = 18  # of these 24 parts that a full-width sign counts


def words(text: str) -> int:
    """At least the number of pieces between white space."""
    return sum(-(-_size(piece) // _WORD) for piece in text.split())


def parts(text: str, most: int) -> Iterator[str]:
    """`text` in parts of at most `most` words, cut at white space; a single piece that is longer
    is cut inside. A part never holds two pieces of one word. A text that fits comes as it is."""
    if words(text) <= most:
        yield text
        return
    pieces: list[str] = []
    count = 0
    for piece in (p for word in text.split() for p in _cut(word, most)):
        size = words(piece)
        if pieces and count + size > most:
            yield " ".join(pieces)
            pieces, count = [], 0
        pieces.append(piece)
        count += size
    if pieces:
        yield " ".join(pieces)


def _size(piece: str) -> int:
    """In parts of a word."""
    if piece.isascii() or len(piece) <= 1:
        return len(piece)
    return sum(_size_of(c) for c in piece)


def _size_of(letter: str) -> int:
    return _SIGN if unicodedata.east_asian_width(letter) in "WF" else 1


def _cut(word: str, most: int) -> Iterator[str]:
    if len(word) * _SIGN <= most * _WORD:  # the usual case, without counting
        yield word
        return
    start = size = 0
    for i, letter in enumerate(word):
        one = _size_of(letter)
        if size + one > most * _WORD:
            yield word[start:i]
            start, size = i, 0
        size += one
    yield word[start:]
