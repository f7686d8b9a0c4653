"""One process at a time on an embedded index, and a message that names the one that has it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from octavo.index.store import StoreError


class IndexLock:
    """Held while an index directory is open. The kernel frees it when the process dies."""

    def __init__(self, directory: Path) -> None:
        """Takes the lock. Raises StoreError that names the process which holds it."""
        directory.mkdir(parents=True, exist_ok=True)
        self._holder = directory / "lock.json"
        self._lock = FileLock(directory / "lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise StoreError(_in_use(directory, self._holder)) from None
        self.describe(url="")

    def describe(self, url: str) -> None:
        """Writes who holds the lock; `url` is the address of a server, else empty."""
        row = {"pid": os.getpid(), "command": " ".join(sys.argv)[:200], "url": url}
        part = self._holder.with_suffix(f".{os.getpid()}.part")
        # On a full disk the index can still be read; the lock itself is the kernel's.
        with contextlib.suppress(OSError):
            part.write_text(json.dumps(row), encoding="utf-8")
            part.replace(self._holder)

    def release(self) -> None:
        if _holder_of(self._holder).get("pid") == os.getpid():
            self._holder.unlink(missing_ok=True)
        self._lock.release()


def _holder_of(file: Path) -> dict[str, object]:
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return row if isinstance(row, dict) else {}


def _in_use(directory: Path, holder: Path) -> str:
    row = _holder_of(holder)
    who = f"process {row['pid']} ({row.get('command', '')})" if "pid" in row else "another process"
    if row.get("url"):
        return f"the index {directory} is in use by {who}; go through it with --url {row['url']}"
    return (
        f"the index {directory} is in use by {who}; wait until it ends, or run `octavo serve` "
        "and go through it with --url"
    )
