"""Text that runs from right to left: what MuPDF gives in the wrong order, put right."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

#: Letters of Hebrew, Arabic and the scripts that share its letters, presentation forms too.
RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_FORMS = re.compile(r"[\ufb50-\ufdff\ufe70-\ufeff]+")


def runs_left(text: str) -> bool:
    """Whether most letters of `text` are read from right to left."""
    letters = sum(c.isalpha() for c in text)
    return 2 * len(RIGHT_TO_LEFT.findall(text)) > letters > 0


def line_text(raw: dict[str, Any]) -> str:
    """Text of a line of MuPDF's `rawdict`.

    A ligature (lam-alef) comes as its second letter, of no width, and then its first: they are
    put in order. Presentation forms become the letters that people type.
    """
    chars = [c for span in raw["spans"] for c in span["chars"]]
    return _FORMS.sub(lambda m: unicodedata.normalize("NFKC", m[0]), "".join(_ordered(chars)))


def _ordered(chars: Sequence[dict[str, Any]]) -> list[str]:
    letters_in_order = [str(c["c"]) for c in chars]
    for n in range(len(chars) - 1):
        letters = all(RIGHT_TO_LEFT.match(c) for c in letters_in_order[n : n + 2])
        if letters and _width(chars[n]) < 0.01 < _width(chars[n + 1]):
            letters_in_order[n], letters_in_order[n + 1] = (
                letters_in_order[n + 1],
                letters_in_order[n],
            )
    return letters_in_order


def _width(char: dict[str, Any]) -> float:
    return float(char["bbox"][2] - char["bbox"][0])
