"""What a file is, by its content, and which files there are. Nothing is opened here."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from octavo.ingest.document import DocumentError
from octavo.ingest.folder_files import list_folder
from octavo.ingest.formats.encoding import decode
from octavo.ingest.formats.image_signature import image_type
from octavo.ingest.formats.zip_container import container_type

_READ = (
    "PDF, DOCX, PPTX, XLSX, EPUB, HTML, Markdown, text, CSV, PNG, JPEG, TIFF, WebP, SVG, GIF, BMP"
)
#: By suffix, of what is text; nothing in the bytes tells these apart.
_TEXTS = {
    ".md": "md", ".markdown": "md", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
}  # fmt: skip
#: What is known and not read, and what to do about it.
_OTHERS = (
    (b"{\\rtf", "is an RTF file; save it as .docx or PDF"),
    (b"\x1f\x8b", "is a gzip archive; unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive; unpack it and give the folder"),
    (b"Rar!\x1a\x07", "is a RAR archive; unpack it and give the folder"),
    (b"%!PS-Adobe", "is a PostScript file; save it as PDF"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Streams of an OLE file, whose names are in UTF-16, and what they make of it.
_OLE_STREAMS = (
    ("EncryptedPackage", "is an Office file with a password; save it without one"),
    ("WordDocument", "is a Word file of the old format (.doc); save it as .docx or PDF"),
    ("PowerPoint Document", "is a PowerPoint file of the old format (.ppt); save it as .pptx"),
    ("Workbook", "is an Excel file of the old format (.xls); save it as .xlsx or PDF"),
    ("Book", "is an Excel file of the old format (.xls); save it as .xlsx or PDF"),
    ("__substg1.0_", "is an Outlook message (.msg); save it as HTML or PDF"),
)
#: What may stand before the root element: declarations, comments, a DOCTYPE other than HTML's.
_PROLOG = re.compile(
    r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*"
    r"|<!DOCTYPE(?!\s+html)[^\[>]*(?:\[.*?\]\s*)?>\s*)*",
    re.DOTALL | re.IGNORECASE,
)
_ROOT = re.compile(r"<!DOCTYPE\s+html|<(?:\w+:)?(html|svg)[\s>]", re.IGNORECASE)
_HEAD = 65_536


def file_type(data: bytes, suffix: str = "") -> str:
    """`pdf`, an image type, `svg`, `docx`, `pptx`, `xlsx`, `epub`, `html`, `md`, `csv`, `tsv` or
    `txt`.

    The content decides; `suffix` only tells texts apart (Markdown, CSV, HTML without a beginning).
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
    _refuse_others(data, head)
    text = decode(data[:_HEAD], partial=True)
    if text is None:
        raise DocumentError(f"not a document that Octavo reads ({_READ})")
    root = _ROOT.match(text, _PROLOG.match(text).end())  # type: ignore[union-attr]  # may be empty
    if root:
        return "svg" if (root[1] or "").lower() == "svg" else "html"
    return _TEXTS.get(suffix.lower(), "txt")


def _refuse_others(data: bytes, head: bytes) -> None:
    for signature, reason in _OTHERS:
        if head.startswith(signature):
            raise DocumentError(reason)
    if data.startswith(_OLE):
        for name, reason in _OLE_STREAMS:
            if name.encode("utf-16-le") in data:
                raise DocumentError(reason)
        raise DocumentError("is a file of an old Office format; save it as .docx or PDF")
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"):
        raise DocumentError("is a HEIC or AVIF picture; save it as JPEG or PNG")


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
