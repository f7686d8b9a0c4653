"""`octavo reindex`: a shadow index beside the old one, then a switch; or a copy to a server."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import click

from octavo.api.cli.ingest_calls import run_ingest
from octavo.api.encoder_factory import load_models, manifest_of
from octavo.api.model_profile import read_profile
from octavo.api.open_index import OpenIndex, open_index, require_index
from octavo.api.schemas.results import IngestOut, MovedOut
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.integrity import open_intact_store
from octavo.index.lock import IndexLock
from octavo.index.manifest import check_manifest, read_manifest
from octavo.index.originals import Originals
from octavo.index.source import name_of
from octavo.index.store import Failure, Sizes, StoredDocument, StoreError
from octavo.index.stores.copy_documents import copy_documents


def run_reindex(settings: Settings, as_json: bool) -> IngestOut:
    """Embeds every stored original again with `settings.profile`.

    The old index stays as it is until the new one is complete. Raises StoreError where there is
    no index, or it is in use.
    """
    old = _embedded(settings)
    shadow = old.with_name(old.name + ".reindex")
    lock = IndexLock(old)
    try:
        shutil.rmtree(shadow, ignore_errors=True)  # of a run that died
        outcome = _embed_again(old, settings.model_copy(update={"index": shadow}), as_json)
        _switch(old, shadow)
    finally:
        lock.release()
    return outcome


def run_move(settings: Settings, to: str, as_json: bool) -> IngestOut | None:
    """Brings an embedded index to a Qdrant server at `to`; the embedded one stays as it is.

    With the models that it was written with its vectors are copied, nothing is embedded again
    (None comes back); with another profile its originals are embedded into the server. Run again,
    it goes on where it stopped. Raises StoreError.
    """
    old = _embedded(settings)
    profile = read_profile(settings.profile)
    remote = settings.model_copy(update={"store": to})
    lock = IndexLock(old)
    try:
        stored = read_manifest(old)
        encoders = load_models(profile, settings).encoders
        manifest = manifest_of(profile, encoders)
        try:
            if stored is None:
                raise StoreError("no manifest")
            check_manifest(stored, manifest, str(old), "")
        except StoreError:
            return _embed_again(old, remote, as_json)
        lock.release()  # opening the embedded index takes it again
        here = open_index(settings.model_copy(update={"knn": ""}), manifest, encoders.sizes())
        try:
            there = open_index(remote, manifest, encoders.sizes())
            try:
                there.settle()
                _copy(here, there, to, as_json)
            finally:
                there.close()
        finally:
            here.close()
    finally:
        lock.release()
    return None


def _copy(here: OpenIndex, there: OpenIndex, to: str, as_json: bool) -> None:
    from octavo.index.stores.qdrant_connection import shown

    start = time.perf_counter()
    copied = chunks = 0
    names = {s.document.id: s.document.name for s in here.store.documents()}
    for document, count in copy_documents(here.store, there.store):
        copied, chunks = copied + 1, chunks + count
        click.echo(f"{names[document]}: {count} chunks", err=True)
    # Also of documents that were there: a copy that was stopped is made whole.
    for document in names:
        known = there.store.find(document)
        if known is not None:
            there.originals.put(document, here.originals.get(document))
            there.originals.write_record(known)
    seconds = time.perf_counter() - start
    moved = MovedOut(
        store=shown(to),
        documents=copied,
        chunks=chunks,
        there=len(names) - copied,
        originals=str(there.originals.directory),
        seconds=seconds,
    )
    click.echo(moved.model_dump_json(indent=1) if as_json else _told(moved))


def _told(moved: MovedOut) -> str:
    return (
        f"{moved.documents} documents, {moved.chunks} chunks copied to {moved.store} in "
        f"{moved.seconds:.1f} s; {moved.there} had this or another version there. The server's "
        f"originals are in {moved.originals}: bring that folder into the service's OCTAVO_INDEX"
    )


def _embedded(settings: Settings) -> Path:
    if settings.url:
        raise ValueError("reindex opens an index itself: leave out --url (and OCTAVO_URL)")
    if settings.store:
        raise ValueError("reindex works on an embedded index: leave out OCTAVO_STORE")
    require_index(settings)
    return settings.index


def _embed_again(old: Path, into: Settings, as_json: bool) -> IngestOut:
    originals = Originals(old / "blobs")
    documents, failures = _stored(old, originals)
    sources = [
        originals.source(s.document.id, name_of(source) or s.document.name, source)
        for s in documents
        for source in s.sources
    ]
    # Their originals are all that is left of documents that were being written anew.
    sources += [originals.source(f.document, f.name, f.source) for f in failures if f.kept]
    service = Service(into, create=True)
    try:
        outcome = run_ingest(service, sources, as_json)
        service.keep_failures([f for f in failures if not f.kept])  # `retry` is for them
    finally:
        service.close()
    if any(r.outcome == "failed" for r in outcome.results):
        raise StoreError(f"not every document could be read again; {old} stays as it was")
    return outcome


def _stored(old: Path, originals: Originals) -> tuple[list[StoredDocument], list[Failure]]:
    """What is in an index, whatever models it was written with. Raises StoreError where it has
    lost some of it: the result would take its place without them."""
    # An existing store has its own sizes.
    store = open_intact_store(old, originals, Sizes(text=1, joint=1))
    try:
        return store.documents(), store.failures()
    finally:
        store.close()


def _switch(old: Path, new: Path) -> None:
    """The two renames are the only moment at which a crash needs a hand: rename back."""
    aside = old.with_name(f"{old.name}.old-{os.getpid()}")
    old.rename(aside)
    new.rename(old)
    shutil.rmtree(aside)
