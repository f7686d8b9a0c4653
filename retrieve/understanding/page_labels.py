"""The page that a number is printed on: "page 17" of a book with a preface is its 20th page."""

from __future__ import annotations

import re
from typing import Any

from octavo.ingest.file_limits import BOUNDS, FileLimits

_FRONT = 30  # pages before page 1 that are believed
_LOOK = 6  # pages behind that of the count whose margins are read, where a file has no labels
_MARGIN = 0.1  # of a page's height, above and below


def page_numbered(data: bytes, kind: str, number: int, bounds: FileLimits = BOUNDS) -> int | None:
    """The page (from 1) that calls itself `number`, by the labels of a PDF, else by what is printed
    in its margin; None where that is the one of the count, or none does.

    Raises DocumentError for bytes that cannot be opened.
    """
    if kind != "pdf":
        return None
    from octavo.ingest.open_document import MUPDF_ERRORS, open_document

    with open_document(data, kind, bounds=bounds) as document:
        try:
            found = _labelled(document, number) or _printed(document, number)
        except MUPDF_ERRORS:
            return None
    return found if found != number else None


def _labelled(document: Any, number: int) -> int | None:
    pages = [n + 1 for n in document.get_page_numbers(str(number))]
    near = [p for p in pages if number <= p <= number + _FRONT]
    return near[0] if near else None


def _printed(document: Any, number: int) -> int | None:
    alone = re.compile(rf"\W*(page|p\.|seite)?\s*{number}(\s*(of|/)\s*\d+)?\W*", re.IGNORECASE)
    for page in range(number, min(number + _LOOK, document.page_count) + 1):
        if any(alone.fullmatch(line) for line in _margins(document[page - 1])):
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
