"""Whether a page's text layer says what the page shows, in any language.

Nothing here knows words. A character counts as dead when it stands for no letter: U+FFFD, control
characters, code points that Unicode leaves unassigned or private, and glyph numbers that MuPDF
gives in place of characters where a composite font does not say what its glyphs mean. In simple
fonts such a number is the byte of the file's encoding, and nearly always right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pymupdf

from octavo.ingest.document import Box, Line
from octavo.ingest.figures.vector_graphics import rotated_box, rotation_of
from octavo.ingest.text.printed_line import printed_text

#: Dead characters over this share of a page, or of a line, make it unreadable. Development pages:
#: bullets and rules of formulas without a code reach 0.02, broken fonts begin at 0.12.
DEAD = 0.1

_NO_GUESS = (
    pymupdf.TEXTFLAGS_DICT
    & ~pymupdf.TEXT_PRESERVE_IMAGES
    & ~pymupdf.TEXT_PRESERVE_LIGATURES
    & ~pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
)
#: Control characters, lone surrogates, private use, U+FFFD and the noncharacters after it.
_NOTHING = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ue000-\uf8ff\ufff0-\uffff]")
#: What glyph numbers nearly always contain and Western text does not: a cheap first look.
_FOREIGN = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u0100-\u1fff\u2c00-\uffff]")
#: A word of Latin noise: one letter, some signs, or a letter or digit with a sign after it that
#: words do not have. A word with a letter of another script is none.
_ODD = re.compile(
    r"^(?:[A-Za-z]|[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\u2010-\u2044]{1,3}[A-Za-z]?"
    r"|[0-9A-Za-z]+[^\w\s.,'\u2019\-\u2010-\u2014/:@;)!?%\"][\x21-\u2044]*)$"
)
#: Share of such words that makes a layer noise. In a scanned data sheet with an old OCR layer
#: pages of text have .01 to .23 of them, pages of diagrams .28 to .38.
_NOISE = 0.25


def dead_share(lines: Iterable[Line]) -> float:
    """Share of the characters (white space left out) that stand for nothing."""
    text = "".join(x.text for x in lines).replace(" ", "")
    return len(_NOTHING.findall(text)) / len(text) if text else 0.0


def legible_lines(page: Any, groups: Sequence[Sequence[Line]]) -> list[Line]:
    """The lines of the text layer of a `pymupdf.Page` (`groups`) that can be read.

    Text in composite fonts without a character map is looked at again without MuPDF's guesses.
    """
    lines = [x for g in groups for x in g]
    text = "\n".join(x.text for x in lines)
    if _FOREIGN.search(text) and _has_unmapped_font(page):
        lines = _lines_without_guesses(page)
    elif not _NOTHING.search(text):
        return lines
    return [x for x in lines if dead_share([x]) < DEAD]


def is_noise(lines: Sequence[Line]) -> bool:
    """Whether a quarter of the words that an earlier OCR left under a scan are none. For layers
    that nobody sees only: a formula or a program would pass for noise too."""
    words = [w for x in lines for w in x.text.split()]
    odd = sum(1 for w in words if _ODD.match(w))
    return len(words) >= 8 and odd > _NOISE * len(words)


def _has_unmapped_font(page: Any) -> bool:
    """Whether a composite font of the page does not say what its glyphs mean."""
    document = page.parent
    for xref, _, kind, *_ in page.get_fonts():
        if kind == "Type0" and document.xref_get_key(xref, "ToUnicode")[0] == "null":
            return True
    return False


def _lines_without_guesses(page: Any) -> list[Line]:
    """The lines of a page with U+FFFD for every glyph that the file gives no character."""
    turn = rotation_of(page)
    lines = []
    for block in page.get_text("dict", flags=_NO_GUESS)["blocks"]:
        for raw in block.get("lines", ()):
            text = printed_text(raw)
            if text:
                lines.append(Line(text, rotated_box(raw["bbox"], turn)))
    return lines


def covered(box: Box, others: Iterable[Box]) -> float:
    """Share of a box that lies under `others`, which are taken not to overlap; at most 1."""
    return min(1.0, sum(box.inside(o) for o in others))
