"""Originals, content-addressed on disk. Pages and crops are rendered from them on demand."""

from __future__ import annotations

import os
import re
from pathlib import Path

from index.store import StoreError

_NAME = re.compile(r"[0-9a-f]{64}(\.\d+\.part)?")


class Blobs:
    """Files named by the sha256 of their bytes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, document: str) -> Path:
        """Where the original of a document is, or would be."""
        return self.directory / document[:2] / document

    def put(self, document: str, data: bytes) -> bool:
        """Keeps `data`; complete or not there at all, also when the process dies. Whether it was
        not there before."""
        file = self.path(document)
        if file.exists():
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        try:
            part.write_bytes(data)
            part.replace(file)
        except OSError:
            part.unlink(missing_ok=True)  # on a full disk it is the room that is missing
            raise
        return True

    def get(self, document: str) -> bytes:
        """Bytes of a stored original. Raises StoreError where it is missing."""
        try:
            return self.path(document).read_bytes()
        except FileNotFoundError:
            raise StoreError(
                f"the original {document[:12]} is missing from {self.directory}; ingest it again"
            ) from None

    def delete(self, document: str) -> None:
        self.path(document).unlink(missing_ok=True)

    def sweep(self, keep: set[str]) -> None:
        """Removes files that no committed document names: what a run that died left."""
        for file in self.directory.glob("[0-9a-f][0-9a-f]/*"):
            ours = _NAME.fullmatch(file.name) is not None and file.name[:2] == file.parent.name
            if ours and file.name not in keep:
                file.unlink(missing_ok=True)
