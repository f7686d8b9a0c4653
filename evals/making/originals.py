"""The documents of an index: as passages, and as files beside the questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from api.service import Service
from evals.making.folder import DOCUMENTS
from evals.making.passages import Passage, passages
from index.store import Stored
from ingest.document import Chunk


def file_names(service: Service) -> dict[str, str]:
    """Document id to a file name that no other document of the index has."""
    names: dict[str, str] = {}
    for stored in service.named_all():
        name = Path(stored.document.name).name or stored.document.id[:12]
        if name in names.values():
            stem, dot, suffix = name.rpartition(".")
            name = f"{stem or suffix}-{stored.document.id[:8]}{dot}{suffix if stem else ''}"
        names[stored.document.id] = name
    return names


def read_passages(
    service: Service, report: Callable[[int], None] = lambda _: None
) -> list[Passage]:
    """Every passage of the index, by document and in reading order."""
    found: list[Passage] = []
    names = file_names(service)
    for n, stored in enumerate(service.named_all(), 1):
        found += passages(names[stored.document.id], _chunks(service, stored))
        report(n)
    return found


def copy_originals(service: Service, folder: Path) -> None:
    """The documents, byte for byte, to `pdfs/`; what is there in full is left alone."""
    target = folder / DOCUMENTS
    target.mkdir(parents=True, exist_ok=True)
    names = file_names(service)
    for stored in service.named_all():
        file = target / names[stored.document.id]
        if file.exists() and file.stat().st_size == stored.size:
            continue
        part = folder / f"{file.name}.part"  # not in pdfs/, where every file is a document
        part.write_bytes(service.original(stored.document.id))
        part.replace(file)


def _chunks(service: Service, stored: Stored) -> list[Chunk]:
    document = stored.document
    return [
        chunk
        for page in range(1, document.pages + 1)
        for chunk in service.page_chunks(document.id, page)
    ]
