"""Blocks to chunks: text follows headings and keeps every word, tables and figures stand alone."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ingest.caption import label_of, references
from ingest.document import (
    Block,
    Box,
    Chunk,
    ChunkKind,
    Line,
    PageContent,
    Region,
    Span,
    bounding,
    chunk_id,
)

#: Words a text chunk is filled up to, and the most it may hold. 160 English words are about 220
#: tokens, inside the 256 that the built-in encoder sees at once.
TARGET_WORDS = 160
MAX_WORDS = 200
_BETWEEN = 40  # words of header and footer that may part a table from its rest
_CONTEXT = 600  # characters of a referring paragraph that are kept


@dataclass(slots=True)
class _Draft:
    """A chunk while it is being filled: printed lines, each with its region."""

    kind: ChunkKind
    section: tuple[str, ...]
    lines: list[tuple[str, Region]] = field(default_factory=list)
    blocks: list[Region] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)  # line indexes at which a block begins
    header: str = ""
    caption: str = ""
    image: Region | None = None
    pixels: bytes | None = None
    columns: int = 0
    before: int = 0  # words of text on the page above a table, and below it
    after: int = 0

    @property
    def words(self) -> int:
        return _words(self.lines)


def chunk_pages(document: str, pages: Iterable[PageContent]) -> Iterator[Chunk]:
    """Chunks of a document, in reading order; ids are the same on every run.

    A chunk stays on one page, except a table that goes on at the top of the next page.
    A figure or table gets the first paragraph that names it ("see Figure 3") as `context`,
    where that stands on the same page or the one before.
    """
    ordinals: Counter[tuple[ChunkKind, int]] = Counter()
    section: list[tuple[int, str]] = []
    waiting: list[_Draft] = []  # a table at the end of a page, which may go on
    before: list[str] = []
    for page in pages:
        drafts, section = _page_drafts(document, page, section)
        drafts = _continue_table(waiting, drafts)
        paragraphs = [text for d in drafts if d.kind == "text" for text in _paragraph_texts(d)]
        done, waiting = _hold_last_table(drafts)
        for draft in (part for d in done for part in _parts(d)):
            yield _finish(document, draft, ordinals, before + paragraphs)
        before = paragraphs
    for draft in (part for d in waiting for part in _parts(d)):
        yield _finish(document, draft, ordinals, before)


def _page_drafts(
    document: str, page: PageContent, section: list[tuple[int, str]]
) -> tuple[list[_Draft], list[tuple[int, str]]]:
    drafts: list[_Draft] = []
    current: _Draft | None = None
    words_all = sum(_word_count(b) for b in page.blocks if b.kind == "text")
    words_done = 0
    for block in page.blocks:
        if block.kind != "text":
            draft = _standalone(document, page.number, block, _path(section))
            draft.before = words_done
            draft.after = words_all - words_done
            drafts.append(draft)
            continue
        words_done += _word_count(block)
        if block.heading:
            title = " ".join(x.text for x in block.lines)
            section = [s for s in section if s[0] > block.heading][-3:]
            section = [*section, (block.heading, title)]
            if current is not None and current.words > 12:
                current = None
        for piece in _pieces(block):
            size = sum(len(x.text.split()) for x in piece)
            if current is None or current.words + size > (
                MAX_WORDS if current.words < TARGET_WORDS / 2 else TARGET_WORDS
            ):
                current = _Draft("text", _path(section))
                drafts.append(current)
            current.breaks.add(len(current.lines))
            _add_lines(current, document, page.number, piece)
    return drafts, section


def _word_count(block: Block) -> int:
    return sum(len(x.text.split()) for x in block.lines)


def _path(section: list[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(title for _, title in section)


def _pieces(block: Block) -> Iterator[list[Line]]:
    """The block's lines, parted where they would overfill a chunk on their own."""
    piece: list[Line] = []
    words = 0
    for line in block.lines:
        count = len(line.text.split())
        if piece and words + count > TARGET_WORDS:
            yield piece
            piece, words = [], 0
        piece.append(line)
        words += count
    if piece:
        yield piece


def _add_lines(draft: _Draft, document: str, page: int, lines: Iterable[Line]) -> None:
    added = [(x.text, Region(document, page, x.box)) for x in lines]
    draft.lines.extend(added)
    draft.blocks.append(Region(document, page, bounding(r.box for _, r in added)))


def _standalone(document: str, page: int, block: Block, section: tuple[str, ...]) -> _Draft:
    draft = _Draft(block.kind, section, columns=block.columns)
    draft.caption = " ".join(x.text for x in block.caption)
    if block.kind == "table" and _has_header(block.lines):
        draft.header = block.lines[0].text
    shown = block.box
    for line in (*block.caption, *block.lines):
        draft.breaks.add(len(draft.lines))
        draft.lines.append((line.text, Region(document, page, line.box)))
        shown = shown.join(line.box) if line in block.caption else shown
    draft.blocks.append(Region(document, page, shown))
    if block.image is not None:
        draft.image = Region(document, page, block.box)
        draft.pixels = block.image
    return draft


def _has_header(rows: Sequence[Line]) -> bool:
    """A first row in bold above rows that are not; in a table without bold, words above numbers."""
    if len(rows) < 2:
        return False
    first, rest = rows[0], rows[1:]
    if first.bold or any(r.bold for r in rest):
        return first.bold and not all(r.bold for r in rest)
    digits = [any(c.isdigit() for c in r.text) for r in (first, *rest)]
    return not digits[0] and any(digits[1:])


