"""What a system takes: bytes on disk; and how busy the machine was already."""

from __future__ import annotations

import os
from pathlib import Path


def load() -> float:
    """Processes that wanted a core in the last minute; the system measured before is among them."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else 0.0


def disk_bytes(folder: Path) -> int:
    """Bytes that the files under a folder take on disk; 0 where there is none."""
    return sum(_taken(file.stat()) for file in folder.rglob("*") if file.is_file())


def _taken(stat: os.stat_result) -> int:
    blocks = getattr(stat, "st_blocks", None)  # of 512 bytes; files with holes take less
    return stat.st_size if blocks is None else int(blocks) * 512
