"""Blocks to chunks: text follows headings and keeps every word, tables and figures stand alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from octavo.ingest.chunk_builder import ChunkBuilder, build_chunk, non_blank_lines
from octavo.ingest.document import Block, Chunk, ChunkKind, Line, PageContent, Region, bounding
from octavo.ingest.figures.captions import label_of, references
from octavo.ingest.tables.table_chunks import (
    continue_table,
    hold_last_table,
    table_draft,
    table_parts,
)
from octavo.ingest.text.char_boxes import char_range_box
from octavo.ingest.text.running_headers import without_running_lines
from octavo.ingest.text.word_count import parts, words

#: Words a chunk is filled up to, and the most it may hold. 160 English words are about 220
#: tokens, inside the 256 that the built-in encoder sees at once.
TARGET_WORDS = 160
MAX_WORDS = 200
_HEAD = 12  # words before a heading that it does not part from itself: a heading above a heading
_CONTEXT = 600  # characters of a referring paragraph that are kept
_TITLE = 200  # characters of a heading that are kept in the section path
#: The end of a sentence, before another one or the end of the line.
_END = re.compile(r"[.!?…؟][\"')\]»”]*(?=\s+[\"'(\[“«]*[^\W\d_a-z]|\s*$)|[。！？]+")

_Section = list[tuple[int, str]]


def chunk_pages(document: str, pages: Iterable[PageContent]) -> Iterator[Chunk]:
    """Chunks of a document, in reading order; ids are the same on every run.

    Every word of the pages is in one of them; running headers and footers, and the caption and the
    header row that a table repeats where it goes on, are there once. A chunk stays on one page,
    except such a table, and has at most `MAX_WORDS`, except a figure in which more is printed.
    A figure or table gets the first paragraph that names it ("see Figure 3") as `context`,
    where that stands on the same page or the one before. Pages are read up to four ahead.
    """
    ordinals: Counter[tuple[ChunkKind, int]] = Counter()
    section: _Section = []
    waiting: list[ChunkBuilder] = []  # a table at the end of a page, which may go on
    before: list[str] = []
    for page in without_running_lines(pages):
        drafts, section = _page_drafts(document, page, section)
        drafts = continue_table(waiting, drafts)
        paragraphs = [text for d in drafts if d.kind == "text" for text in d.paragraphs()]
        done, waiting = hold_last_table(drafts)
        for draft in (part for d in done for part in _parts(d)):
            yield build_chunk(document, draft, ordinals, _context(draft, before + paragraphs))
        before = paragraphs
    for draft in (part for d in waiting for part in _parts(d)):
        yield build_chunk(document, draft, ordinals, _context(draft, before))


def _page_drafts(
    document: str, page: PageContent, section: _Section
) -> tuple[list[ChunkBuilder], _Section]:
    drafts: list[ChunkBuilder] = []
    current: ChunkBuilder | None = None
    total = sum(_length(b.lines) for b in page.blocks if b.kind == "text")
    done = 0
    for block in page.blocks:
        if block.kind != "text":
            draft = _standalone(document, page.number, block, _path(section))
            draft.before, draft.after = done, total - done
            drafts.append(draft)
            continue
        done += _length(block.lines)
        if block.heading:
            section = _with_heading(section, block)
            if current is not None and current.words > _HEAD:
                current = None
        for piece in _pieces(block.lines):
            if current is None or current.words + _length(piece) > _limit(current):
                current = ChunkBuilder("text", _path(section))
                drafts.append(current)
            current.add(document, page.number, piece)
    return drafts, section


def _limit(draft: ChunkBuilder) -> int:
    """What is not half full may take more than its fill, before it is left so short."""
    return MAX_WORDS if draft.words < TARGET_WORDS / 2 else TARGET_WORDS


def _with_heading(section: _Section, heading: Block) -> _Section:
    title = " ".join(x.text for x in heading.lines)[:_TITLE]
    return [*[s for s in section if s[0] > heading.heading][-3:], (heading.heading, title)]


def _path(section: _Section) -> tuple[str, ...]:
    return tuple(title for _, title in section)


def _length(lines: Iterable[Line]) -> int:
    return sum(words(x.text) for x in lines)


def _pieces(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """The lines of a block, parted where they would overfill a chunk: after the last sentence
    that ends in the second half, be it inside a line, else at the end of a line."""
    piece: list[Line] = []
    count = 0
    for line in (part for x in non_blank_lines(lines) for part in _split_long(x)):
        size = words(line.text)
        while piece and count + size > TARGET_WORDS:
            done, piece = _split_after_sentence(piece)
            yield done
            count = _length(piece)
        piece.append(line)
        count += size
    if piece:
        yield piece


def _split_long(line: Line) -> Iterator[Line]:
    """A line over the fill, which no printer makes, in parts that all have its box."""
    return (replace(line, text=text) for text in parts(line.text, TARGET_WORDS))


def _split_after_sentence(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    for i in range(len(lines) - 1, len(lines) // 2, -1):
        ends = [m.end() for m in _END.finditer(lines[i].text)]
        if ends:
            first, rest = _split(lines[i], ends[-1])
            return [*lines[:i], first], [*rest, *lines[i + 1 :]]
    return lines, []


def _split(line: Line, at: int) -> tuple[Line, list[Line]]:
    text = line.text
    if not text[at:].strip():
        return line, []
    start = len(text) - len(text[at:].lstrip())
    first = replace(line, text=text[:at], box=char_range_box(line.box, text, 0, at))
    rest = replace(line, text=text[start:], box=char_range_box(line.box, text, start, len(text)))
    return first, [rest]


def _standalone(document: str, page: int, block: Block, section: tuple[str, ...]) -> ChunkBuilder:
    """A table, or a picture with what is printed in it."""
    if block.kind == "table":
        return table_draft(document, page, block, section)
    title = non_blank_lines(block.caption)
    draft = ChunkBuilder(block.kind, section, caption=" ".join(x.text for x in title))
    lines = [*title, *non_blank_lines(block.lines)]
    draft.lines = [(x.text, Region(document, page, x.box)) for x in lines]
    draft.breaks = set(range(len(lines)))
    shown = bounding([block.box, *(x.box for x in block.caption)])
    draft.blocks.append(Region(document, page, shown))
    if block.image is not None:
        draft.image = Region(document, page, block.box)
        draft.pixels = block.image
    return draft


def _parts(draft: ChunkBuilder) -> Iterator[ChunkBuilder]:
    if draft.kind == "table":
        yield from table_parts(draft, TARGET_WORDS, MAX_WORDS)
    else:
        # A figure is one chunk however much is printed in it: with what is over `MAX_WORDS` in text
        # chunks of its own, BM25 alone fell from page nDCG@10 .5224 to .5177 on mmlong (p .13).
        yield draft


def _context(draft: ChunkBuilder, paragraphs: Sequence[str]) -> str:
    label = label_of(draft.caption) if draft.kind in ("figure", "table") else None
    if label is None:
        return ""
    referring = (text for text in paragraphs if label in references(text))
    return next(referring, "")[:_CONTEXT]
