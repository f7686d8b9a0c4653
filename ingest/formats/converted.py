"""What a format is turned into before MuPDF opens it, and the few of them that are kept.

A server draws many pages and crops of one document; a workbook of 30,000 rows took 5 s to convert.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pymupdf

from octavo.ingest.file_limits import FileLimits

_MOST = 4  # documents kept
_LARGEST = 32 << 20  # bytes of one that is kept


@dataclass(frozen=True, slots=True)
class Paper:
    """Page size and size of running text, in points."""

    width: float = 595.0  # A4
    height: float = 842.0
    text: float = 11.0

    @property
    def inner_width(self) -> float:
        """Between the margins of `octavo.ingest.formats.epub_builder`."""
        return self.width - 96.0

    @property
    def inner_height(self) -> float:
        return self.height - 80.0


A4 = Paper()
LANDSCAPE = Paper(842.0, 595.0, 9.0)


@dataclass(frozen=True, slots=True)
class Converted:
    """Bytes that MuPDF opens as `kind`, and what the original says of itself."""

    data: bytes
    kind: str
    paper: Paper = A4
    metadata: dict[str, str] = field(default_factory=dict)

    def open(self) -> Any:
        """A `pymupdf.Document`, the same on every call."""
        paper = self.paper
        document = pymupdf.open(
            stream=self.data,
            filetype=self.kind,
            width=paper.width,
            height=paper.height,
            fontsize=paper.text,
        )
        own_metadata = document.metadata or {}
        document.metadata = own_metadata | {k: v for k, v in self.metadata.items() if v}
        return document


Maker = Callable[[bytes, FileLimits], Converted]


class ConvertedCache:
    """The last few documents that were made. May be used by several threads."""

    def __init__(self) -> None:
        self._converted: OrderedDict[tuple[Maker, bytes, FileLimits], Converted] = OrderedDict()
        self._lock = threading.Lock()

    def make(self, maker: Maker, data: bytes, bounds: FileLimits) -> Converted:
        """As `maker` does. Two threads that ask at once may both make it."""
        key = (maker, hashlib.sha256(data).digest(), bounds)
        with self._lock:
            if key in self._converted:
                self._converted.move_to_end(key)
                return self._converted[key]
        converted = maker(data, bounds)
        if len(converted.data) <= _LARGEST:
            with self._lock:
                self._converted[key] = converted
                while len(self._converted) > _MOST:
                    self._converted.popitem(last=False)
        return converted
