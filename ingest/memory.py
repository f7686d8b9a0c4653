"""Gives memory back while a long document is ingested, so that its page count does not add up."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from typing import Any

_EVERY = 4  # pages
_STORED = 32  # pages: to empty MuPDF's store after every fourth, and read the fonts again, took
# a third of the time of reading


def release_memory(page: int, kind: str) -> None:
    """To be called after each page read (`page` from 1); works after every fourth, for 1 ms.

    MuPDF keeps decoded images and fonts, up to 256 MB. The C library keeps what the OCR's buffers,
    of another size for every crop, leave free between others: without this a reader of 1,000 pages
    with some raster figures grew to 3 GB, with it it stays under 150 MB above what it needs. What
    MuPDF laid out itself (`kind` not `pdf`) it keeps in the same place, and would do again.
    """
    if page % _EVERY:
        return
    if kind == "pdf" and page % _STORED == 0:
        import pymupdf  # the process that indexes needs `trim` alone, and not MuPDF

        pymupdf.TOOLS.store_shrink(100)
    trim()


def trim() -> None:
    """Gives what is free in the C library's heaps back to the system, where it can be told to."""
    call = _malloc_trim()
    if call is not None:
        call(0)


@cache
def _malloc_trim() -> Any:
    """`malloc_trim` of the GNU C library; None where there is another."""
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


def resident() -> int:
    """Bytes of memory of this process now; its peak on macOS; 0 where that cannot be asked."""
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
