"""Which document a word means: its id, the beginning of one, its file name, or its source.

Anybody may give a file any name, so a name is never read as an id: 64 hexadecimal digits mean the
bytes with that sha256 and nothing else, whether they are in the index or not. Whatever fits several
documents is refused, with a list to choose from. Only a filter also takes a part of a name, and
then all that have it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from octavo.index.store import Failure, NotFoundError, StoredDocument, StoreError

_ID = re.compile(r"[0-9a-f]{64}")
_BEGINNING = re.compile(r"[0-9a-f]{8,63}")
_SHOWN = 12  # digits of an id in a message
_LISTED = 8  # documents in a message


@dataclass(frozen=True, slots=True)
class NamedCandidate:
    """One of those that a word fits. `failed`: a source of which nothing is in the index."""

    document: str
    name: str
    sources: tuple[str, ...]
    failed: bool = False

    def __str__(self) -> str:
        known = self.document[:_SHOWN] or self.name
        return f"{known}{' (failed)' if self.failed else ''} from {', '.join(self.sources)}"


class AmbiguousError(StoreError):
    """A word fits several documents. The text lists them and says how to choose."""

    def __init__(self, word: str, candidates: Sequence[NamedCandidate]) -> None:
        self.candidates = tuple(candidates)
        listed = "; ".join(map(str, candidates[:_LISTED]))
        more = f"; and {len(candidates) - _LISTED} more" if len(candidates) > _LISTED else ""
        super().__init__(
            f"{word!r} fits {len(candidates)} documents: {listed}{more}. Say which one by its id "
            "or its source"
        )


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What the ledger has of one document: its commit record, and its sources that failed."""

    document: StoredDocument | None
    failures: tuple[Failure, ...]


def find_document(word: str, documents: Sequence[StoredDocument]) -> StoredDocument:
    """The document that `word` means. Raises NotFoundError, AmbiguousError."""
    fitting = [d for d in documents if _fits(d, word)]
    if len(fitting) > 1:
        raise AmbiguousError(word, [_candidate(d) for d in fitting])
    if not fitting:
        raise NotFoundError(_unknown(word, documents))
    return fitting[0]


@dataclass(frozen=True, slots=True)
class FoundByName:
    """Documents that a word means. `by_part`: it is only a part of their names."""

    documents: tuple[StoredDocument, ...]
    by_part: bool = False


def named_by_part(word: str, documents: Sequence[StoredDocument]) -> FoundByName:
    """The document that `word` means, or where it means none, all whose name or title has every
    word of it: for a filter, that loses nothing. Raises NotFoundError, AmbiguousError."""
    if any(_fits(d, word) for d in documents):
        return FoundByName((find_document(word, documents),))
    wanted = set(_words(word))
    fitting = [d for d in documents if wanted and _has_words(d, wanted)]
    if not fitting or _ID.fullmatch(word):
        raise NotFoundError(_unknown(word, documents))
    return FoundByName(tuple(fitting), by_part=True)


def _has_words(stored: StoredDocument, wanted: set[str]) -> bool:
    called = (stored.document.name, stored.metadata.get("title", ""))
    texts = [" ".join(_words(text)) for text in called]
    return any(all(word in text for word in wanted) for text in texts)


def _words(text: str) -> list[str]:
    """In small letters, parted by whatever is neither letter nor digit."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold())


def find_entry(
    word: str, documents: Sequence[StoredDocument], failures: Sequence[Failure]
) -> LedgerEntry:
    """The same among documents and sources that failed. A failed source of the document, as a new
    version that cannot be read, is part of its entry. Raises NotFoundError, AmbiguousError."""
    fitting = [d for d in documents if _fits(d, word)]
    owners = {source: d.document.id for d in fitting for source in d.sources}
    failed = [f for f in failures if f.source in owners or _failed_as(f, word)]
    candidates = {("id", d.document.id): _candidate(d) for d in fitting}
    for failure in failed:
        owner = owners.get(failure.source)
        identity = ("id", owner) if owner else _identity(failure, word)
        candidates.setdefault(identity, _failed_candidate(failure))
    if len(candidates) > 1:
        raise AmbiguousError(word, list(candidates.values()))
    if not candidates:
        raise NotFoundError(_unknown(word, documents))
    return LedgerEntry(fitting[0] if fitting else None, tuple(failed))


def _fits(stored: StoredDocument, word: str) -> bool:
    if _ID.fullmatch(word):
        return stored.document.id == word
    return _is_called(stored, word) or _begins(stored.document.id, word)


def _is_called(stored: StoredDocument, word: str) -> bool:
    called = (stored.document.name, *stored.sources, *map(os.path.basename, stored.sources))
    return word in called


def _begins(document: str, word: str) -> bool:
    return _BEGINNING.fullmatch(word) is not None and document.startswith(word)


def _failed_as(failure: Failure, word: str) -> bool:
    if _ID.fullmatch(word):
        return failure.document == word
    return word in (failure.name, failure.source) or _begins(failure.document, word)


def _identity(failure: Failure, word: str) -> tuple[str, str]:
    """By id, the same bytes from several places are one thing; by name each is its own."""
    by_name = word in (failure.name, failure.source) and not _ID.fullmatch(word)
    return ("source", failure.source) if by_name else ("id", failure.document)


def _candidate(stored: StoredDocument) -> NamedCandidate:
    return NamedCandidate(stored.document.id, stored.document.name, stored.sources)


def _failed_candidate(failure: Failure) -> NamedCandidate:
    return NamedCandidate(failure.document, failure.name, (failure.source,), failed=True)


def _unknown(word: str, documents: Sequence[StoredDocument]) -> str:
    if _ID.fullmatch(word):
        named = next((d for d in documents if _is_called(d, word)), None)
        hint = f"; the file of that name has the id {named.document.id}" if named else ""
        return f"no document has the id {word}{hint}"
    known = ", ".join(d.document.name for d in documents[:_LISTED]) or "none"
    return f"no document is named {word!r}; in the index: {known}"
