"""Tokens of a prompt for want of the model's tokenizer: of text by its signs, of a picture by its
area."""

from __future__ import annotations

import math
import re
import struct

_PICTURE = 300  # tokens of a picture besides those for its area


def estimate_tokens(text: str) -> int:
    """Tokens at most, for want of the tokenizer: one for every digit, sign, line end and space
    before a digit, one for three letters, three for four bytes of other scripts. That holds for a
    vocabulary as small and English as SmolLM2's; on English text it is about 1.5 times too many,
    on other scripts more."""
    letters = sum(math.ceil(len(word) / 3) for word in re.findall(r"[A-Za-z]+", text))
    signs = len(re.findall(r"[^A-Za-z\s\u0080-\U0010ffff]|\n|\s(?=\d)", text))
    other = sum(len(c.encode("utf-8", "replace")) for c in re.findall(r"[\u0080-\U0010ffff]", text))
    return letters + signs + math.ceil(other * 3 / 4)


def picture_tokens(png: bytes, pixels_per_token: int) -> int:
    """One for every `pixels_per_token` pixels, and 300 more."""
    width, height = struct.unpack(">II", png[16:24])  # of the first block, which is the header
    return _PICTURE + math.ceil(int(width) * int(height) / pixels_per_token)
