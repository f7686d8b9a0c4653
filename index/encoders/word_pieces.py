"""Word pieces: how long a text is to a model, and where its pieces stand."""

from __future__ import annotations

from functools import cache
from typing import Any

from octavo.index.weights.weight_files import verified


@cache
def tokenizer() -> Any:
    """The built-in WordPiece tokenizer, which neither pads nor cuts; one copy a process."""
    from tokenizers import Tokenizer

    wordpiece = Tokenizer.from_file(str(verified("minilm-tokenizer.json")))
    wordpiece.no_padding()
    wordpiece.no_truncation()
    return wordpiece


def pieces(text: str) -> list[tuple[int, int]]:
    """Where each word piece of `text` begins and ends."""
    offsets: list[tuple[int, int]] = tokenizer().encode(text, add_special_tokens=False).offsets
    return offsets
