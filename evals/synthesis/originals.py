"""The documents of an index: as passages, and as files beside the questions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from octavo.api.service import Service
from octavo.evals.dataset import DatasetError
from octavo.evals.datasets.jsonl import BREAKING
from octavo.evals.synthesis.draft import Draft
from octavo.evals.synthesis.folder import DOCUMENTS, is_made
from octavo.evals.synthesis.passages import Passage, passages
from octavo.index.store import StoredDocument
from octavo.ingest.document import Chunk, document_id


def file_names(service: Service) -> dict[str, str]:
    """Document id to a file name that no other document of the index has, and that a set may
    hold."""
    names: dict[str, str] = {}
    for stored in service.named_all():
        name = Path(stored.document.name).name or stored.document.id[:12]
        name = BREAKING.sub("_", name).replace("\\", "_")
        if name in names.values():
            stem, dot, suffix = name.rpartition(".")
            name = f"{stem or suffix}-{stored.document.id[:8]}{dot}{suffix if stem else ''}"
        names[stored.document.id] = name
    return names


def read_passages(
    service: Service, report: Callable[[int], None] = lambda _: None
) -> list[Passage]:
    """Every passage of the index, by document and in reading order."""
    read: list[Passage] = []
    names = file_names(service)
    for n, stored in enumerate(service.named_all(), 1):
        read += passages(names[stored.document.id], _chunks(service, stored))
        report(n)
    return read


def copy_originals(service: Service, folder: Path) -> set[str]:
    """The documents, byte for byte, to `pdfs/`; hands back their file names. What is there already
    is left alone. Raises DatasetError for another file of one's name in a folder that was not made
    here."""
    target = folder / DOCUMENTS
    target.mkdir(parents=True, exist_ok=True)
    names = file_names(service)
    for stored in service.named_all():
        file = target / names[stored.document.id]
        if file.exists():
            if _same(file, stored):
                continue
            if not is_made(folder):
                raise DatasetError(
                    f"{file} has other bytes than the document of that name in the index, and "
                    "would be overwritten: give another --out"
                )
        part = folder / f"{file.name}.part"  # not in pdfs/, where every file is a document
        part.write_bytes(service.original(stored.document.id))
        part.replace(file)
    return set(names.values())


def remove_others(
    folder: Path, names: Collection[str], drafts: Sequence[Draft], read: Sequence[Path]
) -> None:
    """Takes files out of the `pdfs/` of a made set that are not in `names` (the index does not have
    them), unless a draft is about them, or they are `read` from there."""
    target = folder / DOCUMENTS
    if any(_meet(target.resolve(), path.resolve()) for path in read):
        return
    kept = {*names, *(d.doc for d in drafts), *(p.doc for d in drafts for p in d.places)}
    for file in target.iterdir():
        if file.is_file() and not file.name.startswith(".") and file.name not in kept:
            file.unlink()


def _same(file: Path, stored: StoredDocument) -> bool:
    size = file.stat().st_size
    return size == stored.size and document_id(file.read_bytes()) == stored.document.id


def _meet(a: Path, b: Path) -> bool:
    return a.is_relative_to(b) or b.is_relative_to(a)


def _chunks(service: Service, stored: StoredDocument) -> list[Chunk]:
    document = stored.document
    return [
        chunk
        for page in range(1, document.pages + 1)
        for chunk in service.page_chunks(document.id, page)
    ]
