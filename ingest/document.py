"""The nouns of ingestion: box, region, document, chunk. Frozen, and defined only here."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

ChunkKind = Literal["text", "table", "figure", "page"]
PageState = Literal["text", "ocr", "image", "blank", "failed"]

#: Namespace of every point id, so that ids are the same on every machine.
_NAMESPACE = uuid.UUID("8d5f3a86-6f2f-5f0e-9c7e-0c7a5e0b7a11")


class DocumentError(Exception):
    """A document that cannot be read. The text names the file and the reason, for the user."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in PDF points (1/72 inch) of the page as displayed.

    Rotation and crop box are applied; the origin is the displayed page's top left corner.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Square points; 0 for a box that is turned inside out."""
        return max(0.0, self.width) * max(0.0, self.height)

    def join(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
        )

    def clip(self, other: Box) -> Box:
        """The part inside `other`; has area 0 where they do not meet."""
        return Box(
            max(self.x0, other.x0),
            max(self.y0, other.y0),
            min(self.x1, other.x1),
            min(self.y1, other.y1),
        )

    def grow(self, by: float) -> Box:
        return Box(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)

    def inside(self, other: Box) -> float:
        """Share of this box's area that lies in `other`, 0 to 1.

        Asked for every line and every table rule of a page, so it makes no box on the way.
        """
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        if width <= 0 or height <= 0:
            return 0.0
        area = self.area
        return width * height / area if area > 0 else 0.0

    def rounded(self) -> list[float]:
        """Two decimals (1/7200 inch): what is stored and shown."""
        return [round(self.x0, 2), round(self.y0, 2), round(self.x1, 2), round(self.y1, 2)]


def bounding(boxes: Iterable[Box]) -> Box:
    """The smallest box that holds all of `boxes`. Raises ValueError if there is none."""
    rest = iter(boxes)
    box = next(rest, None)
    if box is None:
        raise ValueError("bounding() of no boxes: give at least one")
    for other in rest:
        box = box.join(other)
    return box


@dataclass(frozen=True, slots=True)
class Region:
    """A box on a page (counted from 1) of a document: what a citation points at."""

    document: str
    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, or one table row, and where it stands."""

    text: str
    box: Box
    size: float = 0.0  # font size in points; 0 where unknown (OCR)
    bold: bool = False


@dataclass(frozen=True, slots=True)
class TableStructure:
    """What stands over the columns and the rows of a table.

    `headers` has the whole header of each column, outermost first ("2024 > Beds"), "" where there
    is none or it is not sure; empty: no column has one. The first `header_rows` lines of the table
    say it. `sections` has for each line the row above that names its part of the table, or "".
    """

    columns: int
    headers: tuple[str, ...] = ()
    header_rows: int = 0
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """One region found on a page, in reading order.

    `lines` are the printed lines (text), the rows (table) or the labels inside (figure).
    `image` is the crop as PNG bytes, for figures and image-only pages.
    """

    kind: ChunkKind
    box: Box
    lines: tuple[Line, ...]
    caption: tuple[Line, ...] = ()
    heading: int = 0  # font size in tenths of a point, so larger is higher; 0: not a heading
    table: TableStructure | None = None  # of a table
    image: bytes | None = None


@dataclass(frozen=True, slots=True)
class PageStatus:
    """What became of one page. `reason` says why where the state is `failed`."""

    page: int
    state: PageState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PageContent:
    """What was read from one page; `width` and `height` in points as displayed."""

    number: int
    width: float
    height: float
    status: PageStatus
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: `id` is the sha256 of its bytes, `source` where it came from."""

    id: str
    name: str
    source: str
    pages: int
    metadata: dict[str, str] = field(default_factory=dict)
    statuses: tuple[PageStatus, ...] = ()

    @property
    def failed_pages(self) -> tuple[PageStatus, ...]:
        return tuple(s for s in self.statuses if s.state == "failed")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a chunk's text and the region they are printed in."""

    start: int
    end: int
    region: Region


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is embedded, found and cited.

    `spans` cover the printed lines, so that a citation can be narrower than the chunk.
    `header` has the whole headers of a table's columns joined by ` | `, as the cells of its rows
    are; `head` counts the spans of its caption and header rows, which are repeated when a table is
    split; `sections` has for each span the row that names its part of the table (empty: none).
    `image` is the region to crop for a figure; `pixels` the crop itself (PNG), present only between
    reading and embedding.
    """

    id: str
    document: str
    kind: ChunkKind
    ordinal: int
    text: str
    regions: tuple[Region, ...]
    section: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    header: str = ""
    head: int = 0
    sections: tuple[str, ...] = ()
    caption: str = ""
    context: str = ""  # the paragraph that refers to a figure or table
    image: Region | None = None
    pixels: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def page(self) -> int:
        return self.regions[0].page


def document_id(data: bytes) -> str:
    """sha256 of a file's bytes, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def chunk_id(document: str, kind: ChunkKind, page: int, ordinal: int) -> str:
    """The same chunk of the same bytes has the same id (a UUID) on every machine."""
    return str(uuid.uuid5(_NAMESPACE, f"{document}/{kind}/{page}/{ordinal}"))
