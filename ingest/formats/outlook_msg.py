"""Outlook messages (.msg): the properties of [MS-OXMSG] in an OLE file.

Named streams hold them, `__substg1.0_` and eight digits: four of the property, four of its type.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from typing import Any

import olefile

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures
from octavo.ingest.formats.mail_message import Attachment, MailMessage, MailText, message_blocks
from octavo.ingest.formats.mime_mail import header_of, parse_mime, text_in
from octavo.ingest.formats.ole_signature import OLE_ERRORS

_SUBJECT, _BODY, _HTML, _HEADERS = "0037", "1000", "1013", "007D"
_SENDER, _ADDRESSES = "0C1A", ("5D01", "0C1F")
_TO, _CC = "0E04", "0E03"
_SENT, _DELIVERED, _CODE_PAGE, _BODY_CODE_PAGE = 0x0039, 0x0E06, 0x3FFD, 0x3FDE
_DATA, _LONG_NAME, _SHORT_NAME, _SHOWN_NAME = "3701", "3707", "3704", "3001"
_CONTENT_ID = "3712"
_EMBEDDED = "__substg1.0_3701000D"
_PROPERTIES = "__properties_version1.0"
#: Bytes before the properties of a message, of one inside of another, and of an attachment.
_TOP, _INNER = 32, 24
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def make_msg(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError for a damaged file."""
    message = read_msg(data, bounds)
    pictures = Pictures(bounds)
    chapters = [message_blocks(message, pictures)]
    return EpubBuilder(chapters, pictures, message.metadata()).make()


def read_msg(data: bytes, bounds: FileLimits) -> MailMessage:
    """Raises DocumentError for a damaged file, and for messages in each other beyond
    `bounds.nesting`."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            return _Storage(ole, [], bounds).message()
    except OLE_ERRORS as error:
        raise DocumentError(f"is a damaged Outlook message: {error}") from None


class _Storage:
    """A message, or an attachment, in its folder of the OLE file."""

    def __init__(self, ole: Any, path: list[str], bounds: FileLimits) -> None:
        self._ole = ole
        self._path = path
        self._bounds = bounds
        bounds.check_nesting(len(path) + 1)
        self._numbers = _numbers(self._stream(_PROPERTIES), _INNER if path else _TOP)
        self._encoding = _encoding(self._numbers.get(_CODE_PAGE, 0))

    def message(self) -> MailMessage:
        headers = parse_mime(self._text(_HEADERS).encode("utf-8", "replace"))
        shown = [
            ("From", header_of(headers, "From") or self._sender()),
            ("To", header_of(headers, "To") or self._text(_TO)),
            ("Cc", header_of(headers, "Cc") or self._text(_CC)),
            ("Date", header_of(headers, "Date") or self._date()),
        ]
        attached = list(self._attachments())
        pictures = {name: a.data for name, a in attached if name}
        html = self._html()
        plain = self._text(_BODY)
        texts = [MailText(plain)] if plain.strip() else []
        if html and (not texts or any(f"cid:{name}" in html for name in pictures)):
            texts = [MailText(html, True, lambda a: pictures.get(a.strip().partition(":")[2]))]
        seen = {n for n in pictures if texts and texts[0].html and f"cid:{n}" in html}
        left = [a for name, a in attached if name not in seen]
        return MailMessage(self._text(_SUBJECT).strip(), shown, texts, left)

    def _attachments(self) -> Iterator[tuple[str, Attachment]]:
        """Each with the name by which the text shows it; empty where it has none."""
        folders = sorted(
            entry[len(self._path)]
            for entry in self._ole.listdir(streams=False, storages=True)
            if entry[:-1] == self._path and entry[-1].lower().startswith("__attach_version1.0_")
        )
        self._bounds.check_members(len(folders))
        for folder in folders:
            path = [*self._path, folder]
            part = _Storage(self._ole, path, self._bounds)
            name = next(filter(None, map(part._text, (_LONG_NAME, _SHORT_NAME, _SHOWN_NAME))), "")
            if self._ole.exists([*path, _EMBEDDED]):
                inner = _Storage(self._ole, [*path, _EMBEDDED], self._bounds).message()
                called = (name or inner.subject)[:80] or "message"
                yield "", Attachment(f"{called}.eml", _eml(inner))
            else:
                yield part._text(_CONTENT_ID).strip("<> "), Attachment(name, part._bytes(_DATA))

    def _stream(self, name: str) -> bytes:
        path = [*self._path, name]
        if not self._ole.exists(path) or self._ole.get_type(path) != olefile.STGTY_STREAM:
            return b""
        self._bounds.check_unpacked(self._ole.get_size(path))
        with self._ole.openstream(path) as stream:
            return bytes(stream.read())

    def _bytes(self, name: str) -> bytes:
        return self._stream(f"__substg1.0_{name}0102")

    def _text(self, name: str) -> str:
        wide = self._stream(f"__substg1.0_{name}001F")
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        return text_in(self._stream(f"__substg1.0_{name}001E"), self._encoding).rstrip("\0")

    def _html(self) -> str:
        data = self._bytes(_HTML)
        if not data:
            return self._text(_HTML)
        return text_in(data, _encoding(self._numbers.get(_BODY_CODE_PAGE, 0)) or self._encoding)

    def _sender(self) -> str:
        name = self._text(_SENDER)
        address = next((a for a in map(self._text, _ADDRESSES) if "@" in a), "")
        return f"{name} <{address}>" if name and address and name != address else name or address

    def _date(self) -> str:
        ticks = self._numbers.get(_SENT) or self._numbers.get(_DELIVERED)
        try:
            return format_datetime(_EPOCH + timedelta(microseconds=ticks // 10)) if ticks else ""
        except OverflowError:
            return ""


def _numbers(properties: bytes, start: int) -> dict[int, int]:
    """Properties of fixed size, by their number: entries of 16 bytes with the value in the last
    8."""
    entries = struct.iter_unpack(
        "<HHIQ", properties[start:][: (len(properties) - start) // 16 * 16]
    )
    return {tag: value for _, tag, _, value in entries} if len(properties) > start else {}


def _encoding(code_page: int) -> str:
    page = code_page & 0xFFFFFFFF
    return {0: "", 1200: "utf-16-le", 65001: "utf-8", 20127: "ascii"}.get(page, f"cp{page}")


def _eml(message: MailMessage) -> bytes:
    """A message inside of another one as a file of its own, the same bytes on every call."""
    digest = hashlib.sha256(message.subject.encode("utf-8", "replace"))
    for text in message.texts:
        digest.update(text.text.encode("utf-8", "replace"))
    out = MIMEMultipart(boundary=f"=_{digest.hexdigest()}")
    for name, value in (("Subject", message.subject), *message.headers):
        if value:
            out[name] = Header(" ".join(value.split()), "utf-8", errors="replace").encode()
    for text in message.texts:
        out.attach(MIMEText(text.text, "html" if text.html else "plain", "utf-8"))
    for attachment in message.attachments:
        part = MIMEApplication(attachment.data)
        named = ("utf-8", "", attachment.name)
        part.add_header("Content-Disposition", "attachment", filename=named)
        out.attach(part)
    return out.as_bytes()
