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
    from octavo.api.library.results import CitedAnswer as CitedAnswer
    from octavo.api.library.results import CitedSentence as CitedSentence
    from octavo.api.library.results import DeletedDocument as DeletedDocument
    from octavo.api.library.results import IngestResult as IngestResult
    from octavo.api.library.results import PageCitation as PageCitation
    from octavo.api.library.results import PageRegion as PageRegion
    from octavo.api.library.results import SearchHit as SearchHit
    from octavo.api.library.results import SearchHits as SearchHits
    from octavo.api.library.where import Where as Where

_FROM = {
    "open": "octavo.api.library.index",
    "Index": "octavo.api.library.index",
    "Where": "octavo.api.library.where",
} | dict.fromkeys(
    (
        "CitedAnswer",
        "PageCitation",
        "DeletedDocument",
        "SearchHit",
        "SearchHits",
        "IngestResult",
        "PageRegion",
        "CitedSentence",
    ),
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
