"""Files that clients sent, on disk until their turn to be written."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import UploadFile

from octavo.index.source import Source, SourceFacts, reason_of
from octavo.index.store import StoreError
from octavo.ingest.files import utf8


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a client sent, kept on disk until its turn."""

    name: str
    source: str
    path: Path
    facts: SourceFacts = field(default_factory=SourceFacts)

    def to_source(self) -> Source:
        """Without a source of its own, an upload is what its bytes are and replaces nothing."""
        source = self.source or f"upload:{self._sha256()}"
        return Source(self.name, source, self.path.read_bytes, facts=lambda: self.facts)

    def _sha256(self) -> str:
        """As `octavo.ingest.document.document_id`, without the bytes in memory."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


async def keep_uploads(
    files: Sequence[UploadFile],
    sources: Sequence[str],
    folder: Path,
    facts: Sequence[SourceFacts] = (),
) -> list[Upload]:
    """Uploads as files in `folder`; `sources` and `facts` are empty, or have one for each.

    Starlette holds up to 1 MB of each in memory, or has a file open for it: both are given back.
    """
    uploads = [
        Upload(utf8(Path(file.filename or "upload").name), utf8(source), folder / str(n), known)
        for n, (file, source, known) in enumerate(
            zip(
                files,
                sources or [""] * len(files),
                facts or [SourceFacts()] * len(files),
                strict=True,
            )
        )
    ]
    for file, upload in zip(files, uploads, strict=True):
        await asyncio.to_thread(_move, file, upload.path)
    return uploads


def _move(file: UploadFile, to: Path) -> None:
    try:
        with file.file as sent, to.open("wb") as kept:
            shutil.copyfileobj(sent, kept)
    except OSError as error:
        raise StoreError(
            f"{file.filename} cannot be kept in {to.parent} until its turn: {reason_of(error)}; "
            "free space there, or set TMPDIR to another folder"
        ) from error
