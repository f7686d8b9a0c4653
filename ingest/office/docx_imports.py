"""Documents of other formats inside a DOCX (`w:altChunk`): Word shows them as part of the text."""

from __future__ import annotations

import email
import email.policy
import posixpath
from collections.abc import Callable, Iterator
from email.message import EmailMessage

from octavo.ingest.document import DocumentError
from octavo.ingest.formats.encoding import decode
from octavo.ingest.formats.epub_builder import Pictures, escape
from octavo.ingest.formats.html import html_blocks
from octavo.ingest.formats.html_tree import read_html
from octavo.ingest.formats.zip_container import container_type

#: The blocks of a DOCX inside this one.
ReadDocx = Callable[[bytes], Iterator[str]]


def imported_blocks(
    name: str, data: bytes, pictures: Pictures, read_docx: ReadDocx
) -> Iterator[str]:
    """HTML blocks of a part: HTML, a saved web page, text or DOCX. What cannot be read is named,
    so that a reader knows that something is missing."""
    shown = posixpath.basename(name)
    try:
        if data[:4] == b"PK\x03\x04":
            if container_type(data) != "docx":
                raise DocumentError("is of a kind that is not read inside a DOCX")
            yield from read_docx(data)
        else:
            yield from _text_blocks(data, pictures)
    except DocumentError as error:
        yield f"<p>{escape(f'[Part of the document left out: {shown} {error}]')}</p>"


def _text_blocks(data: bytes, pictures: Pictures) -> Iterator[str]:
    head = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"{\\rtf"):
        raise DocumentError("is RTF, which is not read inside a DOCX; save it as .docx")
    if b"mime-version:" in head and b"content-type:" in head:
        text = _web_page(data)
    else:
        text = decode(data)
    if text is None:
        raise DocumentError("has bytes that are not text in any encoding that Octavo knows")
    if "<" in text and any(
        tag in text.lower() for tag in ("<html", "<body", "<p", "<div", "<!doc")
    ):
        yield from html_blocks(read_html(text, pictures.bounds), pictures)
    else:
        yield from (f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())


def _web_page(data: bytes) -> str | None:
    """The HTML of a web page saved in one file (MHTML)."""
    message = email.message_from_bytes(data, _class=EmailMessage, policy=email.policy.default)
    body = message.get_body(("html", "plain"))
    if not isinstance(body, EmailMessage):
        return None
    payload = body.get_payload(decode=True)
    return decode(payload) if isinstance(payload, bytes) else None
