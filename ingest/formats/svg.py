"""SVG drawings: one page, words kept. What a drawing links to outside of itself is not fetched."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pymupdf

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.bounded_xml import parse
from octavo.ingest.formats.html import data_of
from octavo.ingest.formats.raster import shown

_MOST_DRAWN = 500_000  # elements, those that `use` repeats counted each time


def open_svg(data: bytes, bounds: FileLimits) -> Any:
    """A `pymupdf.Document` of one page.

    Raises DocumentError for a drawing that is damaged, or repeats itself without end.
    """
    check_drawing(parse([data], bounds, entities=True), bounds)
    return pymupdf.open(stream=data, filetype="svg")


def check_drawing(root: Element, bounds: FileLimits) -> None:
    """Raises DocumentError where drawing would take very long, or a picture in it is too large."""
    if _drawn(root, {e.get("id", ""): e for e in root.iter() if e.get("id")}) > _MOST_DRAWN:
        raise DocumentError(f"draws more than {_MOST_DRAWN} shapes by repeating them")
    for image in root.iter("image"):
        data = data_of(image.get("href", ""))
        if data:
            shown(data, bounds)


def _drawn(root: Element, named: dict[str, Element]) -> int:
    """Elements drawn, each `use` followed; stops when there are too many."""
    known: dict[Element, int] = {}

    def count(element: Element, open_: frozenset[Element]) -> int:
        if element in known:
            return known[element]
        if element in open_ or len(open_) > 400:
            return _MOST_DRAWN + 1
        inside = open_ | {element}
        total = 1 + sum(count(child, inside) for child in element)
        target = named.get(element.get("href", "").removeprefix("#"))
        if element.tag == "use" and target is not None:
            total += count(target, inside)
        known[element] = min(total, _MOST_DRAWN + 1)
        return known[element]

    return count(root, frozenset())
