"""What the process that indexes and the process that reads say to each other.

Nothing here needs MuPDF, and unpacking a message does not either: the indexing process does
without it, and without all that reads pages: 75 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octavo.ingest.file_limits import FileLimits

READY = "ready"  # what a reading process says first: everything is imported
NO_STYLE = b""  # in the place of a style that could not be found


@dataclass(frozen=True, slots=True)
class RecyclePolicy:
    """What one process may take: bytes of address space, pages read, bytes its memory may grow."""

    memory: int
    pages: int
    growth: int


@dataclass(frozen=True, slots=True)
class Task:
    """A document to open, at `path`; without one its bytes come after it, as they are.

    `attachments`: a folder into which the files in the document are written, instead of reading
    its pages; the answer is the list of their names.
    """

    path: str
    kind: str
    ocr: bool
    bounds: FileLimits
    attachments: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known when a document is open and no page is read yet."""

    kind: str
    pages: int
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class PagesWanted:
    """Pages to read of the open document, and its style where it is known already: as an earlier
    process packed it, for only those that read look into it."""

    numbers: Sequence[int]
    style: bytes | None


@dataclass(frozen=True, slots=True)
class End:
    """No page comes any more: all that were wanted came, or this process ends to be replaced."""

    recycle: bool
