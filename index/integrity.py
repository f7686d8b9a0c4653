"""Whether an embedded index is whole, told by the records beside its originals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from octavo.index.originals import Originals
from octavo.index.store import Sizes, Store, StoreError

if TYPE_CHECKING:
    from octavo.index.stores.qdrant_edge import EdgeStore

_NAMED = 5  # documents that a message lists


def damaged(directory: Path, what: str) -> StoreError:
    """An index that must not be used before somebody has looked: what is missing, the way back."""
    return StoreError(
        f"the index {directory} is damaged: {what}. Nothing was deleted. `octavo repair --index "
        f"{directory}` indexes again from the stored originals what is missing"
    )


def check_there(directory: Path, blobs: Originals) -> None:
    """Before the engine would make a new, empty store: raises StoreError where there was one."""
    if (directory / "store").exists():
        return
    there = blobs.committed() | blobs.unrecorded()
    if there:
        raise damaged(directory, f"store/ is missing, which held {_names(blobs, there)}")


def open_whole(directory: Path, blobs: Originals, sizes: Sizes, bits: int = 16) -> EdgeStore:
    """Opens the store of an index, or makes it. Raises StoreError where the engine cannot open it,
    or has lost what was committed to it."""
    from octavo.index.stores.qdrant_edge import EdgeStore

    check_there(directory, blobs)
    path = directory / "store"
    try:
        store = EdgeStore(path, sizes, bits)
    except StoreError as error:
        if not path.exists():  # there was no room to make it
            raise
        raise damaged(directory, str(error)) from error
    missing = missing_documents(store, blobs)
    if missing:
        store.close()
        raise damaged(directory, f"its store has lost {_names(blobs, missing)}")
    return store


def missing_documents(store: Store, blobs: Originals) -> set[str]:
    """Ids of documents that were committed, were not deleted, and are not in the store."""
    there = {s.document.id for s in store.documents()}
    # Those that were being written anew when the process died: `retry` knows of them.
    rewriting = {f.document for f in store.failures() if f.kept}
    return blobs.committed() - there - rewriting


def _names(blobs: Originals, documents: set[str]) -> str:
    some = sorted(documents)[:_NAMED]
    names = ", ".join(sorted(blobs.read_record(d).name for d in some))
    more = f" and {len(documents) - _NAMED} more" if len(documents) > _NAMED else ""
    count = f"{len(documents)} document{'s' if len(documents) != 1 else ''}"
    return f"{count} ({names}{more})"
