"""Evidence to quotable units: sentences, table rows, figures, each with its regions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from octavo.generate.citation_boxes import boxes_of
from octavo.ingest.document import Chunk, Region
from octavo.ingest.tables.table_rows import table_rows
from octavo.ingest.text.sentences import sentences
from octavo.ingest.text.word_count import words
from octavo.retrieve.query import Hit

_ANAPHOR = re.compile(r"(It|They|This|These|That|Those|He|She|Its|Their)\b")
_LEAST = 3  # words: shorter pieces are page numbers, headers, lone labels
_LONG = 400  # characters: no sentence is quoted with a longer one before it
_LABELS = 600  # characters of a figure's printed labels that are quoted


@dataclass(frozen=True, slots=True)
class EvidenceUnit:
    """A quotable piece of evidence: `text` is shown, `match` is compared with the question."""

    hit: Hit
    rank: int  # of the hit, from 0
    text: str
    match: str
    regions: tuple[Region, ...]


def evidence_units(hit: Hit, rank: int) -> Iterator[EvidenceUnit]:
    """The units of one hit's chunk, in reading order; `rank` is the hit's, from 0."""
    if hit.chunk.kind == "table":
        yield from _rows(hit, rank)
    elif hit.chunk.kind == "figure":
        yield from _figure(hit, rank)
    else:
        yield from _text(hit, rank)


def _text(hit: Hit, rank: int) -> Iterator[EvidenceUnit]:
    chunk = hit.chunk
    before: tuple[int, int] | None = None
    for start, end in sentences(chunk.text):
        text = chunk.text[start:end]
        if before is not None and _ANAPHOR.match(text):
            # "It now ends in May" says nothing without the sentence before it.
            start = before[0]
            text = chunk.text[start:end]
        if words(text) >= _LEAST:
            yield EvidenceUnit(
                hit, rank, text, _with_heading(chunk, text), boxes_of(chunk, start, end)
            )
        before = (start, end) if end - start < _LONG else None


def _figure(hit: Hit, rank: int) -> Iterator[EvidenceUnit]:
    """The figure as a whole, and each of its labels that says something by itself."""
    chunk = hit.chunk
    yield EvidenceUnit(
        hit, rank, _figure_text(chunk), _with_heading(chunk, chunk.text), chunk.regions
    )
    for span in chunk.spans:
        label = chunk.text[span.start : span.end]
        if label not in chunk.caption and len(label.split()) >= _LEAST:
            text = f"{label} [{chunk.caption or 'in a figure'}]"
            yield EvidenceUnit(hit, rank, text, f"{chunk.caption} {label}".strip(), (span.region,))


def _with_heading(chunk: Chunk, text: str) -> str:
    """Where a sentence stands says what it is about: "It takes 45 N·m" under "Impeller bolt"."""
    heading = chunk.section[-1] if chunk.section else ""
    return f"{heading}. {text}" if heading and heading not in text else text


def _rows(hit: Hit, rank: int) -> Iterator[EvidenceUnit]:
    for row in table_rows(hit.chunk):
        text = row.labelled
        match = f"{hit.chunk.caption} {text}".strip()
        yield EvidenceUnit(hit, rank, text, match, (row.region,))


def _figure_text(chunk: Chunk) -> str:
    """Caption, then what is printed inside, shortened."""
    labels = chunk.text.removeprefix(chunk.caption).replace("\n", ", ").strip(", ")
    if len(labels) > _LABELS:
        labels = labels[:_LABELS].rsplit(",", 1)[0] + " ..."
    if not chunk.caption:
        return f"[figure] {labels}" if labels else "[figure]"
    return f"{chunk.caption} [{labels}]" if labels else chunk.caption
