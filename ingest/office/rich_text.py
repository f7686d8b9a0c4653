"""Texts of a spreadsheet: runs with fonts of their own, escapes, readings of Japanese words."""

from __future__ import annotations

import re

from octavo.ingest.text.raised_text import Level, Run, plain_text
from octavo.ingest.text.symbol_fonts import office_text

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LEVELS: dict[str, Level] = {"superscript": 1, "subscript": -1}


def unescaped(text: str) -> str:
    """`text` without the escapes of ECMA-376 (22.9.2.19), `_x000D_` for a carriage return; line
    breaks as line feeds."""
    if "_x" in text:
        text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class RichText:
    """One text while its XML is gone through: call `start`, `text` and `end` for all inside it."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._pieces: list[str] = []
        self._is_open = False  # inside a `t`
        self._is_reading = False  # inside the reading of a word (`rPh`)
        self._level: Level = 0
        self._font = ""
        self._struck = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "rPh":
            self._is_reading = True
        elif tag == "r":
            self._level, self._font, self._struck = 0, "", False
        elif tag == "vertAlign":
            self._level = _LEVELS.get(attributes.get("val", ""), 0)
        elif tag == "rFont":
            self._font = attributes.get("val", "")
        elif tag == "strike":
            self._struck = attributes.get("val", "1") not in ("0", "false")
        elif tag == "t":
            self._is_open = not self._is_reading

    def text(self, piece: str) -> None:
        if self._is_open:
            self._pieces.append(piece)

    def end(self, tag: str) -> None:
        if tag == "rPh":
            self._is_reading = False
        elif tag == "t":
            self._is_open = False
        if tag in ("t", "r") and self._pieces:
            text = office_text(unescaped("".join(self._pieces)), self._font)
            if not self._struck:
                self._runs.append(Run(text, self._level))
            self._pieces.clear()

    def take(self) -> str:
        """The text, and begins a new one."""
        runs, self._runs = self._runs, []
        self._level, self._font, self._struck = 0, "", False
        return runs[0].text if len(runs) == 1 else plain_text(runs)
