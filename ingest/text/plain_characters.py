"""Characters as people type them: accents composed with their letters, no soft hyphens."""

from __future__ import annotations

import re
import unicodedata

_SOFT = "\u00ad"
#: Of no width and no meaning between letters: soft hyphen, word joiner, byte order mark.
_INVISIBLE = re.compile("[\u00ad\u2060\ufeff]")


def composed(text: str) -> str:
    """`text` in NFC (Unicode Standard Annex 15) without soft hyphens."""
    return text if text.isascii() else unicodedata.normalize("NFC", _INVISIBLE.sub("", text))


def composed_line(text: str) -> str:
    """The same of a printed line, on which soft hyphens are seen: fonts have them for hyphens."""
    return composed(text.replace(_SOFT, "-"))
