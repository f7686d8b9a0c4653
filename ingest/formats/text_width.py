"""How wide a text is set, in ems: columns that are too narrow break words in half ("TRU E")."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

import pymupdf

_LEAST = 0.62  # ems of a character on average, at least: digits and letters have 0.56, bold
_OTHER = 0.75  # of a letter that the font does not have, and another brings


def em_width(text: str) -> float:
    """The width of `text` in bold sans-serif type, in ems, rather more than less."""
    return max(_LEAST * len(text), sum(map(_advance, text)))


@cache
def _font() -> Any:
    return pymupdf.Font("hebo")


@cache
def _advance(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if unicodedata.combining(character):
        return 0.0
    code = ord(character)
    return float(_font().glyph_advance(code)) if code < 0x250 else _OTHER
