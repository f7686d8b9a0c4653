"""What is read of a file, without its pixels: lines, block by block."""

from __future__ import annotations

from octavo.ingest.document import Block, PageContent
from octavo.ingest.files import file_type
from octavo.ingest.read import read_pages


def blocks_read(data: bytes, suffix: str = "") -> list[Block]:
    """The blocks of all pages."""
    pages = read_pages(data, file_type(data, suffix), ocr=False)
    return [b for p in pages if isinstance(p, PageContent) for b in p.blocks]


def text_read(data: bytes, suffix: str = "") -> str:
    """All lines, each on one of its own."""
    return "\n".join(x.text for b in blocks_read(data, suffix) for x in (*b.caption, *b.lines))
