"""Answers from your own documents, figures included, with the page and the box of each answer.

    import octavo

    with octavo.open("octavo-index") as index:
        index.ingest(["manuals"])
        print(index.ask("Which oil does the pump take?"))

Importing this loads no model and no model library; `octavo.open` loads what its profile names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from octavo.api.library.index import Index as Index
    from octavo.api.library.index import open as open
    from octavo.api.library.results import Answer as Answer
    from octavo.api.library.results import Citation as Citation
    from octavo.api.library.results import Deleted as Deleted
    from octavo.api.library.results import Hit as Hit
    from octavo.api.library.results import Hits as Hits
    from octavo.api.library.results import Ingested as Ingested
    from octavo.api.library.results import Region as Region
    from octavo.api.library.results import Sentence as Sentence
    from octavo.api.library.where import Where as Where

_FROM = {
    "open": "octavo.api.library.index",
    "Index": "octavo.api.library.index",
    "Where": "octavo.api.library.where",
} | dict.fromkeys(
    ("Answer", "Citation", "Deleted", "Hit", "Hits", "Ingested", "Region", "Sentence"),
    "octavo.api.library.results",
)

__all__ = [*_FROM]


def __getattr__(name: str) -> Any:
    """Loaded when first asked for."""
    if name not in _FROM:
        raise AttributeError(f"module 'octavo' has no attribute {name!r}")
    return getattr(import_module(_FROM[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_FROM])
