"""Which kind of OLE file bytes are: old Office files, Outlook messages, encrypted ones."""

from __future__ import annotations

import io
import struct

import olefile

from octavo.ingest.document import DocumentError

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TYPES = {
    "worddocument": "doc", "powerpoint document": "ppt", "workbook": "xls", "book": "xls",
    "__properties_version1.0": "msg",
}  # fmt: skip
#: What olefile raises for damage: sizes beyond any file, directories in each other without end.
OLE_ERRORS = (
    OSError, ValueError, LookupError, TypeError, struct.error, AttributeError, ArithmeticError,
    RecursionError, MemoryError,
)  # fmt: skip


def ole_type(data: bytes) -> str:
    """`doc`, `xls`, `ppt` or `msg`, by the streams at the top: what is embedded has others.

    Raises DocumentError for a damaged one, one with a password, and any other.
    """
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            names = [entry[0].lower() for entry in ole.listdir() if len(entry) == 1]
    except OLE_ERRORS as error:
        raise DocumentError(f"is a damaged file of an old Office format: {error}") from None
    if "encryptedpackage" in names:
        raise DocumentError("is an Office file with a password; save it without one")
    for name in names:
        if name in _TYPES:
            return _TYPES[name]
    raise DocumentError("is a file of an old Office format; save it as .docx or PDF")
