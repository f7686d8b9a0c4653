"""E-mail as it is sent (RFC 5322 and MIME), alone or many in an mbox file.

Python's parser with its older policy: the newer one parses each header in full, which hostile ones
make slow or fail. Headers are cut and decoded here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from mimetypes import MimeTypes

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted
from octavo.ingest.formats.encoding import decode
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures
from octavo.ingest.formats.mail_message import Attachment, MailMessage, MailText, message_blocks

_SHOWN = ("From", "To", "Cc", "Date")
_LONGEST_HEADER = 8000  # characters
#: What the parser and its accessors raise for damage.
MIME_ERRORS = (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_EMBEDDED = re.compile(r"""\bsrc\s*+=\s*+["']?\s*+cid:""", re.IGNORECASE)
_QUOTED_FROM = re.compile(rb"^>(?=>*From )", re.MULTILINE)
#: The line before each message of an mbox file. Inside of messages such lines are quoted.
_MBOX_LINE = re.compile(
    rb"^From \S{1,300} [^\r\n]{0,99}\d:\d\d[^\r\n]{0,99}\r?\n(?=[!-9;-~]+:)", re.MULTILINE
)


class _BoundedHeaders(Compat32):
    """Long headers are cut: to find the parameters of one of 2.5 MB took the square of that."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


def make_eml(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError for what is no message, or nests too deep."""
    message = read_eml(data, bounds)
    pictures = Pictures(bounds)
    chapters = [message_blocks(message, pictures)]
    return EpubBuilder(chapters, pictures, message.metadata()).make()


def make_mbox(data: bytes, bounds: FileLimits) -> Converted:
    """Each message from a new page, under its subject. Raises as `make_eml`."""
    pictures = Pictures(bounds)
    chapters = (message_blocks(message, pictures) for message in read_mbox(data, bounds))
    return EpubBuilder(chapters, pictures).make()


def read_mbox(data: bytes, bounds: FileLimits) -> Iterator[MailMessage]:
    """Raises DocumentError where there are more messages than `bounds.members`."""
    starts = list(_MBOX_LINE.finditer(data))
    bounds.check_members(len(starts))
    ends = [match.start() for match in starts[1:]] + [len(data)]
    for start, end in zip(starts, ends, strict=True):
        yield read_eml(_QUOTED_FROM.sub(b"", data[start.end() : end]), bounds)


def read_eml(data: bytes, bounds: FileLimits) -> MailMessage:
    """Raises DocumentError for parts in each other beyond `bounds.nesting`."""
    root = parse_mime(data)
    parts = _Parts(bounds)
    parts.add(root, 1)
    subject = header_of(root, "Subject")
    headers = [(name, header_of(root, name)) for name in _SHOWN]
    return MailMessage(subject, headers, parts.texts, parts.attachments())


def parse_mime(data: bytes) -> Message:
    """Raises DocumentError where parts are in each other without end."""
    try:
        return message_from_bytes(data, policy=_BoundedHeaders())
    except RecursionError:
        raise DocumentError("has parts nested deeper than is read") from None


def header_of(message: Message, name: str) -> str:
    """A header's value in plain characters, in one line; those that stand several times joined."""
    values = [str(v) for k, v in message.raw_items() if k.lower() == name.lower()]
    return ", ".join(filter(None, map(_decoded, values)))


def _decoded(value: str) -> str:
    value = " ".join(value.split())
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError):
        pieces = [(value, None)]
    shown = "".join(_text_of(piece, charset or "") for piece, charset in pieces)
    return " ".join(shown.split())


def _text_of(piece: bytes | str, charset: str) -> str:
    data = piece.encode("utf-8", "surrogateescape") if isinstance(piece, str) else piece
    return text_in(data, charset)


def text_in(data: bytes, charset: str) -> str:
    """Text in the declared encoding, where it is in that one; else as it looks."""
    try:
        text = data.decode(charset or "ascii")
        if charset.lower() != "us-ascii" or "\x1b" not in text:
            return text
    except (UnicodeError, LookupError):
        pass
    return decode(data) or data.decode("latin-1")


def content_type(part: Message) -> str:
    try:
        return part.get_content_type()
    except MIME_ERRORS:
        return "application/octet-stream"


def content_of(part: Message) -> bytes:
    """The decoded bytes of a part; what of it can be decoded."""
    try:
        data = part.get_payload(decode=True)
    except MIME_ERRORS:
        data = None
    return data if isinstance(data, bytes) else b""


def part_text(part: Message) -> str:
    """The text of a part, as its `charset` says."""
    try:
        charset = part.get_content_charset("")
    except MIME_ERRORS:
        charset = ""
    return text_in(content_of(part), charset or "")


