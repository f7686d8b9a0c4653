"""The regions that reading finds on the pages of a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pymupdf

from octavo.evals.metrics.boxes import iou
from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import Block, Box, DocumentError, PageContent, document_id
from octavo.ingest.files import file_type
from octavo.ingest.open_document import MUPDF_ERRORS
from octavo.ingest.read import read_pages

_SAME = 0.9  # IoU of two regions that are one
_INSIDE = 0.95  # share of a region that lies in a larger one


@dataclass(frozen=True, slots=True)
class PageRegions:
    """What reading found on one page. `digital`: the page has a text layer; `refused`: why it
    failed.

    `regions`: the box of every block, and that of each block with its caption; `stored`: the
    regions and the crop of every chunk.
    """

    name: str
    page: int
    digital: bool
    refused: str
    regions: tuple[Box, ...]
    stored: tuple[Box, ...]

    def best(self, box: Box, stored: bool = False) -> float:
        """Greatest IoU of a region with `box`; 0 where there is none."""
        return max((iou(box, r) for r in (self.stored if stored else self.regions)), default=0.0)

    @property
    def doubles(self) -> int:
        """Regions that repeat an earlier one."""
        found = self.regions
        return sum(any(iou(a, b) >= _SAME for b in found[:n]) for n, a in enumerate(found))

    @property
    def nested(self) -> int:
        """Regions that lie in a larger one."""
        found = self.regions
        return sum(any(b.area > a.area and a.inside(b) > _INSIDE for b in found) for a in found)


def found_on(file: Path, only: Sequence[int], ocr: bool) -> list[PageRegions]:
    """Of every page of a document, or of those in `only`; none of one that cannot be opened."""
    data = file.read_bytes()
    try:
        data = _cut(data, only) if only else data
        contents = read_pages(data, file_type(data, file.suffix), ocr)
        pages = [p for p in contents if isinstance(p, PageContent)]
    except (DocumentError, *MUPDF_ERRORS):
        return []
    digital, stored = _with_text(data), _stored(document_id(data), pages)
    return [
        PageRegions(
            file.name,
            only[page.number - 1] if only else page.number,
            page.number in digital,
            page.status.reason,
            tuple(box for block in page.blocks for box in regions_of(block)),
            stored.get(page.number, ()),
        )
        for page in pages
    ]


def regions_of(block: Block) -> Iterator[Box]:
    """Its box, and where it has a caption, that of both together."""
    yield block.box
    whole = block.box
    for line in block.caption:
        whole = whole.join(line.box)
    if whole != block.box:
        yield whole


def _cut(data: bytes, pages: Sequence[int]) -> bytes:
    with pymupdf.open(stream=data) as document:
        document.select([n - 1 for n in pages])
        cut: bytes = document.tobytes()
        return cut


def _stored(document: str, pages: Sequence[PageContent]) -> dict[int, tuple[Box, ...]]:
    pages_boxes: dict[int, dict[Box, None]] = {}
    for chunk in chunk_pages(document, pages):
        for region in (*chunk.regions, *([chunk.image] if chunk.image else [])):
            pages_boxes.setdefault(region.page, {})[region.box] = None
    return {page: tuple(boxes) for page, boxes in pages_boxes.items()}


def _with_text(data: bytes) -> set[int]:
    """Numbers of the pages that have a text layer: any character that is not white space."""
    with pymupdf.open(stream=data) as document:
        return {n for n, page in enumerate(document, 1) if page.get_text("text").strip()}
