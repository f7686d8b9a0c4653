"""How a file is opened, by what it is. Every reader and renderer opens here.

Importing this brings MuPDF and the formats: 37 MB, and 0.3 s of processor time.
"""

from __future__ import annotations

from typing import Any

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import BOUNDS, FileLimits
from octavo.ingest.formats.converted import ConvertedCache, Maker
from octavo.ingest.formats.delimited import make_csv
from octavo.ingest.formats.epub import make_epub
from octavo.ingest.formats.epub_builder import MUPDF_ERRORS as MUPDF_ERRORS
from octavo.ingest.formats.json_records import make_json, make_jsonl
from octavo.ingest.formats.libreoffice import make_doc, make_ppt, make_xls
from octavo.ingest.formats.mhtml import make_mhtml
from octavo.ingest.formats.mime_mail import make_eml, make_mbox
from octavo.ingest.formats.notebook import make_notebook
from octavo.ingest.formats.odf import make_odp, make_ods, make_odt
from octavo.ingest.formats.outlook_msg import make_msg
from octavo.ingest.formats.plain import make_html_file, make_markdown, make_txt
from octavo.ingest.formats.raster import IMAGE_TYPES, open_image
from octavo.ingest.formats.rtf import make_rtf
from octavo.ingest.formats.svg import open_svg
from octavo.ingest.office.docx import make_docx
from octavo.ingest.office.pptx import make_pptx
from octavo.ingest.office.xlsx import make_xlsx
from octavo.ingest.pdf_repair import open_pdf

_MAKERS: dict[str, Maker] = {
    "docx": make_docx,
    "pptx": make_pptx,
    "xlsx": make_xlsx,
    "doc": make_doc,
    "xls": make_xls,
    "ppt": make_ppt,
    "odt": make_odt,
    "ods": make_ods,
    "odp": make_odp,
    "epub": make_epub,
    "html": make_html_file,
    "md": make_markdown,
    "txt": make_txt,
    "eml": make_eml,
    "mbox": make_mbox,
    "msg": make_msg,
    "mhtml": make_mhtml,
    "ipynb": make_notebook,
    "json": make_json,
    "jsonl": make_jsonl,
    "rtf": make_rtf,
    "csv": make_csv,
    "tsv": make_csv,
}
_kept = ConvertedCache()


def open_document(data: bytes, kind: str, password: str = "", bounds: FileLimits = BOUNDS) -> Any:
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


def _open(data: bytes, kind: str, bounds: FileLimits) -> Any:
    if kind in _MAKERS:
        return _kept.make(_MAKERS[kind], data, bounds).open()
    if kind in IMAGE_TYPES:
        return open_image(data, kind, bounds)
    if kind == "svg":
        return open_svg(data, bounds)
    return open_pdf(data)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
