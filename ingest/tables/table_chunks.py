"""Tables to chunks: one over two pages is joined, a long one split with its header repeated."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from octavo.ingest.chunk_builder import ChunkBuilder, Printed, count_words, non_blank_lines
from octavo.ingest.document import Block, Line, Region, TableStructure, bounding
from octavo.ingest.text.word_count import parts, words

_BETWEEN = 40  # words of header and footer that may part a table from its rest
_CONTINUED = re.compile(r"cont(inued|inuation|d|\.)?", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def table_draft(document: str, page: int, block: Block, section: tuple[str, ...]) -> ChunkBuilder:
    """Caption, then rows, a block each."""
    structure = block.table or TableStructure(0)
    title = non_blank_lines(block.caption)
    named = itertools.zip_longest(block.lines, structure.sections, fillvalue="")
    kept = [(n, x, s) for n, (x, s) in enumerate(named) if isinstance(x, Line) and x.text.strip()]
    rows = [x for _, x, _ in kept]
    header = " | ".join(structure.headers)
    draft = ChunkBuilder("table", section, header=header, columns=structure.columns)
    draft.caption = " ".join(x.text for x in title)
    depth = sum(1 for n, _, _ in kept if n < structure.header_rows)
    draft.head = len(title) + depth
    draft.sections = [""] * len(title) + [s for _, _, s in kept]
    draft.styled = depth > 0 and rows[0].bold
    lines = (*title, *rows)
    draft.lines = [(x.text, Region(document, page, x.box)) for x in lines]
    draft.breaks = set(range(len(lines)))
    shown = bounding([block.box, *(x.box for x in block.caption)])
    draft.blocks.append(Region(document, page, shown))
    return draft


def continue_table(waiting: list[ChunkBuilder], drafts: list[ChunkBuilder]) -> list[ChunkBuilder]:
    """Joins a table with the one that it goes on in, at the top of this page."""
    if not waiting:
        return drafts
    held = waiting[0]
    first = next((i for i, d in enumerate(drafts) if d.kind == "table"), None)
    if first is None or not _is_continuation(held, drafts[first]):
        return [held, *drafts]
    table = drafts[first]
    # A header and a caption ("Table 5, continued") that are repeated say nothing new.
    start = table.head if table.header == held.header else 0
    rows, sections = table.lines[start:], table.sections[start:]
    if not any(sections[:1]) and held.sections:
        sections = _carried_on(held.sections[-1], sections)
    held.breaks.update(range(len(held.lines), len(held.lines) + len(rows)))
    held.lines.extend(rows)
    held.sections.extend(sections)
    held.blocks.extend(table.blocks)
    return [*drafts[:first], held, *drafts[first + 1 :]]


def _carried_on(section: str, sections: Sequence[str]) -> list[str]:
    """The part of a table that goes on from the page before, until the next one begins."""
    until = next((n for n, s in enumerate(sections) if s), len(sections))
    return [section] * until + list(sections[until:])


def _is_continuation(held: ChunkBuilder, table: ChunkBuilder) -> bool:
    if not all(any(text.strip() for text, _ in d.lines) for d in (held, table)):
        return False  # one says nothing: what came of both would name a page it has no word of
    if table.before > _BETWEEN or table.columns != held.columns:
        return False
    if table.styled and table.header != held.header:
        return False
    return not table.caption or (
        table.header == held.header and _caption_words(table) <= _caption_words(held)
    )


def _caption_words(table: ChunkBuilder) -> set[str]:
    caption_words = _WORD.findall(table.caption.lower())
    return {w for w in caption_words if not _CONTINUED.fullmatch(w)}


def hold_last_table(drafts: list[ChunkBuilder]) -> tuple[list[ChunkBuilder], list[ChunkBuilder]]:
    """The last table of a page waits for the next page, if little text follows it."""
    last = max((i for i, d in enumerate(drafts) if d.kind == "table"), default=None)
    if last is None or drafts[last].after > _BETWEEN:
        return drafts, []
    return drafts[:last] + drafts[last + 1 :], [drafts[last]]


def table_parts(draft: ChunkBuilder, target: int, most: int) -> Iterator[ChunkBuilder]:
    """A table over `most` words as several of about `target`, each with the text of its caption
    and header; a head that would fill half a part is given once, like a row."""
    if draft.words <= most:
        yield draft
        return
    at = draft.head
    if count_words(draft.lines[:at]) > target / 2:
        at = 0
    head = draft.lines[:at]
    room = target - count_words(head)
    part: list[_Row] = []
    count, first = 0, True
    for row in _rows(draft, at, room):
        size = words(row[0])
        if part and count + size > room:
            yield _part(draft, head, part, first)
            part, count, first = [], 0, False
        part.append(row)
        count += size
    yield _part(draft, head, part, first)


_Row = tuple[str, Region, str]
"""A printed row, where it stands, and the row that names its part of the table."""


def _rows(draft: ChunkBuilder, start: int, room: int) -> Iterator[_Row]:
    lines = zip(draft.lines[start:], draft.sections[start:], strict=True)
    for (text, region), section in lines:
        for piece in parts(text, room):
            yield piece, region, section


def _part(draft: ChunkBuilder, head: list[Printed], rows: list[_Row], first: bool) -> ChunkBuilder:
    printed = [(text, region) for text, region, _ in rows]
    named = [*head]
    if rows[0][2]:  # what its first rows are part of stands in another chunk
        named.append((rows[0][2], rows[0][1]))
    lines = [*named, *printed]
    regions = []
    # A head that is only repeated gives no region: the part stands where its rows do.
    for page in dict.fromkeys(r.page for _, r in (*(head if first else ()), *printed)):
        own = [r.box for _, r in printed if r.page == page]
        boxes = own or [r.box for _, r in head if r.page == page]
        regions.append(Region(lines[0][1].document, page, bounding(boxes)))
    sections = [""] * len(named) + [section for _, _, section in rows]
    return replace(
        draft,
        lines=lines,
        blocks=regions,
        breaks=set(range(len(lines))),
        head=len(named),
        sections=sections,
    )
