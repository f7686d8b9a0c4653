"""Parts of a DOCX with text, and the notes and comments that their runs refer to."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element


@dataclass(slots=True)
class Story:
    """One part with text (the body, the footnotes, a header) and what its runs refer to."""

    part: str
    notes: dict[str, Element] = field(default_factory=dict)
    comments: dict[str, Element] = field(default_factory=dict)


def notes_by_reference(footnotes: Element | None, endnotes: Element | None) -> dict[str, Element]:
    """Notes by kind (`f`, `e`) and id, without the lines that separate them from the text."""
    notes = {}
    for root, letter in ((footnotes, "f"), (endnotes, "e")):
        for note in root if root is not None else ():
            if note.get("type", "normal") == "normal":
                notes[letter + note.get("id", "")] = note
    return notes


def comments_by_id(root: Element | None) -> dict[str, Element]:
    return {c.get("id", ""): c for c in (root if root is not None else ())}
