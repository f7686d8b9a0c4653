"""How a file is opened, by what it is. Every reader and renderer opens here.

Importing this brings MuPDF and the formats: 37 MB, and 0.3 s of processor time.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ingest.bounds import BOUNDS, Bounds
from ingest.document import DocumentError
from ingest.formats.book import MUPDF_ERRORS as MUPDF_ERRORS
from ingest.formats.docx import make_docx
from ingest.formats.epub import make_epub
from ingest.formats.made import Kept, Maker
from ingest.formats.plain import make_html_file, make_markdown, make_table, make_txt
from ingest.formats.pptx import make_pptx
from ingest.formats.raster import IMAGE_TYPES, open_image
from ingest.formats.svg import open_svg
from ingest.formats.xlsx import make_xlsx
from ingest.repair import open_pdf

_MAKERS: dict[str, Maker] = {
    "docx": make_docx,
    "pptx": make_pptx,
    "xlsx": make_xlsx,
    "epub": make_epub,
    "html": make_html_file,
    "md": make_markdown,
    "txt": make_txt,
    "csv": partial(make_table, kind="csv"),
    "tsv": partial(make_table, kind="tsv"),
}
_kept = Kept()


def open_document(data: bytes, kind: str, password: str = "", bounds: Bounds = BOUNDS) -> Any:
    """A `pymupdf.Document`, laid out the same way on every call.

    Raises DocumentError where the bytes cannot be opened, are over their bounds or need a password.
    """
    try:
        document = _open(data, kind, bounds)
        if document.needs_pass and not document.authenticate(password):
            raise DocumentError("is encrypted and needs a password")
        if document.page_count == 0:
            raise DocumentError("has no pages")
    except MUPDF_ERRORS as error:
        raise DocumentError(f"cannot be opened as {kind}: {_one_line(error)}") from error
    return document


def _open(data: bytes, kind: str, bounds: Bounds) -> Any:
    if kind in _MAKERS:
        return _kept.make(_MAKERS[kind], data, bounds).open()
    if kind in IMAGE_TYPES:
        return open_image(data, kind, bounds)
    if kind == "svg":
        return open_svg(data, bounds)
    return open_pdf(data)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
