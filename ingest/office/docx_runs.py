"""What the runs of a paragraph hold: inline HTML, fields, symbols."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from octavo.ingest.formats.epub_builder import escape
from octavo.ingest.office.docx_elements import hexadecimal

PAGE_FIELDS = re.compile(r"^\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
PAGE_BREAK = "\f"  # a page break among blocks


@dataclass(slots=True)
class ParagraphContent:
    """What a paragraph's runs hold: inline HTML, and blocks that follow the paragraph."""

    html: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    field_code: str | None = None  # of a field whose code is being read
    muted: bool = False  # inside the result of a page number field


def symbol_html(code: str) -> str:
    """A character of a symbol font; those have places that mean nothing in other fonts."""
    number = hexadecimal(code)
    if 0xF000 <= number <= 0xF0FF:
        number -= 0xF000
        return {0xB7: "•", 0xA7: "▪", 0xFC: "✓", 0xFB: "✗", 0xE0: "→"}.get(number, "")
    return escape(chr(number)) if 32 <= number < 0x110000 else ""


def read_field_mark(kind: str, content: ParagraphContent) -> None:
    """Begin, middle and end of a field: its code is not shown, its result is."""
    if kind == "begin":
        content.field_code = ""
    elif kind == "separate":
        content.muted = bool(PAGE_FIELDS.match(content.field_code or ""))
        content.field_code = None
    elif kind == "end":
        content.muted, content.field_code = False, None
