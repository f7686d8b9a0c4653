"""Settings to an open index: the embedded engine or a server, originals, lock, manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from octavo.api.settings import Settings
from octavo.index.integrity import damaged_index, open_intact_store, require_store
from octavo.index.lock import IndexLock
from octavo.index.manifest import (
    FILE,
    Manifest,
    check_manifest,
    manifest_from,
    read_manifest,
    write_manifest,
)
from octavo.index.originals import Originals
from octavo.index.settle import settle
from octavo.index.store import Sizes, Store, StoreError

_REFRESH = 2.0  # seconds after which a mirror looks what other processes wrote


@dataclass(frozen=True, slots=True)
class OpenIndex:
    """An open index. `lock` is None on a server, which takes several processes at a time."""

    store: Store
    originals: Originals
    lock: IndexLock | None

    def settle(self) -> None:
        """Finishes what a process that died left half done. Opening never does: it removes things,
        and who only reads must not."""
        settle(self.store, self.originals, alone=self.lock is not None)

    def close(self) -> None:
        try:
            self.store.close()
        finally:
            if self.lock:
                self.lock.release()


def require_index(settings: Settings) -> None:
    """Raises StoreError where no index was ever made (embedded ones only)."""
    if not settings.store and not (settings.index / FILE).exists():
        _refuse_headless(settings.index)
        raise StoreError(
            f"there is no index at {settings.index}; make one: octavo ingest PATH --index "
            f"{settings.index}"
        )


def open_index(settings: Settings, manifest: Manifest, sizes: Sizes) -> OpenIndex:
    """Opens or makes the index and compares its manifest. Nothing that is there is removed.

    Raises StoreError where it is in use, out of reach, damaged, or written with other models.
    """
    index = (
        _server(settings, manifest, sizes)
        if settings.store
        else _embedded(settings, manifest, sizes)
    )
    try:
        if settings.knn:
            from octavo.index.stores.faiss_mirror import FaissMirror

            # On a server other processes write, too.
            refresh = _REFRESH if settings.store else 0.0
            index = OpenIndex(
                FaissMirror(index.store, sizes, settings.knn, refresh=refresh),
                index.originals,
                index.lock,
            )
    except BaseException:
        index.close()
        raise
    return index


def _embedded(settings: Settings, manifest: Manifest, sizes: Sizes) -> OpenIndex:
    directory = settings.index
    _refuse_foreign(directory)
    lock = IndexLock(directory)
    originals = Originals(directory / "blobs")
    try:
        stored = read_manifest(directory)
        require_store(directory, originals)
        if stored is None:
            write_manifest(directory, manifest)
        else:
            again = f"octavo reindex --index {directory} --profile {settings.profile}"
            check_manifest(stored, manifest, str(directory), again)
        store = open_intact_store(directory, originals, sizes, int(settings.token_bits))
        return OpenIndex(store, originals, lock)
    except BaseException:
        lock.release()
        raise


def _server(settings: Settings, manifest: Manifest, sizes: Sizes) -> OpenIndex:
    try:
        from octavo.index.stores.qdrant_connection import connect, shown
        from octavo.index.stores.qdrant_server import QdrantStore
    except ImportError:
        raise StoreError(
            f"the store {settings.store} needs qdrant-client: pip install 'octavo[server]'"
        ) from None

    client = connect(settings.store, settings.store_key.get_secret_value() or None)
    store = QdrantStore(
        client,
        settings.collection,
        sizes,
        shards=settings.shards,
        replicas=settings.replicas,
        url=settings.store,
    )
    place = f"{shown(settings.store)} collection {settings.collection}"
    try:
        row = store.read_manifest()
        if row is None:
            store.write_manifest(manifest.row())
        else:
            again = (
                "choose a new OCTAVO_COLLECTION and ingest into it, or from an embedded index: "
                f"octavo reindex --profile {settings.profile} --to {shown(settings.store)}"
            )
            check_manifest(manifest_from(row, place), manifest, place, again)
    except BaseException:
        store.close()
        raise
    # A folder of its own: each collection deletes the originals of its own documents.
    return OpenIndex(store, Originals(settings.index / f"blobs-{settings.collection}"), None)


def _refuse_foreign(directory: Path) -> None:
    """An index is made in a new or empty folder only, never over what is left of another one."""
    if (directory / FILE).exists() or not directory.exists():
        return
    _refuse_headless(directory)
    strange = [p.name for p in directory.iterdir() if p.name not in ("lock", "lock.json")]
    if strange:
        raise StoreError(
            f"{directory} is not an index and not empty (it holds {strange[0]!r}); choose another "
            "folder for --index"
        )


def _refuse_headless(directory: Path) -> None:
    """Raises StoreError for an index without its manifest."""
    if any((directory / part).exists() for part in ("store", "blobs")):
        raise damaged_index(
            directory, f"{FILE} is missing, which says what its vectors were made with"
        )
