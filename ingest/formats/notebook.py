"""Jupyter notebooks: text, code, and what it printed and drew."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures, escape
from octavo.ingest.formats.html import html_blocks
from octavo.ingest.formats.html_tree import read_html
from octavo.ingest.formats.json_records import parse_json
from octavo.ingest.formats.plain import text_of, text_paragraphs

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_ATTACHED = "attachment:"


def make_notebook(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError where the file is no notebook."""
    book = parse_json(text_of(data))
    cells = _cells(book)
    if cells is None:
        raise DocumentError("is not a Jupyter notebook: it has no list of cells")
    pictures = Pictures(bounds)
    writer = _CellWriter(pictures)
    title = _of(_of(book, "metadata"), "title")
    metadata = {"title": title} if isinstance(title, str) else {}
    blocks = (block for cell in cells for block in writer.blocks(cell))
    return EpubBuilder([blocks], pictures, metadata).make()


def _cells(book: Any) -> list[Any] | None:
    """Of format 4, or of the sheets of format 3."""
    cells = _of(book, "cells")
    if cells is None and isinstance(_of(book, "worksheets"), list):
        sheets = [_of(sheet, "cells") for sheet in book["worksheets"]]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    return cells if isinstance(cells, list) else None


def _of(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _text(value: Any) -> str:
    """A text, or the list of its lines."""
    if isinstance(value, list):
        return "".join(v for v in value if isinstance(v, str))
    return value if isinstance(value, str) else ""


class _CellWriter:
    """Cells to HTML blocks."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def blocks(self, cell: Any) -> Iterator[str]:
        kind, source = _of(cell, "cell_type"), _text(_of(cell, "source"))
        if kind == "markdown":
            yield from self._markdown(source, _of(cell, "attachments"))
        elif kind == "heading":  # format 3
            yield f"<h2>{escape(source)}</h2>"
        elif kind == "code":
            yield from _preformatted(source or _text(_of(cell, "input")))
            outputs = _of(cell, "outputs")
            for output in outputs if isinstance(outputs, list) else ():
                yield from self._output(output)
        else:
            yield from text_paragraphs(source)

    def _markdown(self, text: str, attachments: Any = None) -> Iterator[str]:
        def fetch(address: str) -> bytes | None:
            files = _of(attachments, address.removeprefix(_ATTACHED))
            return self._picture_in(files) if address.startswith(_ATTACHED) else None

        try:
            html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
        except RecursionError:
            yield from text_paragraphs(text)
            return
        yield from html_blocks(read_html(html, self._pictures.bounds), self._pictures, fetch)

    def _output(self, output: Any) -> Iterator[str]:
        kind = _of(output, "output_type")
        if kind == "stream":
            yield from _preformatted(_text(_of(output, "text")))
        elif kind in ("error", "pyerr"):
            name, value = _text(_of(output, "ename")), _text(_of(output, "evalue"))
            yield from _preformatted(f"{name}: {value}")
        else:  # in format 3 the forms stand in the output itself, by short names
            yield from self._shown(_of(output, "data") or _long_names(output))

    def _shown(self, forms: Any) -> Iterator[str]:
        """The richest of the forms that an output has."""
        picture = self._picture_in(forms)
        html = _text(_of(forms, "text/html")) or _text(_of(forms, "image/svg+xml"))
        if picture:
            yield self._pictures.html(picture)
        elif html.strip():
            yield from html_blocks(read_html(html, self._pictures.bounds), self._pictures)
        elif _text(_of(forms, "text/markdown")).strip():
            yield from self._markdown(_text(forms["text/markdown"]))
        else:
            yield from _preformatted(_text(_of(forms, "text/plain")))

    def _picture_in(self, forms: Any) -> bytes | None:
        encoded = next(filter(None, (_text(_of(forms, kind)) for kind in _PICTURES)), "")
        try:
            return base64.b64decode(encoded) or None
        except (binascii.Error, ValueError):
            return None


def _long_names(output: Any) -> dict[str, Any]:
    names = {"png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml", "html": "text/html",
             "text": "text/plain"}  # fmt: skip
    return {long: _of(output, short) for short, long in names.items()}


def _preformatted(text: str) -> Iterator[str]:
    text = _ANSI.sub("", text).strip("\n")
    if text.strip():
        yield f"<pre>{escape(text)}</pre>"
