"""Parts of German compounds: "Ausschuss" is found in "Prüfungsausschuss".

Without a word list: every beginning and end of a long word that could be a word of its own, by the
sounds at the seam. What is no word is never asked for; dictionaries that would leave it out are 20
to 60 MB, and lack the words of a trade.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_LEAST, _REST = 4, 3  # letters of a part, and of what it is parted from
_LONG, _LONGEST = 9, 40  # letters of a word that is taken apart
_PARTS = 24  # of one word
_COMPOUND = re.compile(rf"(?<!\w)[^\W\d_]{{{_LONG},{_LONGEST}}}(?!\w)")
_VOWEL = re.compile("[aeiouyäöü]")
#: How a German word begins.
_ONSET = re.compile(
    "(?:[bcdfghjklmnprstvwz]?h?|bl|br|chr|dr|dw|fl|fr|gl|gn|gr|kl|kn|kr|pf|pfl|pfr|ph|phr|pl|pr|ps|qu|"
    "sch|schl|schm|schn|schr|schw|sk|sl|sp|spl|spr|st|str|th|thr|tr|tsch|zw)[aeiouyäöü]"
)
#: And how one ends: not in the middle of a sound.
_CODA = re.compile("(?:[aeiouyäöü]|[bdfgklmnprstxzß]|ch|sch|ck|ng|h)$")


def compound_parts(text: str) -> Iterator[str]:
    """What may be parts of the long words of a text, in lower case; a word said twice twice."""
    for word in _COMPOUND.findall(text.lower()):
        yield from _parts(word)


@lru_cache(maxsize=8192)
def _parts(word: str) -> tuple[str, ...]:
    parts: list[str] = []
    for cut in range(_REST, len(word) - _REST + 1):
        first, last = word[:cut], word[cut:]
        if not (_CODA.search(first) and _ONSET.match(last) and _VOWEL.search(first)):
            continue
        if cut >= _LEAST:
            parts.append(first)
            if first[-1] == "s" and cut > _LEAST:
                parts.append(first[:-1])
        if len(last) >= _LEAST:
            parts.append(last)
    return tuple(dict.fromkeys(parts))[-_PARTS:]
