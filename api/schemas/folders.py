"""Folders and their documents in the index: what differs, what is done about it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from octavo.api.schemas.base import Wire
from octavo.api.schemas.results import ResultOut

SyncAction = Literal[
    "new", "changed", "moved", "metadata", "removed", "failed", "unreadable", "forgotten",
    "unchanged",
]  # fmt: skip
MOST_CHANGES = 1000  # in one request


class SourceChange(Wire):
    """Places that the bytes of a document come from (`add`), and such as they come from no more
    (`drop`). The last one takes the document along. Without `document` only failures are
    forgotten."""

    document: str = Field("", max_length=64, description="id; empty: none")
    add: list[str] = Field(default_factory=list, max_length=100)
    drop: list[str] = Field(default_factory=list, max_length=100)


class SourcesIn(Wire):
    """Changes, made in this order."""

    changes: list[SourceChange] = Field(max_length=MOST_CHANGES)


class SourcesOut(Wire):
    """Ids of documents that have other sources now, and of those that are removed."""

    changed: list[str]
    removed: list[str]


class SyncItemOut(Wire):
    """A file of a folder, or a source of the index under it. `before` is where a file was that
    was moved."""

    action: SyncAction
    source: str
    before: str
    document: str
    reason: str


class SyncOut(Wire):
    """What a folder and the index differed in, and what came of it. `withheld`: files to be removed
    that were kept, because they are more than `max_removed`. `results` are of what was read."""

    dry_run: bool
    items: list[SyncItemOut]
    totals: dict[str, int]
    max_removed: int
    withheld: int
    results: list[ResultOut]
    seconds: float
