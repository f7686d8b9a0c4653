"""What a file is, by its content, and how to open it. Every reader and renderer opens here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pymupdf
from markdown_it import MarkdownIt

from ingest.document import DocumentError

#: Files that MuPDF lays out itself; page size in points (A4) and body size for them.
_REFLOW_SIZE = (595.0, 842.0, 11.0)
_SIGNATURES = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
)
IMAGE_TYPES = frozenset({"png", "jpeg", "gif", "tiff", "bmp", "webp"})
_BMP_HEADERS = tuple(n.to_bytes(4, "little") for n in (12, 40, 52, 56, 64, 108, 124))
#: What MuPDF raises for damage. Its own base class is no RuntimeError.
MUPDF_ERRORS = (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError)
_MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
_IGNORED = ("~$", ".")
#: Rules between cells, so that a table in HTML or Markdown is found like a printed one.
_STYLE = (
    "body{font-family:sans-serif;line-height:1.4} table{border-collapse:collapse}"
    "td,th{border:1px solid #888;padding:3pt 6pt;text-align:left}"
)


def file_type(data: bytes, suffix: str = "") -> str:
    """`pdf`, an image type, `html`, `md` or `txt`.

    The content decides; `suffix` only tells Markdown from plain text.
    Raises DocumentError for an empty file or for bytes that are none of these.
    """
    if not data:
        raise DocumentError("the file is empty")
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:2] == b"BM" and data[6:10] == bytes(4) and data[14:18] in _BMP_HEADERS:
        return "bmp"  # "BM" alone begins many a text
    if b"%PDF-" in head:  # some writers put a few bytes before the header
        return "pdf"
    lower = head.lower()
    if lower.startswith((b"<!doctype html", b"<html")):
        return "html"
    text = _decode(data[:65536], partial=True)
    if text is None:
        raise DocumentError("not a document that Octavo reads (PDF, image, HTML, Markdown, text)")
    if suffix.lower() in {".html", ".htm"}:
        return "html"
    return "md" if suffix.lower() in _MARKDOWN_SUFFIXES else "txt"


def open_document(data: bytes, kind: str, password: str = "") -> Any:
    """A `pymupdf.Document`, laid out the same way on every call.

    Raises DocumentError where MuPDF cannot open the bytes, or they need a password.
    """
    try:
        document = _open(data, kind)
    except MUPDF_ERRORS as error:
        raise DocumentError(f"cannot be opened as {kind}: {_one_line(error)}") from error
    if document.needs_pass and not document.authenticate(password):
        raise DocumentError("is encrypted and needs a password")
    if document.page_count == 0:
        raise DocumentError("has no pages")
    return document


def _open(data: bytes, kind: str) -> Any:
    if kind in IMAGE_TYPES:
        return pymupdf.open(stream=data, filetype=kind)
    if kind in {"md", "html", "txt"}:
        width, height, size = _REFLOW_SIZE
        html = _as_html(data, kind).encode()
        return pymupdf.open(stream=html, filetype="html", width=width, height=height, fontsize=size)
    return pymupdf.open(stream=data, filetype=kind)


def _as_html(data: bytes, kind: str) -> str:
    text = _decode(data)
    if text is None:
        raise DocumentError("has bytes that are not text in any encoding that Octavo knows")
    if not text.strip():
        raise DocumentError("the file has no text")
    if kind == "html":
        return text.replace("</head>", f"<style>{_STYLE}</style></head>", 1)
    if kind == "md":
        # Raw HTML stays text: a note must not pull in files or scripts.
        body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    else:
        body = "".join(f"<p>{_escape(part)}</p>" for part in text.split("\n\n") if part.strip())
    return f"<html><head><style>{_STYLE}</style></head><body>{body}</body></html>"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _decode(data: bytes, partial: bool = False) -> str | None:
    """Text of `data`, or None where it is not text. `partial`: the end may cut a character."""
    if b"\x00" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if partial and error.start > len(data) - 4:
            return data[: error.start].decode(encoding)
    text = data.decode("cp1252", errors="replace")
    odd = sum(1 for c in text if (ord(c) < 32 and c not in "\t\n\r\f") or c == "\ufffd")
    return text if odd <= len(text) / 200 else None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def utf8(text: str) -> str:
    """`text` without what UTF-8 cannot hold: file names and broken fonts have such characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Every file named by `paths`, folders walked in sorted order; hidden files left out.

    A path that does not exist is given on as it is: reading it says what is wrong.
    """
    for path in paths:
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.is_file())
            yield from (p for p in found if not _hidden(p.relative_to(path)))
        else:
            yield path


def _hidden(path: Path) -> bool:
    return any(part.startswith(_IGNORED) for part in path.parts)
