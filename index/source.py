"""Where bytes to ingest come from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from octavo.ingest.document import DocumentError
from octavo.ingest.files import utf8
from octavo.ingest.sidecar import metadata_beside

MODIFIED = "modified"  # the field of a document's metadata


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What is known of bytes beside themselves. `beside`: metadata from files that stand beside;
    None where nobody looked. `labels`: metadata that the user gave, which stays until it is given
    anew. `modified`: when the file was last written, as ISO 8601 in UTC, or nothing."""

    beside: Mapping[str, str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    modified: str = ""


#: Between a file and the name of one inside of it: `/mail/may.eml!/report.pdf`.
ATTACHED = "!/"


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes to ingest: from a file, or handed over by a client.

    `source` is its identity: other bytes from the same source replace what it held before.
    `local`: a file of this machine that its owner named. A client may call its bytes by any path,
    which must never be read for it. `facts` are asked for once the bytes were read; raises
    DocumentError for metadata that cannot be understood.
    """

    name: str
    source: str
    read: Callable[[], bytes] = field(compare=False)
    local: bool = False
    facts: Callable[[], SourceFacts] = field(default=lambda: SourceFacts(), compare=False)

    @property
    def suffix(self) -> str:
        """Of the file's own name: `name` of an attachment ends with that of its mail."""
        return Path(self.source if ATTACHED in self.source else self.name).suffix

    @staticmethod
    def file(path: Path, most: int = 1 << 31) -> Source:
        """A file of at most `most` bytes; what is wrong with it is said when it is read."""
        return Source(
            utf8(path.name),
            utf8(os.path.abspath(path)),
            lambda: _read_file(path, most),
            local=True,
            facts=lambda: SourceFacts(metadata_beside(path), modified=_modified(path)),
        )

    def labelled(self, labels: Mapping[str, str]) -> Source:
        """The same with metadata that its user gave; a key without a value takes that key away."""
        if not labels:
            return self
        return replace(self, facts=lambda: replace(self.facts(), labels=labels))


def _modified(path: Path) -> str:
    try:
        moment = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except (ValueError, OverflowError):  # of a year that no calendar has
        return ""
    return moment.isoformat().replace("+00:00", "Z")


def container_of(source: str) -> str:
    """The source of the file that an attachment is in; empty for a file that is in none. (A folder
    may be called "Yahoo!", too.)"""
    container, _, _ = source.rpartition(ATTACHED)
    return "" if not container or os.path.isdir(f"{container}!") else container


def name_of(source: str) -> str:
    """How a document from `source` is called."""
    container = container_of(source)
    if not container:
        return os.path.basename(source)
    return f"{source[len(container) + len(ATTACHED) :]} in {name_of(container)}"


def _read_file(path: Path, most: int) -> bytes:
    if path.is_dir():
        raise DocumentError("is a folder that cannot be read")
    if path.exists() and not path.is_file():
        raise DocumentError("is not a regular file")
    size = path.stat().st_size
    if size > most:
        raise DocumentError(f"has {size >> 20} MB; at most {most >> 20} MB are read")
    return path.read_bytes()


def reason_of(error: OSError | DocumentError) -> str:
    """Why a source failed, as a user reads it."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return str(error)
