"""Numbers in a text, as people print them: `$1,358,000`, `21 %`, `399 million`, `minus three`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from octavo.evals.metrics.text_match import best

_SCALES = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "mn": 1e6, "bn": 1e9, "lakh": 1e5, "lakhs": 1e5, "crore": 1e7, "crores": 1e7,
}  # fmt: skip
_MOST = {1: 2, 2: 3}  # rivals of as many digits, above which a gold is found by chance
_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {w: n for n, w in enumerate(_SMALL)} | {w: 10 * n for n, w in enumerate(_TENS, 2)}

#: Digits, or words up to ninety-nine. Not inside a word or name (`H2O`, `GS-5002` is 5002), and not
#: of more than two parts (`3.6.8`, `1.2.3.4`). "One of", "one or" and the like count nothing.
_NUMBER = re.compile(
    rf"""
    (?P<sign>(?<![\w)%\]])(?:[-−–]|\bminus\s|\bnegative\s))?
    (?:[$€£₹¥]\s?)?
    (?<![\w.])
    (?: (?P<digits>\d{{1,3}}(?:,\d{{3}})++(?![\d]) | \d++ | (?=\.\d))
        (?P<decimals>\.\d++)?+ (?!\.\d)
      | (?P<tens>{"|".join(_TENS)})(?:[-\s](?P<ones>{"|".join(_SMALL[1:10])}))?+ \b
      | (?P<small>{"|".join(_SMALL)})\b (?!\s(?:of|or|another|by|can|more|such)\b)
    )
    (?:\s?(?P<scale>{"|".join(_SCALES)})\b)?
    (?:\s?(?P<percent>%|per\s?cent\b|percentage\spoints?\b))?
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A value: 21 for `21 %`, whose `percent` is true; 3e9 for `3.0 billion`."""

    value: float
    scale: float  # that the word behind it stands for, else 1
    percent: bool
    digits: int  # printed, from the first that is not 0; a decimal point counts as one
    half: float  # of the last decimal: what rounding may have taken; 0 of a whole number
    start: int  # of the characters in the text
    end: int

    def near(self, gold: Number, room: float) -> bool:
        """Whether the two are at most `room` apart. Where just one of them bears a percent sign,
        0.21 is also 21 %. A gold without "million" may stand for millions, as questions ask for
        them: 3.0 billion is also 3.0."""
        values = [self.value] if gold.scale != 1 else [self.value, self.value / self.scale]
        if self.percent != gold.percent:
            values.append(self.value / 100 if self.percent else self.value * 100)
        # Rounding of binary fractions must not decide: 0.95 is within 0.05 of 1.
        return any(
            abs(v - gold.value) <= room * (1 + 1e-9) or math.isclose(v, gold.value, rel_tol=1e-9)
            for v in values
        )


def numbers(text: str) -> list[Number]:
    """Every number in the order printed. Commas part thousands, points decimals: of `0,45` this
    makes 0 and 45. Both ends of a range are numbers (`2015-2016`)."""
    return list(_numbers(text))


def only_number(text: str) -> Number | None:
    """The number that a text is, with nothing but units of money, percent or a full stop."""
    stated = numbers(text)
    if len(stated) != 1:
        return None
    rest = text[: stated[0].start] + text[stated[0].end :]
    return None if re.search(r"\w", rest) else stated[0]


def _numbers(text: str) -> Iterator[Number]:
    for m in _NUMBER.finditer(text):
        printed = _printed(m)
        scale = _SCALES.get((m["scale"] or "").lower(), 1.0)
        value = float(printed) * scale * (-1 if m["sign"] else 1)
        if math.isinf(value):
            continue
        decimals = len(printed.partition(".")[2])
        digits = (len(printed.replace(".", "").lstrip("0")) or 1) + bool(decimals)
        half = 0.5 * 10.0**-decimals * scale if decimals else 0.0
        yield Number(value, scale, bool(m["percent"]), digits, half, m.start(), m.end())


def _printed(m: re.Match[str]) -> str:
    """In digits, without sign, scale or commas."""
    if m["tens"]:
        return str(_WORDS[m["tens"].lower()] + _WORDS.get((m["ones"] or "").lower(), 0))
    if m["small"]:
        return str(_WORDS[m["small"].lower()])
    return f"{m['digits'] or 0}{m['decimals'] or ''}".replace(",", "")


def numeric(
    answer: str, golds: Sequence[str], tolerance: float = 0.05, question: str = ""
) -> float:
    """1 where the answer states one value, as often as it likes, and that is at most `tolerance`
    (a share of the gold) off: relaxed accuracy (ChartQA: Masry et al. 2022). Where just one of the
    two bears a percent sign, no more than rounding may part them. Golds that are no number are
    passed over, and so are values that the question names (a year), unless they are the gold."""

    def near(a: str, g: str) -> float:
        gold = only_number(g)
        if gold is None:
            return 0.0
        stated = _stated(a, gold, question)
        if len({(n.value, n.percent) for n in stated}) != 1:
            return 0.0
        alike = stated[0].percent == gold.percent
        return float(stated[0].near(gold, tolerance * abs(gold.value) if alike else gold.half))

    return best(answer, golds, near)


def numeric_contains(answer: str, golds: Sequence[str], question: str = "") -> float:
    """1 where one of the answer's numbers is the gold's, after rounding to its decimals.

    Many numbers hold any small one by chance: a gold of one digit counts among at most two
    different numbers of one digit, a gold of two among at most three of two, a longer one among
    any (a decimal point counts as a digit); those that the question names are not counted. Where
    the gold and some number of the answer bear a percent sign, only those that do are looked at.
    """
    return best(answer, golds, lambda a, g: float(among(a, g, question)))


def among(answer: str, gold: str, question: str = "", few: bool = True) -> bool:
    """Whether the gold is one of the answer's numbers; `few`: and hardly by chance."""
    wanted = only_number(gold)
    if wanted is None:
        return False
    stated = _stated(answer, wanted, question)
    if wanted.percent and any(n.percent for n in stated):
        stated = [n for n in stated if n.percent]
    rivals = {n.value for n in stated if n.digits == wanted.digits}
    if few and len(rivals) > _MOST.get(wanted.digits, len(rivals)):
        return False
    return any(n.near(wanted, wanted.half) for n in stated)


def _stated(answer: str, gold: Number, question: str) -> list[Number]:
    """The answer's numbers without those that only repeat the question's."""
    named = {n.value for n in numbers(question)}
    return [n for n in numbers(answer) if n.value not in named or n.near(gold, gold.half)]
