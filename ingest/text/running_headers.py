"""Running headers, footers and page numbers: kept where they come first, and no headings.

The rule: a line in the outer tenth of a page's height, top or bottom, is a running line where
the same text stands at the same height on two more of the eight pages around it. Numbers must be
equal or move with the page number ("Page 3 of 10"); a line without a letter or digit, or in letters
much larger than the page's text (the title of a slide), is not one. In bold they passed for
headings, so that every page of a report began a section named like the report.

A page on which one of the four before had it leaves it out: answers quoted "Rev. C Maintenance
manual", and sentences that go over to the next page had it in the middle. BM25 alone gave page
nDCG@10 .5259 on mmlong with every running line kept and .5235 so (p .27), the best box of the first
ten chunks IoU .231 and .233 (p .02); moved to the end of the page .5222 (p .03).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from octavo.ingest.document import Block, Line, PageContent, bounding
from octavo.ingest.text.hyphenation import HyphenVocabulary

_MARGIN = 0.1  # of the page's height
_AROUND = 4  # pages before and after, so that left and right pages may differ
_LEAST = 3  # pages of those nine
_TITLE = 1.3  # times the middle size of a page's lines
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _LineMark:
    """A line in a margin: its text without numbers, the numbers, and where it stands."""

    line: Line
    text: str
    numbers: tuple[int, ...]
    top: bool
    middle: float  # points from the page's top, or from its bottom


@dataclass(frozen=True, slots=True)
class _Page:
    content: PageContent
    marks: tuple[_LineMark, ...]


def without_running_lines(pages: Iterable[PageContent]) -> Iterator[PageContent]:
    """The pages in order, four behind what was read: a running line stands only where it comes
    first, and is no heading. Hyphens at line ends are told apart by all that was read."""
    vocabulary = HyphenVocabulary()
    padding: list[_Page | None] = [None] * _AROUND
    padded_pages = itertools.chain(padding, _marked_pages(pages, vocabulary), padding)
    window: list[_Page | None] = []
    for page in padded_pages:
        window = [*window[-2 * _AROUND :], page]
        if len(window) > 2 * _AROUND and (middle := window[_AROUND]) is not None:
            yield vocabulary.marked(_without(middle, [p for p in window if p is not None]))


def _marked_pages(
    pages: Iterable[PageContent], vocabulary: HyphenVocabulary
) -> Iterator[_Page | None]:
    for page in pages:
        vocabulary.add(page)
        yield _Page(page, _marks(page))


def _without(page: _Page, near_pages: Sequence[_Page]) -> PageContent:
    """`near_pages` has the page itself, too."""
    running = [m for m in page.marks if sum(_has_mark(p, m, page) for p in near_pages) >= _LEAST]
    if not running:
        return page.content
    earlier_pages = [p for p in near_pages if p.content.number < page.content.number]
    repeated_ids = {
        id(m.line) for m in running if any(_has_mark(p, m, page) for p in earlier_pages)
    }
    running_ids = {id(m.line) for m in running}
    parts = (
        part
        for block in page.content.blocks
        for part in _without_lines(block, running_ids, repeated_ids)
    )
    return replace(page.content, blocks=tuple(parts))


def _without_lines(block: Block, running_ids: set[int], repeated_ids: set[int]) -> Iterator[Block]:
    """A block without the lines that stand on an earlier page; `plain` ones are no heading."""
    if block.kind != "text":
        yield block
        return
    kept_lines = [x for x in block.lines if id(x) not in repeated_ids]
    for is_plain, part in itertools.groupby(kept_lines, lambda x: id(x) in running_ids):
        lines = tuple(part)
        heading = 0 if is_plain else block.heading
        yield replace(block, lines=lines, box=bounding(x.box for x in lines), heading=heading)


def _has_mark(other: _Page, mark: _LineMark, page: _Page) -> bool:
    """Whether the same running line stands on another page."""
    distance = other.content.number - page.content.number
    return any(
        m.text == mark.text
        and m.top == mark.top
        and abs(m.middle - mark.middle) <= 0.5 * mark.line.box.height
        and all(b - a in (0, distance) for a, b in zip(mark.numbers, m.numbers, strict=True))
        for m in other.marks
    )


def _marks(page: PageContent) -> tuple[_LineMark, ...]:
    lines = [x for b in page.blocks if b.kind == "text" for x in b.lines]
    sizes = [x.size for x in lines if x.size > 0]
    largest_size = _TITLE * median(sizes) if sizes else 0.0
    edge = _MARGIN * page.height
    marks = []
    for line in lines:
        top, bottom = line.box.y1 <= edge, line.box.y0 >= page.height - edge
        if (top or bottom) and line.size <= largest_size and any(c.isalnum() for c in line.text):
            marks.append(_mark(line, page.height, top))
    return tuple(marks)


def _mark(line: Line, height: float, top: bool) -> _LineMark:
    middle = (line.box.y0 + line.box.y1) / 2
    numbers = tuple(int(n[:18]) for n in _NUMBER.findall(line.text))
    return _LineMark(
        line,
        _NUMBER.sub("#", line.text.lower()),
        numbers,
        top,
        middle if top else height - middle,
    )
