"""The text of a page without what was put on it later: form fields and annotations are drawn over
the page, and MuPDF would mix their words with the lines under them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pymupdf

from octavo.ingest.boxes import Boxes, as_array
from octavo.ingest.document import Box

#: A line of MuPDF's `rawdict`, block by block.
RawBlock = dict[str, Any]


def has_additions(page: Any) -> bool:
    """Whether a `pymupdf.Page` has form fields or annotations other than links."""
    if not page.parent.is_pdf:
        return False
    return page.first_annot is not None or page.first_widget is not None


def contents_textpage(page: Any, flags: int) -> Any:
    """A `pymupdf.TextPage` of the page's own contents, in coordinates of the unrotated page."""
    rotation = page.rotation
    if rotation:
        page.set_rotation(0)
    try:
        made = page.get_displaylist(annots=0).get_textpage(flags)
    finally:
        if rotation:
            page.set_rotation(rotation)
    textpage = made if isinstance(made, pymupdf.TextPage) else pymupdf.TextPage(made)
    textpage.parent = page
    return textpage


def without_characters(blocks: Iterable[RawBlock], struck: Sequence[Box]) -> list[RawBlock]:
    """Blocks of `rawdict` without the characters whose middle lies in one of `struck`, boxes of
    the unrotated page."""
    if not struck:
        return list(blocks)
    boxes = as_array(list(struck))
    return [
        {
            **block,
            "lines": [
                {**line, "spans": [_kept(span, boxes) for span in line["spans"]]}
                for line in block.get("lines", ())
            ],
        }
        for block in blocks
    ]


def _kept(span: dict[str, Any], boxes: Boxes) -> dict[str, Any]:
    return {**span, "chars": [c for c in span["chars"] if not _is_inside(c["bbox"], boxes)]}


def _is_inside(bbox: Sequence[float], boxes: Boxes) -> bool:
    x, y = (bbox[0] + bbox[2]) / 2, (bbox[1] + bbox[3]) / 2
    inside = (boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])
    return bool(inside.any())
