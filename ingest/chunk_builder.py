"""A chunk while it is being filled, and when it is done: text and spans of its printed lines."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from octavo.ingest.document import Box, Chunk, ChunkKind, Line, Region, Span, bounding, chunk_id
from octavo.ingest.text.hyphenation import joint
from octavo.ingest.text.word_count import words

Printed = tuple[str, Region]


@dataclass(slots=True)
class ChunkBuilder:
    """Printed lines, each with its region. `breaks`: indexes of lines at which a block begins;
    `head`: how many of the first lines are a table's caption and header rows; `sections`: for each
    line of a table the row that names its part."""

    kind: ChunkKind
    section: tuple[str, ...]
    lines: list[Printed] = field(default_factory=list)
    blocks: list[Region] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)
    head: int = 0
    header: str = ""
    sections: list[str] = field(default_factory=list)
    styled: bool = False  # the header of a table is told by its type
    caption: str = ""
    image: Region | None = None
    pixels: bytes | None = None
    columns: int = 0
    before: int = 0  # words of text on the page above a table, and below it
    after: int = 0

    @property
    def words(self) -> int:
        return count_words(self.lines)

    def add(self, document: str, page: int, lines: Sequence[Line]) -> None:
        """Adds lines of one block."""
        self.breaks.add(len(self.lines))
        self.lines.extend((x.text, Region(document, page, x.box)) for x in lines)
        self.blocks.append(Region(document, page, bounding(x.box for x in lines)))

    def paragraphs(self) -> list[str]:
        """The text of each block."""
        starts = [*sorted(self.breaks), len(self.lines)]
        return [join_lines(self.lines[a:b], set())[0] for a, b in itertools.pairwise(starts)]


def non_blank_lines(lines: Iterable[Line]) -> list[Line]:
    """Those with more than white space."""
    return [x for x in lines if x.text.strip()]


def count_words(lines: Iterable[Printed]) -> int:
    """Words of printed lines."""
    return sum(words(text) for text, _ in lines)


def build_chunk(
    document: str, draft: ChunkBuilder, ordinals: Counter[tuple[ChunkKind, int]], context: str
) -> Chunk:
    """The chunk of a full draft; `ordinals` counts those of its kind and page so far."""
    text, spans = join_lines(draft.lines, draft.breaks)
    page = draft.blocks[0].page
    ordinal = ordinals[draft.kind, page]
    ordinals[draft.kind, page] += 1
    return Chunk(
        id=chunk_id(document, draft.kind, page, ordinal),
        document=document,
        kind=draft.kind,
        ordinal=ordinal,
        text=text,
        regions=_merged(draft.blocks),
        section=draft.section,
        spans=spans,
        header=draft.header,
        head=draft.head if draft.kind == "table" else 0,
        sections=tuple(draft.sections) if any(draft.sections) else (),
        caption=draft.caption,
        context=context,
        image=draft.image,
        pixels=draft.pixels,
    )


def join_lines(lines: Sequence[Printed], breaks: set[int]) -> tuple[str, tuple[Span, ...]]:
    """Text of printed lines: a new line where a block begins, else a space, or nothing between
    letters of scripts without blanks; a word hyphenated at a line's end is put together again."""
    text = ""
    spans: list[Span] = []
    for i, (piece, region) in enumerate(lines):
        if i and i in breaks:
            text += "\n"
        elif i:
            cut, between = joint(text, piece)
            if cut:
                text = text[:-cut]
                spans[-1] = replace(spans[-1], end=len(text))
            text += between
        spans.append(Span(len(text), len(text) + len(piece), region))
        text += piece
    return text, tuple(spans)


def _merged(regions: Sequence[Region]) -> tuple[Region, ...]:
    """One region per run of blocks that stand under each other in one column."""
    merged: list[Region] = []
    for region in regions:
        last = merged[-1] if merged else None
        if last is not None and last.page == region.page and _are_stacked(last.box, region.box):
            merged[-1] = Region(last.document, last.page, last.box.join(region.box))
        else:
            merged.append(region)
    return tuple(merged)


def _are_stacked(upper: Box, lower: Box) -> bool:
    shared = min(upper.x1, lower.x1) - max(upper.x0, lower.x0)
    return shared > 0.3 * min(upper.width, lower.width) and -4 <= lower.y0 - upper.y1 <= 40
