"""Originals, content-addressed on disk, each with a record of the document it was committed as.

Beside the original `ab/<sha256>` stands at most one of: `.pending` (placed, not committed yet),
`.json` (committed: what is needed to index it again), `.deleted` (somebody deleted the document).
So what may be removed is known without the engine, and a copy of this folder is enough to make the
index anew.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from octavo.index.durable import sync_directory, write_file
from octavo.index.store import StoredDocument, StoreError
from octavo.ingest.document import document_id

_NAME = re.compile(r"([0-9a-f]{64})(?:\.(pending|json|deleted))?")

State = Literal["", "pending", "json", "deleted"]


@dataclass(frozen=True, slots=True)
class OriginalRecord:
    """What a document was committed as; `size` in bytes. `sources` are where its bytes came
    from, the first one being the source that names it."""

    document: str
    name: str
    type: str
    size: int
    pages: int
    chunks: int
    sources: tuple[str, ...]


class Originals:
    """Files named by the sha256 of their bytes, and their records."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._verified: dict[str, tuple[int, int]] = {}  # size in bytes, mtime in ns
        self._verifying = threading.Lock()

    def path(self, document: str) -> Path:
        """Where the original of a document is, or would be."""
        return self.directory / document[:2] / document

    def put(self, document: str, data: bytes) -> bool:
        """Keeps `data`, durably; complete or not there at all, also when the process dies. A
        damaged original is replaced. Whether it was not there before."""
        file = self.path(document)
        there = file.exists()
        if there and self.damage(document) is None:
            return False
        if not there and not self._beside(document, "json").exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            self._beside(document, "pending").touch()
        write_file(file, data)
        return not there

    def get(self, document: str) -> bytes:
        """Bytes of a stored original. Its hash is compared once, and again when the size or the
        time of the file changes. Raises StoreError where it is missing or damaged."""
        try:
            data = self.path(document).read_bytes()
        except FileNotFoundError:
            raise self._lost(document, "is missing") from None
        if self._stamp(document) != self._verified.get(document):
            self._verify(document, data)
        return data

    def damage(self, document: str) -> str | None:
        """What is wrong with an original, None where nothing is."""
        try:
            self.get(document)
        except StoreError as error:
            return str(error)
        except OSError as error:
            return (error.strerror or str(error)).lower()
        return None

    def record(self, stored: StoredDocument) -> None:
        """Notes, durably, that the document is committed."""
        document = stored.document
        row = OriginalRecord(
            document.id, document.name, stored.type, stored.size, document.pages, stored.chunks,
            (document.source, *(s for s in stored.sources if s != document.source)),
        )  # fmt: skip
        file = self._beside(document.id, "json")
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, json.dumps(asdict(row), ensure_ascii=False).encode())
        self._beside(document.id, "pending").unlink(missing_ok=True)
        self._beside(document.id, "deleted").unlink(missing_ok=True)

    def mark_deleted(self, document: str) -> None:
        """Notes, durably, that the document is deleted on purpose; then it may be removed."""
        record = self._beside(document, "json")
        if record.exists():
            record.replace(self._beside(document, "deleted"))
            sync_directory(record.parent)

    def delete(self, document: str) -> None:
        """Removes an original and its record."""
        self.path(document).unlink(missing_ok=True)
        for state in ("json", "pending", "deleted"):
            self._beside(document, state).unlink(missing_ok=True)

    def committed(self) -> set[str]:
        """Documents whose records say that they are committed."""
        return {document for document, state in self._files() if state == "json"}

    def unrecorded(self) -> set[str]:
        """Originals with nothing beside them: of an index of an earlier version, or damaged."""
        there = set(self._files())
        marked = {document for document, state in there if state}
        return {document for document, state in there if not state} - marked

    def read_record(self, document: str) -> OriginalRecord:
        """The record of a document, with its id as the name where there is none to be read."""
        try:
            row = json.loads(self._beside(document, "json").read_bytes())
            return OriginalRecord(**{**row, "sources": tuple(row["sources"])})
        except (OSError, ValueError, TypeError, KeyError):
            return OriginalRecord(document, document[:12], "", 0, 0, 0, ())

    def sweep(self, keep: set[str]) -> None:
        """Removes originals of documents that were deleted on purpose, and of ingests that died
        before they were committed, but for those of `keep`."""
        for document, state in list(self._files()):
            if state in ("deleted", "pending") and document not in keep:
                self.delete(document)

    def _files(self) -> Iterator[tuple[str, State]]:
        for file in self.directory.glob("[0-9a-f][0-9a-f]/*"):
            found = _NAME.fullmatch(file.name)
            if found and found[1][:2] == file.parent.name:
                yield found[1], found[2] or ""  # type: ignore[misc]

    def _beside(self, document: str, state: State) -> Path:
        return self.directory / document[:2] / f"{document}.{state}"

    def _stamp(self, document: str) -> tuple[int, int]:
        stat = self.path(document).stat()
        return stat.st_size, stat.st_mtime_ns

    def _verify(self, document: str, data: bytes) -> None:
        stamp = self._stamp(document)
        if document_id(data) != document:
            raise self._lost(document, "is damaged: its bytes are not those that were ingested")
        with self._verifying:
            self._verified[document] = stamp

    def _lost(self, document: str, what: str) -> StoreError:
        record = self.read_record(document)
        source = f"; it came from {record.sources[0]}" if record.sources else ""
        return StoreError(
            f"the original of {record.name} in {self.path(document)} {what}{source}. Ingest that "
            "file again, or run `octavo repair`, which looks for it there"
        )
