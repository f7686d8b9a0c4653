"""The record of a value: a number, percentage, date or code, however it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Letters and digits that name a thing. Not `covid19`, `co2`, `h2o` or `50shot`, which texts also
#: say in words, nor a year with letters.
_CODE = re.compile(
    r"§(?![^\W\d_]{1,3}(?:19|20)\d\d$)(?:[^\W\d_]{1,3}\d{2,}|[^\W\d_]{4,}\d{3,}|[^\W\d_]+\d+\W|"
    r"\d+[^\W\d_]+\d{2,}|\d{2,}[^\W\d_]{1,2}$)"
)
_LONGEST = 64  # characters of a term: longer runs are hashes and addresses


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a text, characters `start` to `end`.

    `terms` is what it is indexed under; `asked` are the readings that a question with it looks
    for, any of which meets it; `kept` is what of its letters stays a word of the question.
    """

    start: int
    end: int
    terms: tuple[str, ...]
    asked: tuple[str, ...]
    kept: str = ""

    @property
    def is_code(self) -> bool:
        """Whether it can only be met as a whole, letters and digits together."""
        return all(_CODE.match(t) for t in self.asked)

    @property
    def is_day(self) -> bool:
        """Whether it is a date with its year."""
        return all(t.startswith("@") and t.count("-") == 2 for t in self.asked)


def code_term(code: str) -> str:
    """`AX-4410`, `ax 4410` and `AX4410` to one term; what parts digits from digits stays."""
    kept = []
    for i, c in enumerate(code):
        if c.isalnum():
            kept.append(c)
        elif code[i - 1 : i].isdigit() == code[i + 1 : i + 2].isdigit():
            kept.append("-" if c in "-_ " else c)
    return "§" + "".join(kept).casefold()[:_LONGEST]


def number_term(digits: str) -> str:
    """Of a number in plain form: `1000`, `0.5`."""
    return "#" + digits[:_LONGEST]
