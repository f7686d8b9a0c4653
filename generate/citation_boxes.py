"""Characters of a chunk to the boxes they are printed in: narrower than the chunk, never outside.

On 4,000 sentences of mmlong 99.0 % of the words in a sentence's boxes are its own (77.0 % in the
box around its whole lines), and 99.94 % of its words lie in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from octavo.ingest.document import Chunk, Region
from octavo.ingest.text.char_boxes import char_range_box

_WASTE = 0.5  # times the area of the smaller of two boxes that their joint box may add
_GAP = 12.0  # points between two lines of one paragraph, at most


def boxes_of(chunk: Chunk, start: int, end: int) -> tuple[Region, ...]:
    """The regions of characters `start` to `end` of a chunk's text, in reading order.

    Lines under each other become one region where that shows little else, so that a sentence has
    up to three: the end of one line, whole lines, the beginning of another. Characters without a
    printed line get the regions of the whole chunk.
    """
    return tuple(_merged(_lines(chunk, start, end))) or chunk.regions


def _lines(chunk: Chunk, start: int, end: int) -> Iterator[Region]:
    for span in chunk.spans:
        if span.start < end and span.end > start:
            text = chunk.text[span.start : span.end]
            box = char_range_box(span.region.box, text, start - span.start, end - span.start)
            yield Region(span.region.document, span.region.page, box)


def _merged(lines: Iterable[Region]) -> Iterator[Region]:
    merged: Region | None = None
    for line in lines:
        if merged is not None and _may_merge(merged, line):
            merged = Region(merged.document, merged.page, merged.box.join(line.box))
            continue
        if merged is not None:
            yield merged
        merged = line
    if merged is not None:
        yield merged


def _may_merge(merged: Region, line: Region) -> bool:
    if merged.page != line.page or line.box.y0 - merged.box.y1 > _GAP:
        return False
    added = merged.box.join(line.box).area - merged.box.area - line.box.area
    return added <= _WASTE * min(merged.box.area, line.box.area)
