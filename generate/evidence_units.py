"""Evidence to quotable units: sentences, table rows, figures, each with its regions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from octavo.generate.citation_boxes import places
from octavo.ingest.document import Chunk, Region
from octavo.ingest.text.word_count import words
from octavo.retrieve.query import Hit

#: After . ! or ? and white space, before a letter that is not small, a digit, a quote or a bracket;
#: after the full stop of Chinese and Japanese; or at a line break.
_END = re.compile(
    r"(?<=[.!?…؟])[\"')\]»”]*\s+(?=[\"'(\[«“„¿¡]?[^\W_a-z])|(?<=[。！？])\s*|\n+|\s+(?=[•▪●■–]\s)"
)
_ABBREVIATION = re.compile(
    r"\b(e\.g|i\.e|etc|vs|figs?|no|approx|dr|mrs?|ms|inc|st|cf)\.$", re.IGNORECASE
)
_ANAPHOR = re.compile(r"(It|They|This|These|That|Those|He|She|Its|Their)\b")
_LEAST = 3  # words: shorter pieces are page numbers, headers, lone labels
_LONG = 400  # characters: no sentence is quoted with a longer one before it
_LABELS = 600  # characters of a figure's printed labels that are quoted


@dataclass(frozen=True, slots=True)
class Unit:
    """A quotable piece of evidence: `text` is shown, `match` is compared with the question."""

    hit: Hit
    rank: int  # of the hit, from 0
    text: str
    match: str
    regions: tuple[Region, ...]


def units(hit: Hit, rank: int) -> Iterator[Unit]:
    """The units of one hit's chunk, in reading order."""
    if hit.chunk.kind == "table":
        yield from _rows(hit, rank)
    elif hit.chunk.kind == "figure":
        yield from _figure(hit, rank)
    else:
        yield from _text(hit, rank)


def _text(hit: Hit, rank: int) -> Iterator[Unit]:
    chunk = hit.chunk
    before: tuple[int, int] | None = None
    for start, end in sentences(chunk.text):
        text = chunk.text[start:end]
        if before is not None and _ANAPHOR.match(text):
            # "It now ends in May" says nothing without the sentence before it.
            start = before[0]
            text = chunk.text[start:end]
        if words(text) >= _LEAST:
            yield Unit(hit, rank, text, _about(chunk, text), places(chunk, start, end))
        before = (start, end) if end - start < _LONG else None


def _figure(hit: Hit, rank: int) -> Iterator[Unit]:
    """The figure as a whole, and each of its labels that says something by itself."""
    chunk = hit.chunk
    yield Unit(hit, rank, _figure_text(chunk), _about(chunk, chunk.text), chunk.regions)
    for span in chunk.spans:
        label = chunk.text[span.start : span.end]
        if label not in chunk.caption and len(label.split()) >= _LEAST:
            text = f"{label} [{chunk.caption or 'in a figure'}]"
            yield Unit(hit, rank, text, f"{chunk.caption} {label}".strip(), (span.region,))


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of every sentence; white space between them is left out."""
    found = []
    start = 0
    for match in _END.finditer(text):
        said = text[start : match.start()].rstrip()
        if "\n" not in match[0] and (_ABBREVIATION.search(said) or _small(text[match.end() :][:2])):
            continue
        found.append((start, match.start()))
        start = match.end()
    found.append((start, len(text)))
    return [(a, b) for a, b in found if text[a:b].strip()]


def _small(beginning: str) -> bool:
    """Whether it begins with a small letter outside ASCII, which the pattern does not tell."""
    letters = [c for c in beginning if c.isalpha()]
    return bool(letters) and letters[0].islower() and not letters[0].isascii()


def _about(chunk: Chunk, text: str) -> str:
    """Where a sentence stands says what it is about: "It takes 45 N·m" under "Impeller bolt"."""
    place = chunk.section[-1] if chunk.section else ""
    return f"{place}. {text}" if place and place not in text else text


def _rows(hit: Hit, rank: int) -> Iterator[Unit]:
    chunk = hit.chunk
    head = True  # caption and header come first; a row below may say a word of them again
    for span in chunk.spans:
        text = chunk.text[span.start : span.end]
        head = head and (text == chunk.header or text in chunk.caption)
        if head:
            continue
        shown = _named(chunk.header, text)
        about = f"{chunk.caption} {shown}".strip()
        yield Unit(hit, rank, shown, about, (span.region,))


def _named(header: str, row: str) -> str:
    """`Part: Impeller bolt; Torque: 45 N·m` from a header row and a row."""
    names, cells = header.split(" | "), row.split(" | ")
    if len(names) != len(cells):
        return row
    pairs = [(n.strip(), c.strip()) for n, c in zip(names, cells, strict=True) if c.strip()]
    return "; ".join(f"{n}: {c}" if n else c for n, c in pairs)


def _figure_text(chunk: Chunk) -> str:
    """Caption, then what is printed inside, shortened."""
    labels = chunk.text.removeprefix(chunk.caption).replace("\n", ", ").strip(", ")
    if len(labels) > _LABELS:
        labels = labels[:_LABELS].rsplit(",", 1)[0] + " ..."
    if not chunk.caption:
        return f"[figure] {labels}" if labels else "[figure]"
    return f"{chunk.caption} [{labels}]" if labels else chunk.caption
