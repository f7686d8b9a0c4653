"""What the reader sees in a file, before anything is indexed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octavo.api.read_limits import limits_of
from octavo.api.settings import Settings
from octavo.index.source import Source
from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import Chunk, PageContent, document_id
from octavo.ingest.files import file_type
from octavo.ingest.inspect import kind_of
from octavo.ingest.worker.reader import Reader
from octavo.ingest.worker.worker_protocol import Opened


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file as it was read: its type, pages, and the chunks that would be indexed."""

    kind: str
    data: bytes
    pages: tuple[PageContent, ...]
    chunks: tuple[Chunk, ...]


def inspect_file(file: Path, settings: Settings) -> Inspected:
    """Reads a file as `octavo ingest` does, in a child process under the same limits.

    Raises DocumentError where it cannot be read, OSError where it cannot be opened.
    """
    data = Source.file(file, settings.max_file_mb << 20).read()
    kind = file_type(data, file.suffix)
    reader = Reader(limits_of(settings), settings.ocr)
    try:
        pages = [p for p in reader.pages(data, kind) if not isinstance(p, Opened)]
    finally:
        reader.close()
    return Inspected(kind, data, tuple(pages), tuple(chunk_pages(document_id(data), pages)))


def page_line(page: PageContent) -> str:
    """What was found on a page, in a line."""
    kinds = Counter(kind_of(b) for b in page.blocks)
    counts = ", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "nothing found"
    why = f": {page.status.reason}" if page.status.reason else ""
    return f"page {page.number}  {page.status.state}{why}  {counts}"


def chunk_lines(chunk: Chunk) -> str:
    """A chunk as a person reads it."""
    places = "; ".join(f"page {r.page} {r.box.rounded()}" for r in chunk.regions)
    lines = [f"[{chunk.kind}] {places}"]
    lines += [f"section: {' > '.join(chunk.section)}"] if chunk.section else []
    lines += [f"caption: {chunk.caption}"] if chunk.caption else []
    lines += [f"referred to by: {chunk.context}"] if chunk.context else []
    return "\n".join([*lines, chunk.text, ""])


def plain(pages: Sequence[PageContent], chunks: Sequence[Chunk]) -> dict[str, object]:
    """As JSON-like data."""
    return {
        "pages": [
            {
                "page": p.number,
                "width": p.width,
                "height": p.height,
                "state": p.status.state,
                "reason": p.status.reason,
                "regions": [
                    {"kind": kind_of(b), "box": b.box.rounded(), "caption": bool(b.caption)}
                    for b in p.blocks
                ],
            }
            for p in pages
        ],
        "chunks": [
            {
                "id": c.id,
                "kind": c.kind,
                "regions": [{"page": r.page, "box": r.box.rounded()} for r in c.regions],
                "section": list(c.section),
                "caption": c.caption,
                "context": c.context,
                "text": c.text,
            }
            for c in chunks
        ],
    }
