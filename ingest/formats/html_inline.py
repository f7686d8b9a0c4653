"""Inline elements of HTML that are more than their text: marks of notes, fields of forms."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from octavo.ingest.formats.epub_builder import escape

_MARK = re.compile(r"[\[(]?\s*(\w{1,4}|[*†‡§¶]{1,3})\s*[\])]?")
_LONGEST = 20  # characters of a mark and the white space around it
_NOTE_TYPES = re.compile(r"noteref|footnote|endnote", re.IGNORECASE)
_NOTE_ADDRESS = re.compile(r"#_?(?:f[no]|ftn|edn|note|cite|endnote|sdfoot|sdend)", re.IGNORECASE)
_SHOWN = frozenset({"text", "submit", "button", "number", "email", "tel", "url", "date", "time"})


def note_mark(element: Element) -> str:
    """The mark of a note that an element is (`<sup><a href="#n3">3</a></sup>`), in brackets, or
    nothing where it is none."""
    if element.tag not in ("sup", "a", "span"):
        return ""
    text = ""
    for piece in element.itertext():
        text += piece
        if len(text) > _LONGEST:
            return ""
    match = _MARK.fullmatch(text.strip())
    if match is None:
        return ""
    links = [element] if element.tag == "a" else list(element.iter("a"))
    raised = element.tag == "sup" or element.find(".//sup") is not None
    for link in links:
        kinds = " ".join(link.get(k, "") for k in ("epub:type", "role", "class", "rel"))
        address = link.get("href", "")
        if _NOTE_TYPES.search(kinds) or (raised and "#" in address):
            return f"<sup>[{escape(match[1])}]</sup>"
        if _NOTE_ADDRESS.search(address) and match[1].isdecimal():
            return f"<sup>[{match[1]}]</sup>"
    return ""


def field_text(element: Element) -> str:
    """What a field of a form shows: its value, its chosen option, or whether it is ticked."""
    if element.tag == "select":
        chosen = [o for o in element.iter("option") if "selected" in o.attrib]
        return escape(", ".join(" ".join("".join(o.itertext()).split()) for o in chosen))
    kind = element.get("type", "text").lower()
    if kind in ("checkbox", "radio"):
        return "[x] " if "checked" in element.attrib else "[ ] "
    return escape(element.get("value", "")) if kind in _SHOWN else ""
