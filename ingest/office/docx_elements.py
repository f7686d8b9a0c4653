"""Elements of WordprocessingML that wrap others, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

#: Elements that only wrap runs or blocks.
WRAPPERS = frozenset({
    "ins", "moveTo", "hyperlink", "smartTag", "sdt", "sdtContent", "fldSimple", "customXml",
    "dir", "bdo", "rubyBase", "oMathPara",
})  # fmt: skip


def chosen(alternatives: Element) -> Element:
    """Of an AlternateContent, the newer form; the older repeats the same content."""
    choice = alternatives.find("Choice")
    if choice is not None and len(choice):
        return choice
    fallback = alternatives.find("Fallback")
    return fallback if fallback is not None else Element("Fallback")


def outermost(element: Element, tag: str) -> Iterator[Element]:
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag == "AlternateContent":
            yield from outermost(chosen(child), tag)
        else:
            yield from outermost(child, tag)


def children_of(element: Element, tag: str) -> Iterator[Element]:
    """Children of a kind, also inside content controls and tracked changes."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in WRAPPERS:
            yield from children_of(child, tag)


def hexadecimal(text: str | None) -> int:
    try:
        return int(text or "0", 16)
    except ValueError:
        return 0
