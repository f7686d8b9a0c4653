"""Where bytes to ingest come from."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from octavo.ingest.document import DocumentError
from octavo.ingest.files import utf8


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes to ingest: from a file, or handed over by a client.

    `source` is its identity: other bytes from the same source replace what it held before.
    `local`: a file of this machine that its owner named. A client may call its bytes by any path,
    which must never be read for it.
    """

    name: str
    source: str
    read: Callable[[], bytes] = field(compare=False)
    local: bool = False

    @staticmethod
    def file(path: Path, most: int = 1 << 31) -> Source:
        """A file of at most `most` bytes; what is wrong with it is said when it is read."""
        return Source(
            utf8(path.name), utf8(os.path.abspath(path)), lambda: _read_file(path, most), local=True
        )


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
