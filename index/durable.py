"""Files that are on the disk, whole, when the call returns."""

from __future__ import annotations

import os
from pathlib import Path


def write_file(file: Path, data: bytes) -> None:
    """Replaces `file` by `data`: complete or as it was, also when the power goes. Raises OSError.

    A rename alone is not enough: the new name may reach the disk before the bytes do.
    """
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)  # on a full disk it is the room that is missing
        raise
    sync_directory(file.parent)


def sync_directory(directory: Path) -> None:
    """Names that were made, changed or removed in it stay so when the power goes."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError:
        return  # Windows has no handles of folders; there the file system keeps the order
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
