"""Dates in a text, in the forms that people write: one term for one day."""

from __future__ import annotations

import re
from collections.abc import Iterator

from octavo.index.analysis.months import month_numbers
from octavo.index.analysis.values import Value, number_term

_YEAR_FIRST = re.compile(
    r"(?<![\w.,/-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d/-])(?!\.\d)(?![A-SU-Za-z])"
)
_YEAR_LAST = re.compile(
    r"(?<![\w.,/-])(\d{1,2})(?:([-/])|(\.) ?)(\d{1,2})(?:(?:\2)|(?(3)\. ?))(\d{4})"
    r"(?![\w/-])(?!\.\d)"
)
_YEAR_MONTH = re.compile(r"(?<![\w.,/-])(\d{4})-(0[1-9]|1[0-2])(?![\w-])")
_IDEOGRAPHIC = re.compile(
    r"(?<!\d)(?:(\d{4}) ?[年년] ?)?(\d{1,2}) ?[月월](?: ?(\d{1,2}) ?[日号號일])?"
)
_HAS_NUMERIC = re.compile(r"\d[-/.] ?\d")
#: `4. März 2024`, `4th of March`; and `March 4, 2024`, `March 2024`.
_NAME, _FOLLOWING_YEAR = r"([^\W\d_]{3,12})\b", r"(?:,? (?:de |del )?(\d{4})(?![\w-]))?"
_DAY_FIRST = re.compile(
    r"(?<![\w.,/-])(\d{1,2})(?:st|nd|rd|th|er|º|\.)? (?:of |de |d')?"
    rf"{_NAME}\.?{_FOLLOWING_YEAR}"
)
_MONTH_FIRST = re.compile(
    rf"(?<!\w){_NAME}(?:\.? (\d{{1,2}})(?:st|nd|rd|th)?(?![\w%])(?![.,]\d){_FOLLOWING_YEAR}"
    r"|\.?,? (?:de |del )?(\d{4})(?![\w-]))"
)
_HAS_IDEOGRAPH = re.compile(r"\d ?[月월]")


def find_dates(folded: str) -> list[Value]:
    """Dates of a text after `fold_width`, in order. "04/03/2024" is read both ways; a month that
    is named without day or year is a word and no date."""
    found = [*_numeric(folded), *_ideographic(folded), *_named(folded)]
    kept: list[Value] = []
    for value in sorted(found, key=lambda v: (v.start, -v.end)):
        if not kept or value.start >= kept[-1].end:
            kept.append(value)
    return kept


def _numeric(text: str) -> Iterator[Value]:
    if not _HAS_NUMERIC.search(text):
        return
    for m in _YEAR_FIRST.finditer(text):
        yield from _value(m, [(m[1], int(m[3]), int(m[4]))])
    for m in _YEAR_LAST.finditer(text):
        first, second = int(m[1]), int(m[4])
        days = [(m[5], second, first)]
        if m[2] == "/" and first != second:
            days.append((m[5], first, second))
        yield from _value(m, days)
    for m in _YEAR_MONTH.finditer(text):
        yield from _value(m, [(m[1], int(m[2]), 0)])


def _ideographic(text: str) -> Iterator[Value]:
    if not _HAS_IDEOGRAPH.search(text):
        return
    for m in _IDEOGRAPHIC.finditer(text):
        if m[1] or m[3]:
            yield from _value(m, [(m[1] or "", int(m[2]), int(m[3] or 0))])


def _named(text: str) -> Iterator[Value]:
    numbers = month_numbers()
    for m in _DAY_FIRST.finditer(text):
        if (month := numbers.get(m[2].lower())) is not None:
            yield from _value(m, [(m[3] or "", month, int(m[1]))], m[2])
    for m in _MONTH_FIRST.finditer(text):
        if (month := numbers.get(m[1].lower())) is not None:
            yield from _value(m, [(m[3] or m[4] or "", month, int(m[2] or 0))], m[1])


def _value(
    match: re.Match[str], days: list[tuple[str, int, int]], name: str = ""
) -> Iterator[Value]:
    """A value that may be any of `days`: year ("" where none is said), month, day (0: none)."""
    days = [(y, m, d) for y, m, d in days if 1 <= m <= 12 and d <= 31 and (d or y)]
    if not days:
        return
    terms: list[str] = []
    asked: list[str] = []
    for year, month, day in days:
        whole = [f"{year}-{month:02}"] if year else []
        whole += [f"{month:02}-{day:02}"] if day else []
        whole += [f"{year}-{month:02}-{day:02}"] if year and day else []
        terms += [f"@{w}" for w in whole]
        asked.append(f"@{whole[-1]}")
        if year:
            terms.append(number_term(year))
    yield Value(match.start(), match.end(), tuple(dict.fromkeys(terms)), tuple(asked), name)
