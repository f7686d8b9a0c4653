"""What a file is, by its content, and which files there are. Nothing is opened here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from octavo.ingest.document import DocumentError
from octavo.ingest.folder_files import list_folder
from octavo.ingest.formats.encoding import decode
from octavo.ingest.formats.image_signature import image_type
from octavo.ingest.formats.ole_signature import SIGNATURE, ole_type
from octavo.ingest.formats.text_signature import mail_type, text_type
from octavo.ingest.formats.zip_container import container_type

_READ = (
    "PDF, Word, PowerPoint, Excel, OpenDocument, RTF, EPUB, HTML, MHTML, Markdown, text, CSV, "
    "JSON, notebooks, e-mail, PNG, JPEG, TIFF, WebP, HEIC, AVIF, SVG, GIF, BMP"
)
#: Types of files whose attachments are documents of their own.
WITH_ATTACHMENTS = frozenset({"eml", "mbox", "msg"})
#: What is known and not read, and what to do about it.
_OTHERS = (
    (b"\x1f\x8b", "is a gzip archive; unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive; unpack it and give the folder"),
    (b"Rar!\x1a\x07", "is a RAR archive; unpack it and give the folder"),
    (b"%!PS-Adobe", "is a PostScript file; save it as PDF"),
)
_HEAD = 65_536


def file_type(data: bytes, suffix: str = "") -> str:
    """A key of `_MAKERS` in `octavo.ingest.open_document`, `pdf`, an image type or `svg`.

    The content decides; `suffix` only tells texts apart (Markdown, CSV, JSON, HTML without a
    beginning).
    Raises DocumentError for an empty file, for one that is known and not read, saying what to do,
    and for bytes that are none of these.
    """
    if not data:
        raise DocumentError("the file is empty")
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if b"%PDF-" in head:  # some writers put a few bytes before the header
        return "pdf"
    image = image_type(data)
    if image:
        return image
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return container_type(data)
    if data.startswith(SIGNATURE):
        return ole_type(data)
    if head.startswith(b"{\\rtf"):
        return "rtf"
    _refuse_others(data, head)
    mail = mail_type(data[:_HEAD], suffix)
    if mail:
        return mail
    text = decode(data[:_HEAD], partial=True)
    if text is None:
        raise DocumentError(f"not a document that Octavo reads ({_READ})")
    return text_type(text, suffix)


def _refuse_others(data: bytes, head: bytes) -> None:
    for signature, reason in _OTHERS:
        if head.startswith(signature):
            raise DocumentError(reason)


def utf8(text: str) -> str:
    """`text` without what UTF-8 cannot hold: file names and broken fonts have such characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Every file named by `paths`, folders walked in sorted order; hidden files, metadata files and
    what `.octavoignore` names left out.

    A path that does not exist, a broken link and a folder that cannot be read are given on as they
    are: reading them says what is wrong. Links to folders are not followed. Raises ValueError for
    an `.octavoignore` that cannot be understood.
    """
    for path in paths:
        if path.is_dir() and os.access(path, os.R_OK | os.X_OK):
            found = list_folder(path)
            yield from sorted((*found.files, *found.unreadable))
        else:
            yield path


def listed_paths(data: bytes) -> list[Path]:
    """Paths of a list: one a line, or parted by NUL bytes, as `find -print0` does.

    Raises ValueError for a list without a path.
    """
    parts = data.split(b"\0") if b"\0" in data else data.splitlines()
    names = [os.fsdecode(part) for part in parts if part.strip()]
    if not names:
        raise ValueError("standard input names no file; give one path a line")
    return [Path(name) for name in names]
