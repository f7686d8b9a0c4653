"""`octavo reindex`: a shadow index beside the old one, then a switch."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from api.ingesting import run_ingest
from api.service import Service
from api.settings import Settings
from api.wire import IngestOut
from index.blobs import Blobs
from index.edge import stored_documents
from index.lock import IndexLock
from index.source import Source
from index.store import StoreError


def run_reindex(settings: Settings, as_json: bool) -> IngestOut:
    """Embeds every stored original again with `settings.profile`.

    The old index stays as it is until the new one is complete. Raises StoreError where there is
    no index, or it is in use.
    """
    old = settings.index
    if not (old / "manifest.json").exists():
        raise StoreError(f"there is no index at {old}")
    shadow = old.with_name(old.name + ".reindex")
    if settings.url:
        raise ValueError("reindex opens an index itself: leave out --url (and OCTAVO_URL)")
    lock = IndexLock(old)
    try:
        shutil.rmtree(shadow, ignore_errors=True)  # of a run that died
        blobs = Blobs(old / "blobs")
        sources = [
            Source(
                os.path.basename(source) or s.document.name, source, _reader(blobs, s.document.id)
            )
            for s in stored_documents(old / "store")
            for source in s.sources
        ]
        service = Service(settings.model_copy(update={"index": shadow}), create=True)
        try:
            outcome = run_ingest(service, sources, as_json)
        finally:
            service.close()
        if any(r.outcome == "failed" for r in outcome.results):
            raise StoreError(f"not every document could be read again; {old} stays as it was")
        _switch(old, shadow)
    finally:
        lock.release()
    return outcome


def _reader(blobs: Blobs, document: str) -> Callable[[], bytes]:
    return lambda: blobs.get(document)


def _switch(old: Path, new: Path) -> None:
    """The two renames are the only moment at which a crash needs a hand: rename back."""
    aside = old.with_name(f"{old.name}.old-{os.getpid()}")
    old.rename(aside)
    new.rename(old)
    shutil.rmtree(aside)