def walk_mime(message: Message, bounds: FileLimits) -> list[Message]:
    """A message and all that is in it. Raises DocumentError over `bounds.members`."""
    parts = []
    for part in message.walk():
        parts.append(part)
        bounds.check_members(len(parts))
    return parts


class _Parts:
    """What a message is made of: its text, pictures inside of it, and attachments."""

    def __init__(self, bounds: FileLimits) -> None:
        self._bounds = bounds
        self._count = 0
        self._pictures: dict[str, Attachment] = {}  # by content id
        self._attached: list[Attachment] = []
        self.texts: list[MailText] = []

    def attachments(self) -> list[Attachment]:
        """Pictures that the text does not show are attachments, too."""
        html = "".join(t.text for t in self.texts if t.html)
        unseen = (p for name, p in self._pictures.items() if f"cid:{name}" not in html)
        return [*self._attached, *unseen]

    def add(self, part: Message, depth: int) -> None:
        self._bounds.check_nesting(depth)
        self._count += 1
        self._bounds.check_members(self._count)
        kind = content_type(part)
        if not part.is_multipart():
            self._leaf(part, kind)
        elif kind == "message/rfc822":
            self._message(part)
        elif kind == "multipart/alternative":
            self._alternative(part, depth)
        elif kind.startswith("message/"):
            self.texts.append(MailText(_source(part)))
        else:
            for child in _children(part):
                self.add(child, depth + 1)

    def _alternative(self, part: Message, depth: int) -> None:
        """One of several forms of the same text: the plain one, unless that says nothing or lacks
        the pictures inside of the other."""
        outer, forms = self.texts, []
        for child in _children(part):
            self.texts = []
            self.add(child, depth + 1)
            forms.append(self.texts)
        plain = [f for f in forms if f and not any(t.html for t in f)]
        plain = [f for f in plain if any(t.text.strip() for t in f)]
        rich = [f for f in forms if any(t.html for t in f)]
        shows_pictures = any(_EMBEDDED.search(t.text) for f in rich for t in f if t.html)
        chosen = rich[-1:] if rich and (shows_pictures or not plain) else plain[-1:]
        self.texts = outer + [text for form in chosen for text in form]

    def _leaf(self, part: Message, kind: str) -> None:
        name = _file_name(part)
        attached = _disposition(part) == "attachment" or bool(name)
        if kind in ("text/plain", "text/html") and not attached:
            text = part_text(part)
            flowed = kind == "text/plain" and _parameter(part, "format").lower() == "flowed"
            self.texts.append(
                MailText(_unflowed(text) if flowed else text, kind == "text/html", self._fetch)
            )
            return
        if kind in _SIGNATURES:
            return
        attachment = Attachment(name or f"attachment{_suffix(kind)}", content_of(part))
        identity = header_of(part, "Content-ID").strip("<> ")
        if kind.startswith("image/") and identity and identity not in self._pictures:
            self._pictures[identity] = attachment
        else:
            self._attached.append(attachment)

    def _message(self, part: Message) -> None:
        inner = _children(part)[0]
        subject = header_of(inner, "Subject")[:80] or "message"
        self._attached.append(Attachment(f"{subject}.eml", _source(inner).encode("utf-8")))

    def _fetch(self, address: str) -> bytes | None:
        scheme, _, identity = address.strip().partition(":")
        picture = self._pictures.get(identity) if scheme.lower() == "cid" else None
        return picture.data if picture else None


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [p for p in payload if isinstance(p, Message)] if isinstance(payload, list) else []


def _source(part: Message) -> str:
    """A part as it was sent."""
    try:
        return part.as_bytes().decode("utf-8", "surrogateescape")
    except (*MIME_ERRORS, KeyError):
        return ""


def _parameter(part: Message, name: str) -> str:
    try:
        value = part.get_param(name)
    except MIME_ERRORS:
        return ""
    return value if isinstance(value, str) else ""


def _disposition(part: Message) -> str:
    try:
        return part.get_content_disposition() or ""
    except MIME_ERRORS:
        return ""


def _file_name(part: Message) -> str:
    try:
        return _decoded(part.get_filename() or "")
    except MIME_ERRORS:
        return ""


def _suffix(kind: str) -> str:
    return MimeTypes().guess_extension(kind) or ""


def _unflowed(text: str) -> str:
    """Paragraphs that were broken into lines that end in a space (RFC 3676)."""
    out = ""
    for line in text.replace("\r\n", "\n").split("\n"):
        shown = line[1:] if line.startswith(" ") else line
        soft = shown.endswith(" ") and shown != "-- "
        out += shown if soft else f"{shown}\n"
    return out
