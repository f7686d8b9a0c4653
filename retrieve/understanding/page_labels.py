"""Page labels: "page 17" of a book with a preface is its 20th page."""

from __future__ import annotations

import re
from typing import Any

from octavo.ingest.file_limits import BOUNDS, FileLimits

_MAX_SHIFT = 30  # pages before page 1 that are allowed for
_MAX_READ = 6  # pages behind that of the count whose margins are read, where a file has no labels
_MARGIN = 0.1  # of a page's height, above and below


def page_of_label(data: bytes, kind: str, number: int, bounds: FileLimits = BOUNDS) -> int | None:
    """The page (from 1) that bears the number `number`, by the labels of a PDF, else by what is
    printed in its margin; None where that is page `number` itself, or none does. `kind` is the
    document's type (`pdf`, `txt`, ...).

    Raises DocumentError for bytes that cannot be opened.
    """
    if kind != "pdf":
        return None
    from octavo.ingest.open_document import MUPDF_ERRORS, open_document

    with open_document(data, kind, bounds=bounds) as document:
        try:
            page = _by_pdf_label(document, number) or _by_margin(document, number)
        except MUPDF_ERRORS:
            return None
    return page if page != number else None


def _by_pdf_label(document: Any, number: int) -> int | None:
    pages = [n + 1 for n in document.get_page_numbers(str(number))]
    near = [p for p in pages if number <= p <= number + _MAX_SHIFT]
    return near[0] if near else None


def _by_margin(document: Any, number: int) -> int | None:
    number_alone = re.compile(
        rf"\W*(page|p\.|seite)?\s*{number}(\s*(of|/)\s*\d+)?\W*", re.IGNORECASE
    )
    for page in range(number, min(number + _MAX_READ, document.page_count) + 1):
        if any(number_alone.fullmatch(line) for line in _margins(document[page - 1])):
            return page
    return None


def _margins(page: Any) -> list[str]:
    import pymupdf

    width, height = page.rect.width, page.rect.height
    bands = ((0, 0, width, _MARGIN * height), (0, (1 - _MARGIN) * height, width, height))
    return [
        line.strip()
        for band in bands
        for line in page.get_text(clip=pymupdf.Rect(*band)).splitlines()
    ]
