"""What the runs of a paragraph hold: inline HTML, fields, symbols."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from octavo.ingest.formats.epub_builder import escape
from octavo.ingest.office.docx_elements import hexadecimal
from octavo.ingest.office.office_package import find_child, is_on
from octavo.ingest.office.run_formats import RunFormat
from octavo.ingest.text.symbol_fonts import symbol

PAGE_FIELDS = re.compile(r"^\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
#: Pieces of a run that a line through it deletes; what is anchored in it stays.
STRUCK = frozenset({"t", "tab", "ptab", "sym", "noBreakHyphen", "ruby"})
TAGS = re.compile(r"<[^>]*>")
PAGE_BREAK = "\f"  # a page break among blocks


@dataclass(slots=True)
class ParagraphContent:
    """What a paragraph's runs hold: inline HTML, and blocks that follow the paragraph."""

    style: str = ""  # the paragraph's, by its id
    font: str = ""  # of the run that is being read
    html: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    field_code: str | None = None  # of a field whose code is being read
    muted: bool = False  # inside the result of a page number field


def run_html(html: str, properties: Element | None, run_format: RunFormat) -> str:
    """The HTML of a run in its format (`properties` are its own); page breaks stay as they are."""
    text = TAGS.sub("", html).strip()
    level = run_format.level or (run_format.moved if text.isdecimal() else 0)
    for tag, on in (
        ("b", is_on(find_child(properties, "b"))),
        ("i", is_on(find_child(properties, "i"))),
        ("sup", level > 0),
        ("sub", level < 0),
    ):
        if on and html.strip() and PAGE_BREAK not in html:
            html = f"<{tag}>{html}</{tag}>"
    return html


def symbol_html(code: str, font: str) -> str:
    """A character of a symbol font; those have places that mean nothing in other fonts."""
    return escape(symbol(hexadecimal(code), font))


def read_field_mark(mark: Element, content: ParagraphContent) -> None:
    """Begin, middle and end of a field: its code is not shown, its result is. A box to tick has no
    result."""
    kind = mark.get("fldCharType", "")
    if kind == "begin":
        content.field_code = ""
        box = find_child(mark, "ffData", "checkBox")
        if box is not None:
            ticked = box.find("checked")
            ticked = box.find("default") if ticked is None else ticked
            content.html.append("☒" if is_on(ticked) else "☐")
    elif kind == "separate":
        content.muted = bool(PAGE_FIELDS.match(content.field_code or ""))
        content.field_code = None
    elif kind == "end":
        content.muted, content.field_code = False, None