def _continue_table(waiting: list[_Draft], drafts: list[_Draft]) -> list[_Draft]:
    """Joins a table with the one that it goes on in, at the top of this page."""
    if not waiting:
        return drafts
    held = waiting[0]
    first = next((i for i, d in enumerate(drafts) if d.kind == "table"), None)
    if first is None or drafts[first].before > _BETWEEN:
        return [held, *drafts]
    table = drafts[first]
    if table.columns != held.columns or (table.caption and table.header != held.header):
        return [held, *drafts]
    rows = list(enumerate(table.lines))
    if table.header == held.header:
        # The repeated header and "(continued)" caption say nothing new; the region keeps them.
        rows = [(i, x) for i, x in rows if x[0] != held.header and x[0] not in table.caption]
    for _, row in rows:
        held.breaks.add(len(held.lines))
        held.lines.append(row)
    held.blocks.extend(table.blocks)
    return [*drafts[:first], held, *drafts[first + 1 :]]


def _hold_last_table(drafts: list[_Draft]) -> tuple[list[_Draft], list[_Draft]]:
    """The last table of a page waits for the next page, if little text follows it."""
    last = max((i for i, d in enumerate(drafts) if d.kind == "table"), default=None)
    if last is None or drafts[last].after > _BETWEEN:
        return drafts, []
    return drafts[:last] + drafts[last + 1 :], [drafts[last]]


def _parts(draft: _Draft) -> Iterator[_Draft]:
    """A table over the limit as several, each with the caption's and the header's text."""
    if draft.kind != "table" or draft.words <= MAX_WORDS:
        yield draft
        return
    head = [x for x in draft.lines if x[0] == draft.header or x[0] in draft.caption]
    rows = [x for x in draft.lines if x not in head]
    part: list[tuple[str, Region]] = []
    for row in rows:
        if part and _words([*head, *part, row]) > TARGET_WORDS:
            yield _table_part(draft, head, part)
            part = []
        part.append(row)
    if part:
        yield _table_part(draft, head, part)


def _table_part(
    draft: _Draft, head: list[tuple[str, Region]], rows: list[tuple[str, Region]]
) -> _Draft:
    lines = [*head, *rows]
    regions = []
    for page in dict.fromkeys(r.page for _, r in rows):
        boxes = [r.box for _, r in rows if r.page == page]
        regions.append(Region(rows[0][1].document, page, bounding(boxes)))
    return replace(draft, lines=lines, blocks=regions, breaks=set(range(len(lines))))


def _words(lines: Iterable[tuple[str, Region]]) -> int:
    return sum(len(text.split()) for text, _ in lines)


def _paragraph_texts(draft: _Draft) -> list[str]:
    starts = [*sorted(draft.breaks), len(draft.lines)]
    pairs = itertools.pairwise(starts)
    return [" ".join(text for text, _ in draft.lines[a:b]) for a, b in pairs]


def _context(draft: _Draft, paragraphs: list[str]) -> str:
    own = label_of(draft.caption)
    if own is None:
        return ""
    named = (text for text in paragraphs if own in references(text))
    return next(named, "")[:_CONTEXT]


def _finish(
    document: str, draft: _Draft, ordinals: Counter[tuple[ChunkKind, int]], paragraphs: list[str]
) -> Chunk:
    text, spans = join_lines(draft.lines, draft.breaks)
    page = draft.blocks[0].page
    ordinal = ordinals[draft.kind, page]
    ordinals[draft.kind, page] += 1
    chunk = Chunk(
        id=chunk_id(document, draft.kind, page, ordinal),
        document=document,
        kind=draft.kind,
        ordinal=ordinal,
        text=text,
        regions=_merged(draft.blocks),
        section=draft.section,
        spans=spans,
        header=draft.header,
        caption=draft.caption,
        image=draft.image,
        pixels=draft.pixels,
    )
    if draft.kind in ("figure", "table"):
        return replace(chunk, context=_context(draft, paragraphs))
    return chunk


def join_lines(lines: list[tuple[str, Region]], breaks: set[int]) -> tuple[str, tuple[Span, ...]]:
    """Text of printed lines: a new line where a block begins, else a space; a word hyphenated
    at a line's end is put together again."""
    text = ""
    spans: list[Span] = []
    for i, (piece, region) in enumerate(lines):
        if i and i in breaks:
            text += "\n"
        elif i and _hyphenated(text, piece):
            text = text[:-1]
            spans[-1] = replace(spans[-1], end=len(text))
        elif i:
            text += " "
        spans.append(Span(len(text), len(text) + len(piece), region))
        text += piece
    return text, tuple(spans)


def _hyphenated(text: str, following: str) -> bool:
    return len(text) > 2 and text[-1] == "-" and text[-2].isalpha() and following[:1].islower()


def _merged(regions: list[Region]) -> tuple[Region, ...]:
    """One region per run of blocks that stand under each other in one column."""
    kept: list[Region] = []
    for region in regions:
        last = kept[-1] if kept else None
        if last is not None and last.page == region.page and _stacked(last.box, region.box):
            kept[-1] = Region(last.document, last.page, last.box.join(region.box))
        else:
            kept.append(region)
    return tuple(kept)


def _stacked(upper: Box, lower: Box) -> bool:
    shared = min(upper.x1, lower.x1) - max(upper.x0, lower.x0)
    return shared > 0.3 * min(upper.width, lower.width) and -4 <= lower.y0 - upper.y1 <= 40
