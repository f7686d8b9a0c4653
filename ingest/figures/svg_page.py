"""A drawing (SVG) as a page: a figure, whatever it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from octavo.ingest.document import Block, Box, PageContent
from octavo.ingest.page import crop


def as_figure_page(page: PageContent, document: Any, pictures: bool) -> PageContent:
    """The page, and where no part of it is a figure (thin lines, a logo, words), all of it as one
    with its words."""
    whole = Box(0.0, 0.0, page.width, page.height)
    if page.status.state == "failed" or whole.area == 0:
        return page
    if any(b.kind in ("figure", "page") for b in page.blocks):
        return page
    lines = tuple(x for b in page.blocks for x in (*b.caption, *b.lines))
    image = crop(document[page.number - 1], whole) if pictures else None
    return replace(page, blocks=(Block("figure", whole, lines, image=image),))
