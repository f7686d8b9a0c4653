"""Raised digits in word search: 10⁶ is found by 10 and by 10^6, and is no 106."""

from __future__ import annotations

import re

#: A superscript after a number, a bracket or a word of four letters and more: a power or the mark
#: of a note. After a shorter word it belongs to it: m² is found by m2.
_RAISED = re.compile(r"(?<=[\d)\]%])(?=[⁰¹²³⁴-⁹⁺⁻ⁿ])|(?<=[^\W\d_]{4})(?=[⁰¹²³⁴-⁹])")


def raised_apart(text: str) -> str:
    """`text` with a space before raised digits that are no part of the word before them. The
    tokenizer folds ⁶ to 6, and would read 10⁶ as 106."""
    return text if text.isascii() else _RAISED.sub(" ", text)
