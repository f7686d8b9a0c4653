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
    first, and is no heading."""
    nothing: list[_Page | None] = [None] * _AROUND
    coming = itertools.chain(nothing, (_Page(p, _marks(p)) for p in pages), nothing)
    window: list[_Page | None] = []
    for page in coming:
        window = [*window[-2 * _AROUND :], page]
        if len(window) > 2 * _AROUND and (middle := window[_AROUND]) is not None:
            yield _without(middle, [p for p in window if p is not None])


def _without(page: _Page, around: Sequence[_Page]) -> PageContent:
    """`around` are the pages near it, itself too."""
    running = [m for m in page.marks if sum(_has(p, m, page) for p in around) >= _LEAST]
    if not running:
        return page.content
    earlier = [p for p in around if p.content.number < page.content.number]
    again = {id(m.line) for m in running if any(_has(p, m, page) for p in earlier)}
    plain = {id(m.line) for m in running}
    parts = (part for block in page.content.blocks for part in _parted(block, plain, again))
    return replace(page.content, blocks=tuple(parts))


def _parted(block: Block, plain: set[int], again: set[int]) -> Iterator[Block]:
    """A block without the lines that stand on an earlier page; `plain` ones are no heading."""
    if block.kind != "text":
        yield block
        return
    left = [x for x in block.lines if id(x) not in again]
    for is_plain, part in itertools.groupby(left, lambda x: id(x) in plain):
        lines = tuple(part)
        heading = 0 if is_plain else block.heading
        yield replace(block, lines=lines, box=bounding(x.box for x in lines), heading=heading)


def _has(other: _Page, mark: _LineMark, page: _Page) -> bool:
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
    most = _TITLE * median(sizes) if sizes else 0.0
    edge = _MARGIN * page.height
    found = []
    for line in lines:
        top, bottom = line.box.y1 <= edge, line.box.y0 >= page.height - edge
        if (top or bottom) and line.size <= most and any(c.isalnum() for c in line.text):
            found.append(_mark(line, page.height, top))
    return tuple(found)


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
