"""One e-mail as people read it: who, to whom, when, about what, the text, and what came with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from octavo.ingest.formats.epub_builder import Pictures, escape
from octavo.ingest.formats.html import Fetch, html_blocks
from octavo.ingest.formats.html_tree import read_html
from octavo.ingest.formats.plain import text_paragraphs

_SHOWN = 2000  # characters of a header: a list of hundreds of addresses says no more
_NAME = re.compile(r"[\x00-\x1f\x7f/\\]+")
_QUOTE = re.compile(r"(?:> ?)*+")
_MOST_QUOTED = 6  # deeper quotations are set no further to the right
_LONGEST_NAME = 150  # characters of a name that an attachment gives itself


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in another one. `name` as it calls itself; two may have the same."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MailText:
    """A part of a mail's text; `fetch` has the pictures of one that is HTML."""

    text: str
    html: bool = False
    fetch: Fetch = field(default=lambda _: None)


@dataclass(frozen=True, slots=True)
class MailMessage:
    """`headers` are (name, value), in the order to be shown; `date` as the mail writes it."""

    subject: str
    headers: Sequence[tuple[str, str]]
    texts: Sequence[MailText]
    attachments: Sequence[Attachment]

    def metadata(self) -> dict[str, str]:
        """Title, author and date."""
        headers = dict(self.headers)
        fields = {
            "title": self.subject,
            "author": headers.get("From", ""),
            "creationDate": headers.get("Date", ""),
        }
        return {name: value for name, value in fields.items() if value}


def message_blocks(message: MailMessage, pictures: Pictures) -> Iterator[str]:
    """HTML blocks: subject, headers, text, and the names of the attachments."""
    yield f"<h1>{escape(message.subject or '(no subject)')}</h1>"
    lines = [f"{name}: {value[:_SHOWN]}" for name, value in message.headers if value]
    if lines:
        yield f"<p>{'<br/>'.join(map(escape, lines))}</p>"
    for part in message.texts:
        if part.html:
            root = read_html(part.text, pictures.bounds)
            yield from html_blocks(root, pictures, part.fetch)
        else:
            yield from _quoted_paragraphs(part.text)
    if message.attachments:
        names = ", ".join(attached_name(a.name) for a in message.attachments)
        yield f"<p>{escape(f'Attachments: {names}')}</p>"


def _quoted_paragraphs(text: str) -> Iterator[str]:
    """Plain text; what is quoted (`> `) is set as a quotation, without the marks."""
    for depth, lines in groupby(text.replace("\r\n", "\n").split("\n"), _quote_depth):
        unmarked = "\n".join(line[len(_mark(line)) :] for line in lines)
        inside = "".join(text_paragraphs(unmarked))
        if inside:
            yield f"{'<blockquote>' * depth}{inside}{'</blockquote>' * depth}"


def _mark(line: str) -> str:
    return _QUOTE.match(line)[0]  # type: ignore[index]  # it may be empty


def _quote_depth(line: str) -> int:
    return min(_mark(line).count(">"), _MOST_QUOTED)


def attached_name(name: str) -> str:
    """The name of an attachment without folders and control characters."""
    base = _NAME.sub("/", name).rpartition("/")[2].strip(" .")
    stem, dot, suffix = base.rpartition(".")
    if len(base) > _LONGEST_NAME:
        base = f"{(stem or suffix)[: _LONGEST_NAME - 10]}{dot}{suffix[:9]}" if dot else base[:140]
    return base or "attachment"
