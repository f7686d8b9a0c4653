"""A web page saved as one file (MHTML, RFC 2557): its HTML, and the pictures beside it."""

from __future__ import annotations

from email.message import Message
from urllib.parse import urljoin

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures
from octavo.ingest.formats.html import html_blocks, html_metadata
from octavo.ingest.formats.html_tree import read_html
from octavo.ingest.formats.mime_mail import (
    content_of,
    content_type,
    header_of,
    parse_mime,
    part_text,
    walk_mime,
)

_PAGES = ("text/html", "application/xhtml+xml")


def make_mhtml(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError where there is no page in the file."""
    parts = walk_mime(parse_mime(data), bounds)
    page = next((p for p in parts if content_type(p) in _PAGES), None)
    if page is None:
        raise DocumentError("is a saved web page (MHTML) without the page")
    base = header_of(page, "Content-Location")
    files: dict[str, Message] = {}
    for part in parts:
        if content_type(part).startswith("image/"):
            location = header_of(part, "Content-Location")
            identity = header_of(part, "Content-ID").strip("<> ")
            for address in (location, _joined(base, location), f"cid:{identity}"):
                files.setdefault(address, part)

    def fetch(address: str) -> bytes | None:
        address = address.strip()
        part = files.get(address) or files.get(_joined(base, address))
        return content_of(part) if part is not None else None

    pictures = Pictures(bounds)
    root = read_html(part_text(page), bounds)
    return EpubBuilder([html_blocks(root, pictures, fetch)], pictures, html_metadata(root)).make()


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:  # brackets that hold no address of IPv6
        return address
