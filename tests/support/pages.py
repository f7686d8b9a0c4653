"""Pages drawn for tests of reading: text where it is wanted, rules, bars."""

from __future__ import annotations

from typing import Any

import pymupdf

from octavo.ingest.document import Block
from octavo.ingest.page import read_page
from octavo.ingest.text.text_layer import body_size

PROSE = "Close the suction valve first and let the housing cool before the cover comes off. "


def blocks_of(document: Any, page: int = 0) -> tuple[Block, ...]:
    """What is read from a page of an open document, without OCR."""
    return read_page(document[page], page + 1, body_size(document), read_text=False).blocks


def of_kind(blocks: tuple[Block, ...], kind: str) -> list[Block]:
    return [b for b in blocks if b.kind == kind]


def words(blocks: tuple[Block, ...]) -> list[str]:
    """Every word of the blocks, but for the strokes between cells."""
    lines = [x for b in blocks for x in (*b.caption, *b.lines)]
    return [w for x in lines for w in x.text.split() if w != "|"]


def put(page: Any, x: float, y: float, text: str, size: float = 10) -> None:
    page.insert_text((x, y), text, fontsize=size)


def put_right(page: Any, x: float, y: float, text: str, size: float = 10) -> None:
    """Text that ends at `x`, as numbers in a column do."""
    put(page, x - pymupdf.get_text_length(text, fontsize=size), y, text, size)


def prose(page: Any, x0: float, y0: float, x1: float, y1: float, times: int = 6) -> None:
    page.insert_textbox(pymupdf.Rect(x0, y0, x1, y1), PROSE * times, fontsize=10)
