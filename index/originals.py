"""Originals, content-addressed on disk, each with a record of the document it was committed as.

Beside the original `ab/<sha256>` stands one of: `.pending` (placed, not committed yet), `.json`
(committed: what is needed to index it again), `.deleted` (somebody deleted the document). Where a
process died there may be two; then `.json` counts. So what may be removed is known without the
engine, and a copy of this folder is enough to make the index anew.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from octavo.index.durable import is_part, make_directory, sync_directory, write_file
from octavo.index.source import MODIFIED, Source, SourceFacts, reason_of
from octavo.index.store import StoredDocument, StoreError
from octavo.ingest.document import DocumentError, document_id

_NAME = re.compile(r"([0-9a-f]{64})(?:\.(pending|json|deleted))?")

State = Literal["", "pending", "json", "deleted"]


@dataclass(frozen=True, slots=True)
class OriginalRecord:
    """What a document was committed as; `size` in bytes. `sources` are where its bytes came
    from, the first one being the source that names it; the rest is as in `SourceFacts`."""

    document: str
    name: str
    type: str
    size: int
    pages: int
    chunks: int
    sources: tuple[str, ...]
    beside: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    modified: str = ""

    @property
    def facts(self) -> SourceFacts:
        return SourceFacts(self.beside, self.labels, self.modified)


class Originals:
    """Files named by the sha256 of their bytes, and their records."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._verified: dict[str, tuple[int, int]] = {}  # size in bytes, mtime in ns

    def path(self, document: str) -> Path:
        """Where the original of a document is, or would be."""
        return self.directory / document[:2] / document

    def put(self, document: str, data: bytes) -> bool:
        """Keeps `data`, durably; complete or not there at all, also when the process dies. A
        damaged original is replaced. Whether it was not there before, or about to be removed."""
        whole = self.damage(document) is None
        placed = not self.path(document).exists() or self._is_deleted(document)
        if placed and not self._beside(document, "json").exists():
            self._mark(document, "pending")
            self._beside(document, "deleted").unlink(missing_ok=True)
        if not whole:
            write_file(self.path(document), data)
        return placed

    def get(self, document: str) -> bytes:
        """Bytes of a stored original. Its hash is compared once, and again when the size or the
        time of the file changes. Raises StoreError where it is missing or damaged."""
        try:
            with self.path(document).open("rb") as file:
                stamp = _stamp(os.fstat(file.fileno()))  # first: what changes later is seen
                data = file.read()
        except FileNotFoundError:
            raise self._lost(document, "is missing") from None
        except OSError as error:
            raise self._lost(document, f"cannot be read ({reason_of(error)})") from error
        if stamp != self._verified.get(document):
            if document_id(data) != document:
                raise self._lost(document, "is damaged: its bytes are not those that were ingested")
            self._verified[document] = stamp
        return data

    def damage(self, document: str) -> str | None:
        """What is wrong with an original, None where nothing is. One that was compared with its
        hash and has not changed since is not read again."""
        with suppress(OSError):
            if _stamp(self.path(document).stat()) == self._verified.get(document):
                return None
        try:
            self.get(document)
        except StoreError as error:
            return str(error)
        return None

    def source(self, document: str, name: str, source: str) -> Source:
        """To ingest it again. Where it is lost, that fails this source and no other one."""

        def read() -> bytes:
            try:
                return self.get(document)
            except StoreError as error:
                raise DocumentError(str(error)) from error

        return Source(name, source, read, facts=lambda: self.read_record(document).facts)

    def write_record(self, stored: StoredDocument) -> None:
        """Notes, durably, that the document is committed."""
        document = stored.document
        row = OriginalRecord(
            document.id, document.name, stored.type, stored.size, document.pages, stored.chunks,
            (document.source, *(s for s in stored.sources if s != document.source)),
            stored.beside, stored.labels, document.metadata.get(MODIFIED, ""),
        )  # fmt: skip
        file = self._beside(document.id, "json")
        make_directory(file.parent)
        write_file(file, json.dumps(asdict(row), ensure_ascii=False).encode())
        self._drop_marks(document.id)

    def mark_deleted(self, document: str) -> None:
        """Notes, durably, that the document is deleted on purpose; then it may be removed."""
        record = self._beside(document, "json")
        if record.exists():
            record.replace(self._beside(document, "deleted"))
            sync_directory(record.parent)
        elif self.path(document).exists():  # an index of an earlier version has no records
            self._mark(document, "deleted")

    def delete(self, document: str) -> None:
        """Removes an original and its record; what is left when the process dies goes later."""
        if self._beside(document, "json").exists():
            self.mark_deleted(document)
        if _removed(self.path(document)):
            self._drop_marks(document)

    def set_aside(self, document: str) -> None:
        """A damaged original that nothing can be made of any more: its bytes stay, as `.damaged`,
        where nobody takes them for the document; its record goes."""
        with suppress(FileNotFoundError):
            self.path(document).replace(self.directory / document[:2] / f"{document}.damaged")
        self._beside(document, "json").unlink(missing_ok=True)
        self._drop_marks(document)

    def committed(self) -> set[str]:
        """Documents whose records say that they are committed."""
        return {document for document, states in self._states().items() if "json" in states}

    def unrecorded(self) -> set[str]:
        """Originals with nothing beside them: of an index of an earlier version, or damaged."""
        return {document for document, states in self._states().items() if states == {""}}

    def deleted(self) -> set[str]:
        """Documents of which it is noted that they are deleted on purpose."""
        return {
            document
            for document, states in self._states().items()
            if "deleted" in states and "json" not in states
        }

    def read_record(self, document: str) -> OriginalRecord:
        """The record of a document, with its id as the name where there is none to be read."""
        try:
            row = json.loads(self._beside(document, "json").read_bytes())
            return OriginalRecord(**{**row, "sources": tuple(row["sources"])})
        except (OSError, ValueError, TypeError, KeyError):
            return OriginalRecord(document, document[:12], "", 0, 0, 0, ())

    def sweep(self, keep: set[str]) -> None:
        """Removes originals of documents that were deleted on purpose, and of ingests that died
        before they were committed, but for those of `keep`; and what was not written to its end.
        Only while nobody writes."""
        for part in self.directory.glob("[0-9a-f][0-9a-f]/*"):
            if is_part(part):
                part.unlink(missing_ok=True)
        for document, states in self._states().items():
            if "json" in states:
                self._drop_marks(document)
            elif states & {"deleted", "pending"} and document not in keep:
                self.delete(document)

    def _states(self) -> dict[str, set[State]]:
        """What there is of every document; the original itself is ""."""
        states: dict[str, set[State]] = {}
        for file in self.directory.glob("[0-9a-f][0-9a-f]/*"):
            match = _NAME.fullmatch(file.name)
            if match and match[1][:2] == file.parent.name:
                states.setdefault(match[1], set()).add(match[2] or "")  # type: ignore[arg-type]
        return states

    def _is_deleted(self, document: str) -> bool:
        deleted, record = self._beside(document, "deleted"), self._beside(document, "json")
        return deleted.exists() and not record.exists()

    def _mark(self, document: str, state: State) -> None:
        """Before anything that it allows."""
        mark = self._beside(document, state)
        make_directory(mark.parent)
        mark.touch()
        sync_directory(mark.parent)

    def _drop_marks(self, document: str) -> None:
        for state in ("pending", "deleted"):
            self._beside(document, state).unlink(missing_ok=True)

    def _beside(self, document: str, state: State) -> Path:
        return self.directory / document[:2] / f"{document}.{state}"

    def _lost(self, document: str, what: str) -> StoreError:
        record = self.read_record(document)
        source = f"; it came from {record.sources[0]}" if record.sources else ""
        return StoreError(
            f"the original of {record.name} in {self.path(document)} {what}{source}. Ingest that "
            "file again, or run `octavo repair`, which looks for it there"
        )


def _stamp(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_size, stat.st_mtime_ns


def _removed(file: Path) -> bool:
    """Not so on Windows while somebody reads it: its mark stays, and the next writer removes it."""
    try:
        file.unlink(missing_ok=True)
    except PermissionError:
        if sys.platform == "win32":
            return False
        raise
    return True
