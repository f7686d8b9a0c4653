"""The record of a value: a number, percentage, date or code, however it is written."""

from __future__ import annotations

from dataclasses import dataclass

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
        return all(t.startswith("§") and any(c.isalpha() for c in t[1:]) for t in self.asked)


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
