"""RTF as tokens: control words, groups and text, with their characters decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})"
    rb"|\\(?P<symbol>[^a-zA-Z])|(?P<brace>[{}])|[\r\n]++|(?P<text>[^\\{}\r\n]++)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class RtfToken:
    """`kind` is `{`, `}`, `word`, `symbol`, `byte` or `text`; `number` of a control word, None
    where it has none; `data` of a byte or a text."""

    kind: str
    word: str = ""
    number: int | None = None
    data: bytes = b""


def rtf_tokens(data: bytes) -> Iterator[RtfToken]:
    """What is no token is left out. The bytes after `\\bin` are one text."""
    position = 0
    while match := _TOKEN.search(data, position):
        position = match.end()
        kind = match.lastgroup
        if match["word"] is not None:
            number = int(match["number"]) if match["number"] else None
            word = match["word"].decode("ascii")
            yield RtfToken("word", word, number)
            if word == "bin" and number and number > 0:
                yield RtfToken("text", data=data[position : position + number])
                position += number
        elif kind == "brace":
            yield RtfToken(match["brace"].decode("ascii"))
        elif kind == "hex":
            yield RtfToken("byte", data=bytes([int(match["hex"], 16)]))
        elif kind == "symbol":
            yield RtfToken("symbol", match["symbol"].decode("latin-1"))
        elif kind == "text":
            yield RtfToken("text", data=match["text"])
