"""RTF: headings, paragraphs, tables with merged cells, and pictures.

Left out: headers and footers, hidden, struck and deleted text, drawn shapes without a picture.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures, escape
from octavo.ingest.formats.rtf_tables import RtfTable
from octavo.ingest.formats.rtf_tokens import RtfToken, rtf_tokens

#: Groups without running text, and those that are marked as ignorable (`\*`) but for these.
_SKIPPED = frozenset({
    "fonttbl", "colortbl", "stylesheet", "listtable", "listoverridetable", "info", "header",
    "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf", "fldinst",
    "nonshppict", "generator", "rsidtbl", "themedata", "datastore", "xmlnstbl", "pict", "objdata",
})  # fmt: skip
_NOT_IGNORED = frozenset({"shppict", "shptxt", "pict"})
_CHARACTERS = {
    "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "tab": " \u00a0 ",
    "cell": "", "nestcell": " | ",
}  # fmt: skip
_SYMBOLS = {"~": "\u00a0", "_": "\u2011", "-": "", "\\": "\\", "{": "{", "}": "}"}
_CHARSETS = {
    128: "cp932", 129: "cp949", 134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250",
}  # fmt: skip
_SWITCHES = ("b", "i", "v", "strike", "striked", "deleted")
_METADATA = {"title": "title", "author": "author", "subject": "subject", "keywords": "keywords"}
_MOST_WORDS = 20  # pieces of the name of a style
_TWIPS = 20.0  # in a point


@dataclass(frozen=True, slots=True)
class _GroupState:
    """What holds until the group ends."""

    destination: str = ""  # empty: running text
    encoding: str = ""
    skipped: int = 1  # characters that stand for one of Unicode
    on: frozenset[str] = frozenset()
    raised: str = ""  # `sup` or `sub`
    in_table: bool = False
    heading: int = 0


def make_rtf(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError for groups in each other beyond `bounds.nesting`."""
    pictures = Pictures(bounds)
    reader = _RtfReader(pictures)
    blocks = list(reader.blocks(data))  # the title stands in it somewhere
    return EpubBuilder([blocks], pictures, reader.metadata).make()


