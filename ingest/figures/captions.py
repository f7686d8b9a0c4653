"""Captions: how figures and tables are labelled, and how text refers to them."""

from __future__ import annotations

import re

_NOUNS = (
    r"fig(?:ure)?s?\.?|chart|exhibit|graph|diagram|plate|photo|map|scheme|illustration|table|tab\."
)
_NUMBER = r"[A-Z]?\d+(?:[.\-]\d+)*|[IVX]+"
#: A block that begins like this is a caption. The second form is what the readers of formats that
#: mark captions and alternative texts give them (`ingest/formats/epub_builder.py: caption`).
CAPTION = re.compile(
    rf"^\s*(?:(?:{_NOUNS})\s*(?:{_NUMBER})\b|(?:picture|table|chart):\s)", re.IGNORECASE
)
_LABEL = re.compile(rf"^\s*({_NOUNS})\s*({_NUMBER})\b[\s.:–—-]*", re.IGNORECASE)
_REFERENCE = re.compile(rf"\b({_NOUNS}|charts|tables)\s*({_NUMBER})\b", re.IGNORECASE)


def label_of(text: str) -> tuple[str, str] | None:
    """`("fig", "3")` of "Figure 3. Impeller": noun and number, or None."""
    match = _LABEL.match(text)
    return _key(match[1], match[2]) if match else None


def without_label(text: str) -> str:
    """ "Impeller" of "Figure 3. Impeller"."""
    return _LABEL.sub("", text, count=1).strip()


def references(text: str) -> set[tuple[str, str]]:
    """Labels that a text names: "see Fig. 3 and Table 2"."""
    return {_key(m[1], m[2]) for m in _REFERENCE.finditer(text)}


def _key(noun: str, number: str) -> tuple[str, str]:
    return noun[:3].lower(), number.upper()
