"""What is known of a document beside its bytes: kept with it, and put right when it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from octavo.index.source import MODIFIED, SourceFacts
from octavo.index.store import StoredDocument


def with_modified(metadata: Mapping[str, str], facts: SourceFacts) -> dict[str, str]:
    """A file's own fields, and when it was last written."""
    return {**metadata, **({MODIFIED: facts.modified} if facts.modified else {})}


def labels_of(
    source: str, documents: Sequence[StoredDocument], facts: SourceFacts
) -> dict[str, str]:
    """The labels of what comes from `source` now: they were given to the place, not to the bytes,
    so that a new version has those of the version before."""
    older = [s for s in documents if source in s.sources]
    before = max(older, key=lambda s: s.serial).labels if older else {}
    return _merged(before, facts.labels)


def describe_again(stored: StoredDocument, source: str, facts: SourceFacts) -> StoredDocument:
    """A document whose bytes were given again. What stands beside a file counts where that file
    names the document; labels count from everywhere."""
    names_it = source == stored.document.source and facts.beside is not None
    beside = dict(facts.beside or {}) if names_it else stored.beside
    return replace(stored, beside=beside, labels=_merged(stored.labels, facts.labels))


def next_serial(documents: Sequence[StoredDocument]) -> int:
    """Greater than that of every document."""
    return 1 + max((s.serial for s in documents), default=0)


def _merged(before: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in {**before, **new}.items() if v}
