"""Numbers in a text or a hit, each as the set of ways to read it."""

from __future__ import annotations

import re
import unicodedata

from octavo.retrieve.query import Hit

_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d+)*")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?!\d)")
_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
)  # fmt: skip


def numbers(text: str) -> list[frozenset[str]]:
    """Every number as the set of ways to read it: "1,250" is 1250 or 1.25; "0.50" is 0.5."""
    ascii_digits = "".join(str(unicodedata.decimal(c, c)) for c in text)
    return [_readings(m[0]) for m in _NUMBER.finditer(ascii_digits)]


def numbers_of_hit(hit: Hit) -> frozenset[str]:
    """Readings of every number in a hit, those in words ("two") included."""
    chunk = hit.chunk
    parts = [hit.name, *chunk.section, chunk.text, chunk.header, chunk.caption, chunk.context]
    text = "\n".join(parts)
    digits = [*numbers(text), *numbers(join_thousands(text))]
    in_words = {str(_WORDS.index(w)) for w in re.findall(r"[a-z]+", text.lower()) if w in _WORDS}
    return frozenset(in_words).union(*digits)


def join_thousands(text: str) -> str:
    """Thousands that stand apart put together: "3 600" is 3600."""
    return _THOUSANDS.sub(lambda m: m[0].replace(" ", ""), text)


def _readings(token: str) -> frozenset[str]:
    parts = re.split(r"\D", token)
    separators = re.findall(r"\D", token)
    readings = {token}
    if len(set(separators)) <= 1 and all(len(p) == 3 for p in parts[1:]):
        readings.add(str(int("".join(parts))))
    if separators and separators[-1] in ".," and separators.count(separators[-1]) == 1:
        whole, rest = str(int("".join(parts[:-1]))), parts[-1].rstrip("0")
        readings.add(f"{whole}.{rest}" if rest else whole)
    return frozenset(readings)
