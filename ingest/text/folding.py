"""Characters that stand for the same one: full width, digits of any script, dashes, blanks."""

from __future__ import annotations

import re
import unicodedata

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_BLANKS = "\u00a0\u2007\u2009\u202f\u3000"
_OTHER = re.compile(rf"[！-～{_DASHES}{_BLANKS}]|(?![0-9])\d")  # \d: decimal digits of any script


def fold_width(text: str) -> str:
    """`text` with ASCII for full-width forms, digits of other scripts, dashes and blanks.

    Every character becomes one character, so that positions stay. Raised and lowered digits are
    no digits of a number (10² is not 102) and stay.
    """
    return text if text.isascii() else _OTHER.sub(_folded, text)


def _folded(match: re.Match[str]) -> str:
    char = match[0]
    if char in _DASHES:
        return "-"
    if char in _BLANKS:
        return " "
    return chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else str(unicodedata.decimal(char))
