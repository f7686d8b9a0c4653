"""ZIP containers within bounds: every byte is counted as it is unpacked."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits

_STEP = 1 << 18  # bytes unpacked at a time
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_OPEN_TYPES = {"text": "odt", "spreadsheet": "ods", "presentation": "odp", "graphics": "odp"}
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError)


class DamagedPartError(DocumentError):
    """One file of a container is missing or damaged; others may be whole."""


class Container:
    """The files of a ZIP container. Archives inside it are never opened.

    Raises DocumentError for a damaged or encrypted one, or one over its bounds.
    """

    def __init__(self, data: bytes, bounds: FileLimits) -> None:
        self.bounds = bounds
        self._unpacked = 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGE as error:
            raise DocumentError(f"is a damaged ZIP container: {error}") from None
        members = self._zip.infolist()
        bounds.check_members(len(members))
        self._members = {m.filename: m for m in members}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file piece by piece. Raises DocumentError where it is missing, damaged or too large."""
        member = self._members.get(name)
        if member is None:
            raise DamagedPartError(f"lacks its part {name}")
        if member.flag_bits & 1:
            raise DocumentError("is an encrypted ZIP container; save it without a password")
        # The declared size may lie, so it is only good for stopping early.
        self.bounds.check_unpacked(self._unpacked + member.file_size)
        try:
            with self._zip.open(member) as file:
                while piece := file.read(_STEP):
                    self._unpacked += len(piece)
                    self.bounds.check_unpacked(self._unpacked)
                    yield piece
        except (*_DAMAGE, RuntimeError) as error:
            raise DamagedPartError(f"has a damaged part {name}: {error}") from None

    def read(self, name: str) -> bytes:
        """A whole file. Raises as `chunks`."""
        return b"".join(self.chunks(name))

    def picture(self, name: str) -> bytes | None:
        """A picture, or None where it is missing or damaged: the text around it can be read."""
        try:
            return self.read(name)
        except DamagedPartError:
            return None


def container_type(data: bytes) -> str:
    """`docx`, `pptx`, `xlsx`, `odt`, `ods`, `odp` or `epub`, told by the files inside.

    Raises DocumentError for any other ZIP archive, saying what to do with it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            kind = _mimetype(archive) if "mimetype" in names else ""
    except _DAMAGE as error:
        raise DocumentError(f"is a damaged ZIP container: {error}") from None
    if kind == "application/epub+zip" or "META-INF/container.xml" in names:
        return "epub"
    if kind.startswith(_OPEN_DOCUMENT):
        found = _OPEN_TYPES.get(kind.removeprefix(_OPEN_DOCUMENT).removesuffix("-template"))
        if found:
            return found
        raise DocumentError(
            "is an OpenDocument file that is no text, spreadsheet or presentation; save it as PDF"
        )
    if "[Content_Types].xml" in names:
        for folder, name in (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx")):
            if any(n.startswith(folder) and n.endswith(".xml") for n in names):
                return name
        if any(n.startswith("xl/") and n.endswith(".bin") for n in names):
            raise DocumentError("is a binary Excel workbook (.xlsb); save it as .xlsx")
    raise DocumentError("is a ZIP archive; unpack it and give the folder")


def _mimetype(archive: zipfile.ZipFile) -> str:
    try:
        with archive.open("mimetype") as file:
            return file.read(100).decode("ascii", "replace").strip()
    except (*_DAMAGE, RuntimeError):
        return ""
