"""A document's bytes to its pages, one at a time: memory does not grow with the page count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pymupdf

from octavo.ingest.document import DocumentError, PageContent, PageStatus
from octavo.ingest.figures.repeated_images import NONE, RepeatedImages, find_repeated_images
from octavo.ingest.figures.svg_page import as_figure_page
from octavo.ingest.file_limits import BOUNDS, FileLimits
from octavo.ingest.memory import release_memory
from octavo.ingest.open_document import open_document
from octavo.ingest.page import read_page
from octavo.ingest.text.outline import Outline, read_outline, with_bookmarks
from octavo.ingest.text.text_layer import body_size
from octavo.ingest.worker.worker_protocol import Opened

#: A page tree that claims more pages than this is damaged: MuPDF believes whatever number it names.
_CREDIBLE = 1_000_000
T = TypeVar("T")
OUT_OF_MEMORY = "needs more memory than OCTAVO_PAGE_MEMORY_MB allows"


@dataclass(frozen=True, slots=True)
class BodyStyle:
    """What the pages of a document have in common: the font size of the running text in points, 0
    where no page can tell, and the pictures that they repeat."""

    body: float = 0.0
    repeated: RepeatedImages = NONE


class DocumentReading:
    """An open document."""

    def __init__(self, data: bytes, kind: str, bounds: FileLimits = BOUNDS) -> None:
        """Raises DocumentError where the document cannot be opened at all."""
        pymupdf.TOOLS.mupdf_display_errors(False)
        pymupdf.TOOLS.mupdf_display_warnings(False)
        self._document = open_document(data, kind, bounds=bounds)
        count = int(self._document.page_count)
        if count > _CREDIBLE:
            raise DocumentError(
                f"claims to have {count} pages; more than {_CREDIBLE} are taken for damage"
            )
        self.opened = Opened(kind, count, _metadata(self._document))
        self._outline: Outline | None = None  # not read yet

    def style(self) -> BodyStyle:
        """What can be told from some of the pages."""
        return BodyStyle(
            self._or_default(body_size, 0.0), self._or_default(find_repeated_images, NONE)
        )

    def _or_default(self, find: Callable[[Any], T], otherwise: T) -> T:
        try:
            return find(self._document)
        # Without it no heading is found, or a logo is a figure; and whatever is wrong with a page,
        # reading it will say so.
        except Exception:  # noqa: BLE001
            return otherwise

    def pages(
        self, numbers: Iterable[int], style: BodyStyle, ocr: bool, pictures: bool = True
    ) -> Iterator[PageContent]:
        """The pages `numbers` (from 1), in that order; one that fails comes as a failed page.
        `pictures=False` leaves figures without their crops."""
        for read, number in enumerate(numbers, 1):
            page = _page_or_reason(self._document, number, style, ocr, pictures)
            page = with_bookmarks(page, self._bookmarks())
            if self.opened.kind == "svg":
                page = as_figure_page(page, self._document, pictures)
            yield page
            release_memory(read, self.opened.kind)

    def _bookmarks(self) -> Outline:
        if self._outline is None:
            try:
                self._outline = read_outline(self._document)
            except Exception:  # noqa: BLE001  a damaged outline costs headings, no page
                self._outline = {}
        return self._outline

    def close(self) -> None:
        self._document.close()


def read_pages(
    data: bytes, kind: str, ocr: bool = True, pictures: bool = True
) -> Iterator[Opened | PageContent]:
    """First an `Opened`, then every page; one that fails comes as a failed page.
    `pictures=False` leaves figures without their crops.

    Raises DocumentError where the document cannot be opened at all.
    """
    reading = DocumentReading(data, kind)
    yield reading.opened
    yield from reading.pages(range(1, reading.opened.pages + 1), reading.style(), ocr, pictures)


def _page_or_reason(
    document: Any, number: int, style: BodyStyle, ocr: bool, pictures: bool
) -> PageContent:
    try:
        page = document[number - 1]
        return read_page(page, number, style.body, ocr, pictures, style.repeated)
    # A damaged page can make MuPDF, OpenCV or the OCR raise whatever they have, also for want of
    # memory. The page is kept in the ledger with the reason, and the next one is read.
    except Exception as error:  # noqa: BLE001
        return PageContent(number, 0.0, 0.0, PageStatus(number, "failed", _reason(error)))


def _reason(error: Exception) -> str:
    message = " ".join(str(error).split())
    if isinstance(error, MemoryError) or any(w in message for w in ("alloc", "nsufficient memory")):
        return OUT_OF_MEMORY
    return f"{type(error).__name__}: {message}"[:200]


def _metadata(document: Any) -> dict[str, str]:
    """Title, author, dates as the file states them; empty fields left out."""
    fields = document.metadata or {}
    names = ("title", "author", "subject", "keywords", "creationDate")
    return {k: str(fields[k])[:500] for k in names if fields.get(k)}
