"""`octavo repair`: what an embedded index has lost is indexed again from the stored originals."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from octavo.api.encoder_factory import load_models, manifest_of
from octavo.api.model_profile import read_profile
from octavo.api.read_limits import limits_of
from octavo.api.schemas.results import RepairOut
from octavo.api.settings import Settings
from octavo.index.build import Builder
from octavo.index.chunk_vectors import Encoders
from octavo.index.commit import commit_document
from octavo.index.integrity import missing_documents
from octavo.index.lock import IndexLock
from octavo.index.manifest import FILE, Manifest, check_manifest, read_manifest, write_manifest
from octavo.index.originals import OriginalRecord, Originals
from octavo.index.settle import settle
from octavo.index.source import Source
from octavo.index.store import Failure, StoreError
from octavo.index.stores.probe import opening_error
from octavo.index.stores.qdrant_edge import EdgeStore
from octavo.ingest.document import DocumentError, document_id
from octavo.ingest.files import file_type


def run_repair(settings: Settings) -> RepairOut:
    """Makes the embedded index at `settings.index` whole again as far as it can be.

    Raises StoreError where there is no index, it is in use, or was written with other models.
    """
    if settings.url or settings.store:
        raise ValueError("repair works on an embedded index: leave out --url and OCTAVO_STORE")
    directory = settings.index
    if not any((directory / part).exists() for part in (FILE, "store", "blobs")):
        raise StoreError(f"there is no index at {directory}")
    lock = IndexLock(directory)
    try:
        profile = read_profile(settings.profile)
        encoders = load_models(profile, settings).encoders
        repair = _Repair(settings, encoders)
        repair.manifest(manifest_of(profile, encoders))
        aside = repair.set_store_aside()
        repair.run()
        repair.drop(aside)
    finally:
        lock.release()
    return repair.out


def show_repair(out: RepairOut) -> None:
    """A line each; what could not be mended goes to standard error."""
    for line in (*out.found, *out.mended):
        click.echo(line)
    for line in out.lost:
        click.echo(f"not mended: {line}", err=True)
    if not (out.found or out.mended or out.lost):
        click.echo("nothing to repair: the store, its records and every original are whole")


class _Repair:
    """One run; each step notes in `out` what it found, mended, or could not."""

    def __init__(self, settings: Settings, encoders: Encoders) -> None:
        self._settings = settings
        self._encoders = encoders
        self._directory = settings.index
        self._originals = Originals(self._directory / "blobs")
        self.out = RepairOut(found=[], mended=[], lost=[])

    def manifest(self, current: Manifest) -> None:
        """A lost or damaged one is written anew: everything is embedded again then anyway, unless
        the store is there, which must then have been made with the models in use."""
        file = self._directory / FILE
        try:
            stored = read_manifest(self._directory)
        except StoreError as error:
            self.out.found.append(str(error))
            file.replace(_free_name(file))
            stored = None
        if stored is None:
            write_manifest(self._directory, current)
            self.out.mended.append(f"{FILE}: written anew for the profile {current.profile!r}")
            self._unknown_models = True
            return
        self._unknown_models = False
        again = f"octavo reindex --index {self._directory} --profile {self._settings.profile}"
        check_manifest(stored, current, str(self._directory), again)

    def set_store_aside(self) -> Path | None:
        """A store that cannot be opened, or of unknown models, makes room for a new one."""
        store = self._directory / "store"
        if not store.exists():
            self.out.found.append("store/ is missing")
            return None
        why = opening_error(store)
        if not why and not self._unknown_models:
            return None
        if why:
            self.out.found.append(f"store/ cannot be opened: {why}")
        aside = _free_name(store)
        store.rename(aside)
        return aside

    def drop(self, aside: Path | None) -> None:
        """What was set aside goes only when everything that is known of is indexed again."""
        if aside and not self.out.lost:
            shutil.rmtree(aside)
        elif aside:
            self.out.found.append(f"the damaged store was kept as {aside}")

    def run(self) -> None:
        s = self._settings
        bits = int(s.token_bits)
        store = EdgeStore(self._directory / "store", self._encoders.sizes(), bits, check=False)
        try:
            self._drop_broken(store)
            self._check_originals(store)
            builder = Builder(
                store, self._originals, self._encoders, s.workers, limits_of(s), ocr=s.ocr
            )
            for result in builder.ingest(list(self._sources(store))):
                if result.outcome == "failed":
                    self.out.lost.append(f"{result.name}: {result.reason}")
                elif result.outcome != "duplicate":
                    self.out.mended.append(f"{result.name}: indexed again from its original")
            self._keep_for_retry(store)
            settle(store, self._originals)
        finally:
            store.close()

    def _drop_broken(self, store: EdgeStore) -> None:
        """Documents of which chunks are gone are taken out, to be indexed again. One whose original
        is lost too keeps the chunks that it has, and is committed with these."""
        for stored, chunks in store.broken_documents():
            document = stored.document
            self.out.found.append(
                f"{document.name}: {chunks} of {stored.chunks} chunks are left in the store"
            )
            wrong = self._originals.damage(document.id)
            if wrong is None or self._restore(document.id, stored.sources):
                self._originals.write_record(stored)  # what it is indexed again from
                store.delete(document.id)
            else:
                commit_document(store, self._originals, replace(stored, chunks=chunks))

    def _check_originals(self, store: EdgeStore) -> None:
        """Those of documents in the store; the others show when they are read. One that is
        missing or damaged is taken again from where it came, if the same bytes are still there."""
        for stored in store.documents():
            document = stored.document
            wrong = self._originals.damage(document.id)
            if wrong is None:
                if document.id not in self._originals.committed():
                    self._originals.write_record(stored)
            elif self._restore(document.id, stored.sources):
                self._originals.write_record(stored)
                self.out.mended.append(f"{document.name}: its original was taken again")
            else:
                self.out.lost.append(f"{document.name}: {wrong}")

    def _sources(self, store: EdgeStore) -> Iterator[Source]:
        """What must be indexed again, from its original, under every source that it had."""
        originals = self._originals
        without = originals.unrecorded() - {s.document.id for s in store.documents()}
        for document in sorted(missing_documents(store, originals) | without):
            record = originals.read_record(document)
            wrong = originals.damage(document)
            if wrong is not None and not self._restore(document, record.sources):
                self._give_up(store, record, wrong)
                continue
            record = self._named(record)
            self.out.found.append(f"{record.name}: is not in the store")
            for source in record.sources:
                yield originals.source(document, record.name, source)

    def _keep_for_retry(self, store: EdgeStore) -> None:
        """What could not be read again from a whole original: `octavo retry` tries once more."""
        missing = missing_documents(store, self._originals)
        for failure in store.failures():
            if failure.document in missing:
                store.record_failure(replace(failure, kept=True))

    def _give_up(self, store: EdgeStore, record: OriginalRecord, wrong: str) -> None:
        """A document that is neither in the store nor among the originals becomes a source that
        failed: the index can be used again, and says what is missing until it is ingested again.
        The bytes of a damaged original stay, under another name."""
        self.out.lost.append(f"{record.name}: {wrong}")
        for source in record.sources or (f"original:{record.document}",):
            store.record_failure(
                Failure(
                    source, record.name, f"lost from the damaged index: {wrong}", record.document,
                    record.type, record.size, record.pages, time=round(time.time()),
                )
            )  # fmt: skip
        self._originals.set_aside(record.document)

    def _restore(self, document: str, sources: tuple[str, ...]) -> bool:
        """From a file of this machine that still has the bytes which were ingested."""
        for source in sources:
            try:
                data = Path(source).read_bytes()
            except (OSError, ValueError):
                continue
            if document_id(data) == document:
                self._originals.put(document, data)
                return True
        return False

    def _named(self, record: OriginalRecord) -> OriginalRecord:
        """An original without a record has no name: its id and what kind of file it is."""
        if record.sources:
            return record
        try:
            data = self._originals.get(record.document)
            name = f"{record.document[:12]}.{file_type(data, '')}"
        except (StoreError, DocumentError):
            name = record.name
        return replace(record, name=name, sources=(f"original:{record.document}",))


def _free_name(path: Path) -> Path:
    return path.with_name(f"{path.name}.damaged-{int(time.time())}")
