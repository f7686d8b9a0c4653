"""Paragraph styles of Word: which are headings, which is the title, which are numbered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from octavo.ingest.office.office_package import attribute_of, find_child, to_int

_HEADING = re.compile(r"^heading (\d)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParagraphStyle:
    """What matters of a paragraph style, its bases followed: 0 is no heading, 1 the highest."""

    heading: int = 0
    title: bool = False
    number: str = ""
    level: int = 0


def read_styles(root: Element | None) -> dict[str, ParagraphStyle]:
    """Styles by their id; none where the document has no part of styles."""
    elements = {s.get("styleId", ""): s for s in root.iter("style")} if root is not None else {}
    return {name: _style(name, elements) for name in elements}


def _style(name: str, elements: dict[str, Element]) -> ParagraphStyle:
    heading, title, number, level = 0, False, "", ""
    for _ in range(20):  # a style may be based on itself
        element = elements.get(name)
        if element is None:
            break
        style_name = attribute_of(element, "name").lower()
        match = _HEADING.match(style_name)
        outline = attribute_of(element, "pPr", "outlineLvl")
        heading = heading or (int(match[1]) if match else to_int(outline, 9) + 1 if outline else 0)
        title = title or style_name == "title"
        numbering = find_child(element, "pPr", "numPr")
        number, level = (
            number or attribute_of(numbering, "numId"),
            level or attribute_of(numbering, "ilvl"),
        )
        name = attribute_of(element, "basedOn")
    return ParagraphStyle(heading if heading <= 9 else 0, title, number, to_int(level))
