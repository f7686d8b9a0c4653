"""Raised digits in word search: 10⁶ is found by 10 and by 10^6, and is no 106."""

from __future__ import annotations

import re

#: A superscript after a number, a bracket or a word of four letters and more: a power or the mark
#: of a note. After a shorter word it belongs to it: m² is found by m2.
_RAISED = re.compile(r"(?<=[\d)\]%])(?=[⁰¹²³⁴-⁹⁺⁻ⁿ])|(?<=[^\W\d_]{4})(?=[⁰¹²³⁴-⁹])")


#: Raised and lowered digits as digits on the line.
_LEVEL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "0123456789" * 2)


def raised_apart(text: str) -> str:
    """`text` with `^` before raised digits that are no part of the word before them, and all of
    them on the line: 10⁶ has the terms of 10^6, m² those of m2."""
    return text if text.isascii() else _RAISED.sub("^", text).translate(_LEVEL)
