"""`octavo inspect`: what the reader sees in a file, before anything is indexed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from api.cli import common_options
from api.settings import Settings
from index.source import Source
from ingest.chunk import chunk_pages
from ingest.document import Chunk, DocumentError, PageContent, document_id
from ingest.files import file_type
from ingest.inspect import draw_page, kind_of
from ingest.read import Opened
from ingest.worker import Limits, Reader


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
    limits = Limits(memory=settings.page_memory_mb << 20, seconds=settings.page_seconds)
    reader = Reader(limits, settings.ocr)
    try:
        pages = [p for p in reader.pages(data, kind) if not isinstance(p, Opened)]
    finally:
        reader.close()
    return Inspected(kind, data, tuple(pages), tuple(chunk_pages(document_id(data), pages)))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--page", type=click.IntRange(1), help="Only this page. [with -o: 1]")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Draw the page here, as PNG.")
@click.option("--text", "as_text", is_flag=True, help="Print the chunks.")
@common_options
def inspect(
    settings: Settings,
    as_json: bool,
    file: Path,
    page: int | None,
    out: Path | None,
    as_text: bool,
) -> None:
    """Shows what is found in a file: regions drawn on a page, chunks, states of pages."""
    try:
        found = inspect_file(file, settings)
    except DocumentError as error:
        raise ValueError(f"{file}: {error}") from error
    if page is not None and page > len(found.pages):
        raise ValueError(f"{file} has pages 1 to {len(found.pages)}; page {page} was asked")
    if out:
        shown = found.pages[(page or 1) - 1]
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(draw_page(found.data, found.kind, shown))
    pages = [p for p in found.pages if page in (None, p.number)]
    chunks = [c for c in found.chunks if page is None or page in {r.page for r in c.regions}]
    if as_json:
        click.echo(json.dumps(_plain(pages, chunks), indent=1, ensure_ascii=False))
    elif as_text:
        for chunk in chunks:
            click.echo(_chunk(chunk))
    else:
        for p in pages:
            click.echo(_page(p))
        click.echo(f"{len(found.pages)} pages, {len(found.chunks)} chunks ({found.kind})")
    if out:
        click.echo(f"drawn: {out}", err=True)


def _page(page: PageContent) -> str:
    kinds = Counter(kind_of(b) for b in page.blocks)
    said = ", ".join(f"{n} {kind}" for kind, n in kinds.items()) or "nothing found"
    why = f": {page.status.reason}" if page.status.reason else ""
    return f"page {page.number}  {page.status.state}{why}  {said}"


def _chunk(chunk: Chunk) -> str:
    places = "; ".join(f"page {r.page} {r.box.rounded()}" for r in chunk.regions)
    lines = [f"[{chunk.kind}] {places}"]
    lines += [f"section: {' > '.join(chunk.section)}"] if chunk.section else []
    lines += [f"caption: {chunk.caption}"] if chunk.caption else []
    lines += [f"referred to by: {chunk.context}"] if chunk.context else []
    return "\n".join([*lines, chunk.text, ""])


def _plain(pages: Sequence[PageContent], chunks: Sequence[Chunk]) -> dict[str, object]:
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
