"""Tables to chunks: one over two pages is joined, a long one split with its header repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from octavo.ingest.chunk_builder import ChunkBuilder, Printed, count_words, non_blank_lines
from octavo.ingest.document import Block, Line, Region, bounding
from octavo.ingest.text.word_count import parts, words

_BETWEEN = 40  # words of header and footer that may part a table from its rest
_CONTINUED = re.compile(r"cont(inued|inuation|d|\.)?", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def header_of(rows: Sequence[Line]) -> str:
    """The first row where it is a header: in bold above rows that are not; in a table without
    bold, words above numbers. Else nothing."""
    if len(rows) < 2:
        return ""
    first, rest = rows[0], rows[1:]
    if first.bold or any(r.bold for r in rest):
        is_header = first.bold and not all(r.bold for r in rest)
    else:
        digits = [any(c.isdigit() for c in r.text) for r in (first, *rest)]
        is_header = not digits[0] and any(digits[1:])
    return first.text if is_header else ""


def table_draft(document: str, page: int, block: Block, section: tuple[str, ...]) -> ChunkBuilder:
    """Caption, then rows, a block each."""
    title, rows = non_blank_lines(block.caption), non_blank_lines(block.lines)
    header = header_of(rows)
    draft = ChunkBuilder("table", section, header=header, columns=block.columns)
    draft.caption = " ".join(x.text for x in title)
    draft.head = len(title) + bool(header)
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
    rows = table.lines[table.head :] if table.header == held.header else table.lines
    held.breaks.update(range(len(held.lines), len(held.lines) + len(rows)))
    held.lines.extend(rows)
    held.blocks.extend(table.blocks)
    return [*drafts[:first], held, *drafts[first + 1 :]]


def _is_continuation(held: ChunkBuilder, table: ChunkBuilder) -> bool:
    if not all(any(text.strip() for text, _ in d.lines) for d in (held, table)):
        return False  # one says nothing: what came of both would name a page it has no word of
    if table.before > _BETWEEN or table.columns != held.columns:
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
    head, rows = draft.lines[: draft.head], draft.lines[draft.head :]
    if count_words(head) > target / 2:
        head, rows = [], draft.lines
    room = target - count_words(head)
    part: list[Printed] = []
    count, first = 0, True
    for row in ((piece, region) for text, region in rows for piece in parts(text, room)):
        size = words(row[0])
        if part and count + size > room:
            yield _part(draft, head, part, first)
            part, count, first = [], 0, False
        part.append(row)
        count += size
    yield _part(draft, head, part, first)


def _part(
    draft: ChunkBuilder, head: list[Printed], rows: list[Printed], first: bool
) -> ChunkBuilder:
    lines = [*head, *rows]
    regions = []
    # A head that is only repeated gives no region: the part stands where its rows do.
    for page in dict.fromkeys(r.page for _, r in (*(head if first else ()), *rows)):
        own = [r.box for _, r in rows if r.page == page]
        boxes = own or [r.box for _, r in head if r.page == page]
        regions.append(Region(lines[0][1].document, page, bounding(boxes)))
    return replace(draft, lines=lines, blocks=regions, breaks=set(range(len(lines))))
