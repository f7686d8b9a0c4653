"""SVG drawings: one page, words kept. What a drawing links to outside of itself is not fetched."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pymupdf

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.bounded_xml import parse
from octavo.ingest.formats.html import data_url_bytes
from octavo.ingest.formats.raster import drawable_picture

_MOST_DRAWN = 500_000  # elements, those that `use` repeats counted each time


def open_svg(data: bytes, bounds: FileLimits) -> Any:
    """A `pymupdf.Document` of one page.

    Raises DocumentError for a drawing that is damaged, or repeats itself without end.
    """
    check_drawing(parse([data], bounds, entities=True), bounds)
    return pymupdf.open(stream=data, filetype="svg")


def check_drawing(root: Element, bounds: FileLimits) -> None:
    """Raises DocumentError where drawing would take very long, or a picture in it is too large."""
    if _count_drawn(root, {e.get("id", ""): e for e in root.iter() if e.get("id")}) > _MOST_DRAWN:
        raise DocumentError(f"draws more than {_MOST_DRAWN} shapes by repeating them")
    for image in root.iter("image"):
        data = data_url_bytes(image.get("href", ""))
        if data:
            drawable_picture(data, bounds)


def _count_drawn(root: Element, named: dict[str, Element]) -> int:
    """Elements drawn, each `use` followed; stops when there are too many."""
    counts: dict[Element, int] = {}

    def count(element: Element, ancestors: frozenset[Element]) -> int:
        if element in counts:
            return counts[element]
        if element in ancestors or len(ancestors) > 400:
            return _MOST_DRAWN + 1
        path = ancestors | {element}
        total = 1 + sum(count(child, path) for child in element)
        target = named.get(element.get("href", "").removeprefix("#"))
        if element.tag == "use" and target is not None:
            total += count(target, path)
        counts[element] = min(total, _MOST_DRAWN + 1)
        return counts[element]

    return count(root, frozenset())
