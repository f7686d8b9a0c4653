"""Files that are on the disk, whole, when the call returns."""

from __future__ import annotations

import errno
import os
import sys
import time
import uuid
from pathlib import Path

#: What file systems say that keep no order of names to be synced: of networks, of containers.
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF}
_PART = ".part"  # how the names of files end that are not complete
_TRIES = 20  # on Windows, 50 ms apart


def write_file(file: Path, data: bytes) -> None:
    """Replaces `file` by `data`: complete or as it was, also when the power goes. Raises OSError.

    A rename alone is not enough: the new name may reach the disk before the bytes do.
    """
    # Not by process id: containers that share a folder have the same ones.
    part = file.with_name(f"{file.name}.{uuid.uuid4().hex}{_PART}")
    try:
        with part.open("xb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        _replace(part, file)
    except BaseException:
        part.unlink(missing_ok=True)  # on a full disk it is the room that is missing
        raise
    sync_directory(file.parent)


def make_directory(directory: Path) -> None:
    """Makes a folder, and those above it, where they are missing; they stay when the power goes."""
    if directory.is_dir():
        return
    make_directory(directory.parent)
    directory.mkdir(exist_ok=True)
    sync_directory(directory.parent)


def sync_directory(directory: Path) -> None:
    """Names that were made, changed or removed in it stay so when the power goes."""
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError:
        return  # Windows has no handles of folders; there the file system keeps the order
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


def is_part(file: Path) -> bool:
    """Whether it is what a `write_file` that died has left, or one that is at work."""
    return file.name.endswith(_PART)


def _replace(part: Path, file: Path) -> None:
    """On Windows a file that somebody reads, or a virus scanner looks at, cannot be replaced."""
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            part.replace(file)
            return
        except PermissionError:
            time.sleep(0.05)
    part.replace(file)