@dataclass(slots=True)
class _RtfReader:
    pictures: Pictures
    metadata: dict[str, str] = field(default_factory=dict)
    _state: _GroupState = field(default_factory=_GroupState)
    _stack: list[_GroupState] = field(default_factory=list)
    _ansi: str = "cp1252"
    _fonts: dict[int, str] = field(default_factory=dict)
    _styles: dict[int, int] = field(default_factory=dict)
    _number: int = 0  # of the font or style that is being declared
    _bytes: bytearray = field(default_factory=bytearray)
    _html: list[str] = field(default_factory=list)  # of the paragraph
    _words: list[str] = field(default_factory=list)  # of a group that is no running text
    _to_skip: int = 0
    _high: int = 0  # first half of a character beyond 16 bits
    _ignorable: bool = False
    _table: RtfTable = field(default_factory=RtfTable)
    _picture: bytearray = field(default_factory=bytearray)
    _picture_width: float = 0.0

    def blocks(self, data: bytes) -> Iterator[str]:
        for token in rtf_tokens(data):
            if token.kind in ("text", "byte"):
                self._add_bytes(token)
                continue
            if not (token.kind == "word" and token.word == "u"):
                self._flush()
            if token.kind == "{":
                self._open()
            elif token.kind == "}":
                yield from self._close()
            elif token.kind == "symbol":
                self._symbol(token.word)
            else:
                yield from self._word(token)
        self._flush()
        yield from self._end_paragraph()
        yield from self._table.end()

    def _open(self) -> None:
        self._stack.append(self._state)
        self.pictures.bounds.check_nesting(len(self._stack))
        self._to_skip = 0

    def _close(self) -> Iterator[str]:
        ended, self._to_skip = self._state, 0
        outer = self._stack.pop() if self._stack else _GroupState()
        self._state = outer
        if ended.destination == outer.destination:
            return
        words = "".join(self._words).strip()
        if ended.destination in _METADATA and words:
            self.metadata[_METADATA[ended.destination]] = words
        elif ended.destination == "pict":
            yield from self._end_picture()
        elif ended.destination == "footnote":
            self._html.append("]")
        self._words = []

    def _symbol(self, symbol: str) -> None:
        self._ignorable = symbol == "*"
        if symbol in _SYMBOLS:
            self._add(_SYMBOLS[symbol])

    def _word(self, token: RtfToken) -> Iterator[str]:
        word, number = token.word, token.number
        ignorable, self._ignorable = self._ignorable, False
        if word == "u":
            self._add_unicode(number or 0)
        elif ignorable and word not in _NOT_IGNORED:
            self._state = replace(self._state, destination="skipped")
        elif word == "footnote":
            self._add(" [")
            self._state = replace(self._state, destination=self._state.destination or "footnote")
        elif word in _SKIPPED or (word in _METADATA and self._state.destination == "info"):
            self._begin(word)
        elif self._state.destination in ("fonttbl", "stylesheet"):
            self._declare(word, number)
        elif self._state.destination == "pict":
            if word == "picwgoal":
                self._picture_width = (number or 0) / _TWIPS
        elif self._state.destination in ("", "footnote"):
            yield from self._format(word, number)

    def _begin(self, destination: str) -> None:
        if self._state.destination in ("", "info", "footnote"):
            self._state = replace(self._state, destination=destination)
            self._words, self._picture, self._picture_width = [], bytearray(), 0.0

    def _declare(self, word: str, number: int | None) -> None:
        """A font's encoding, or the level of a style that is a heading."""
        if word in ("f", "s"):
            self._number, self._words = number or 0, []
        elif word == "fcharset" and number in _CHARSETS:
            self._fonts[self._number] = _CHARSETS[number]
        elif word == "outlinelevel" and self._state.destination == "stylesheet":
            self._styles[self._number] = (number or 0) + 1

    def _format(self, word: str, number: int | None) -> Iterator[str]:
        state = self._state
        if word in ("par", "page", "sect"):
            yield from self._end_paragraph()
        elif word == "line":
            self._html.append("<br/>")
        elif word in ("cell", "row", "trowd", "cellx", "clmrg", "clvmrg", "trhdr", "nestrow"):
            self._table_word(word)
        elif word in _CHARACTERS:
            self._add(_CHARACTERS[word])
        elif word == "ansicpg" and number:
            self._ansi = {65001: "utf-8"}.get(number, f"cp{number}")
        elif word == "uc":
            self._state = replace(state, skipped=max(0, min(number or 0, 9)))
        elif word == "f":
            self._state = replace(state, encoding=self._fonts.get(number or 0, ""))
        elif word == "pard":
            self._state = replace(state, in_table=False, heading=0)
        elif word == "plain":
            self._state = replace(state, on=frozenset(), raised="")
        elif word == "intbl":
            self._state = replace(state, in_table=True)
        elif word in ("s", "outlinelevel"):
            level = self._styles.get(number or 0, 0) if word == "s" else (number or 0) + 1
            self._state = replace(state, heading=level if level <= 9 else 0)
        elif word in ("super", "sub", "nosupersub"):
            raised = {"super": "sup", "sub": "sub"}.get(word, "") if number != 0 else ""
            self._state = replace(state, raised=raised)
        elif word in _SWITCHES:
            on = state.on - {word} if number == 0 else state.on | {word}
            self._state = replace(state, on=on)

    def _table_word(self, word: str) -> None:
        if word == "cell":
            self._table.add_cell("".join(self._html).strip().removesuffix("<br/>"))
            self._html = []
        elif word == "nestrow":
            self._html.append("<br/>")
        else:
            self._table.define(word)

    def _end_paragraph(self) -> Iterator[str]:
        if self._state.in_table:
            self._html.append("<br/>")
            return
        text = "".join(self._html).strip()
        self._html = []
        if not text:
            return
        yield from self._table.end()
        level = min(self._state.heading, 6)
        yield f"<h{level}>{text}</h{level}>" if level else f"<p>{text}</p>"

    def _end_picture(self) -> Iterator[str]:
        try:
            data = binascii.unhexlify(bytes(self._picture))
        except (binascii.Error, ValueError):
            data = bytes(self._picture)
        if data and self._state.destination == "":
            yield from self._end_paragraph() if not self._state.in_table else ()
            if not self._state.in_table:
                yield from self._table.end()
            yield self.pictures.html(data, width=self._picture_width)

    def _add_bytes(self, token: RtfToken) -> None:
        data = token.data
        if self._to_skip:
            cut = min(self._to_skip, len(data))
            self._to_skip -= cut
            data = data[cut:]
        if self._state.destination == "pict":
            self._picture += data.strip() if token.kind == "text" else data
        else:
            self._bytes += data

    def _add_unicode(self, number: int) -> None:
        self._flush()
        self._to_skip = self._state.skipped
        unit = number & 0xFFFF
        if 0xD800 <= unit < 0xDC00:
            self._high = unit
        elif 0xDC00 <= unit < 0xE000:
            pair = ((self._high - 0xD800) << 10) + unit - 0xDC00 + 0x10000 if self._high else 0xFFFD
            self._high = 0
            self._add(chr(pair))
        else:
            self._add(chr(unit))

    def _flush(self) -> None:
        if self._bytes:
            data, self._bytes = bytes(self._bytes), bytearray()
            try:
                text = data.decode(self._state.encoding or self._ansi, "replace")
            except LookupError:
                text = data.decode("cp1252", "replace")
            self._add(text)

    def _add(self, text: str) -> None:
        state = self._state
        if state.destination not in ("", "footnote"):
            self._words.append(text)
            if state.destination == "stylesheet" and len(self._words) < _MOST_WORDS:
                self._name_style("".join(self._words))
            return
        if not text or state.on & {"v", "strike", "striked", "deleted"}:
            return
        html = escape(text)
        for tag, on in (("b", "b" in state.on), ("i", "i" in state.on), (state.raised, True)):
            if tag and on and text.strip():
                html = f"<{tag}>{html}</{tag}>"
        self._html.append(html)

    def _name_style(self, name: str) -> None:
        first, _, level = name.strip(" ;").lower().partition(" ")
        if first == "heading" and level.isdigit():
            self._styles[self._number] = int(level)
        elif name.strip(" ;").lower() == "title":
            self._styles[self._number] = 1
