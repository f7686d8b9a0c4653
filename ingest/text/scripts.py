"""Whether a text is written in Latin letters."""

from __future__ import annotations

from octavo.ingest.text.folding import fold_width


def mostly_latin(text: str) -> bool:
    """Whether at least half of the letters are Latin ones; True for a text without letters."""
    if text.isascii():
        return True
    letters = [c for c in fold_width(text) if c.isalpha()]
    latin = sum(c < "\u0370" or "\u1e00" <= c <= "\u1eff" for c in letters)
    return 2 * latin >= len(letters)
