"""Whether an embedded index is whole, told by the records beside its originals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from octavo.index.originals import Originals
from octavo.index.store import Sizes, Store, StoreError

if TYPE_CHECKING:
    from octavo.index.stores.qdrant_edge import EdgeStore

_NAMED = 5  # documents that a message lists


def damaged_index(directory: Path, what: str) -> StoreError:
    """An index that must not be used before somebody has looked: what is missing, the way back."""
    return StoreError(
        f"the index {directory} is damaged: {what}. Nothing was deleted. `octavo repair --index "
        f"{directory}` indexes again from the stored originals what is missing"
    )


def require_store(directory: Path, originals: Originals) -> None:
    """Before the engine would make a new, empty store: raises StoreError where there was one."""
    if (directory / "store").exists():
        return
    recorded = originals.committed() | originals.unrecorded()
    if recorded:
        raise damaged_index(
            directory, f"store/ is missing, which held {_names(originals, recorded)}"
        )


def open_intact_store(
    directory: Path, originals: Originals, sizes: Sizes, bits: int = 16
) -> EdgeStore:
    """Opens the store of an index, or makes it. Raises StoreError where the engine cannot open it,
    or has lost what was committed to it."""
    from octavo.index.stores.qdrant_edge import EdgeStore

    require_store(directory, originals)
    path = directory / "store"
    try:
        store = EdgeStore(path, sizes, bits)
    except StoreError as error:
        if not path.exists():  # there was no room to make it
            raise
        raise damaged_index(directory, str(error)) from error
    missing = missing_documents(store, originals)
    if missing:
        store.close()
        raise damaged_index(directory, f"its store has lost {_names(originals, missing)}")
    return store


def missing_documents(store: Store, originals: Originals) -> set[str]:
    """Ids of documents that were committed, were not deleted, and are not in the store."""
    stored = {s.document.id for s in store.documents()}
    # Those that were being written anew when the process died: `retry` knows of them.
    rewriting = {f.document for f in store.failures() if f.kept}
    return originals.committed() - stored - rewriting


def _names(originals: Originals, documents: set[str]) -> str:
    listed = sorted(documents)[:_NAMED]
    names = ", ".join(sorted(originals.read_record(d).name for d in listed))
    more = f" and {len(documents) - _NAMED} more" if len(documents) > _NAMED else ""
    count = f"{len(documents)} document{'s' if len(documents) != 1 else ''}"
    return f"{count} ({names}{more})"
