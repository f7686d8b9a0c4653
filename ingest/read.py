"""A document's bytes to its pages, one at a time: memory does not grow with the page count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pymupdf

from ingest.document import PageContent, PageStatus
from ingest.files import MUPDF_ERRORS, open_document
from ingest.page import body_size, read_page


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known when a document is open and no page is read yet."""

    kind: str
    pages: int
    metadata: dict[str, str]


def read_pages(
    data: bytes, kind: str, ocr: bool = True, first: int = 1
) -> Iterator[Opened | PageContent]:
    """First an `Opened`, then every page from `first` on; one that fails comes as quarantined.

    Raises DocumentError where the document cannot be opened at all.
    """
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    document = open_document(data, kind)
    yield Opened(kind, document.page_count, _metadata(document))
    body = body_size(document)
    for number in range(first, document.page_count + 1):
        yield _page_or_reason(document, number, body, ocr)


def _page_or_reason(document: Any, number: int, body: float, ocr: bool) -> PageContent:
    try:
        return read_page(document[number - 1], number, body, ocr)
    # A damaged page object can miss what it must have, or be of any size. The page is kept in
    # the ledger with the reason.
    except (*MUPDF_ERRORS, LookupError, TypeError, ArithmeticError, MemoryError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
        return PageContent(number, 0.0, 0.0, PageStatus(number, "quarantine", reason))


def _metadata(document: Any) -> dict[str, str]:
    """Title, author, dates as the file states them; empty fields left out."""
    fields = document.metadata or {}
    wanted = ("title", "author", "subject", "keywords", "creationDate")
    return {k: str(fields[k])[:500] for k in wanted if fields.get(k)}
