"""What folders and the index differ in: new, changed, moved and removed files."""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path

from octavo.api.schemas.folders import SyncAction
from octavo.api.schemas.ledger import DocumentOut, StatusOut
from octavo.index.source import ATTACHED, container_of, reason_of
from octavo.ingest.document import DocumentError
from octavo.ingest.files import utf8
from octavo.ingest.folder_files import list_folder
from octavo.ingest.sidecar import PROBLEM, metadata_beside

_CHUNK = 1 << 20  # bytes hashed between two looks at the clock, and at Ctrl-C


class FolderError(ValueError):
    """A folder that cannot be compared with the index; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class SyncItem:
    """One file or source, and what is to be done about it."""

    action: SyncAction
    source: str
    path: Path | None = None
    document: str = ""
    before: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """`held`: sources under the folders that the index has."""

    items: tuple[SyncItem, ...]
    held: int

    def of(self, *actions: SyncAction) -> list[SyncItem]:
        return [i for i in self.items if i.action in actions]


@dataclass(slots=True)
class FileHashes:
    """sha256 of files; one that has not changed since it was hashed is not read again."""

    most: int = 1 << 31  # bytes
    _known: dict[Path, tuple[tuple[int, ...], str]] = field(default_factory=dict)

    def of(self, path: Path) -> str:
        """Raises OSError, DocumentError where the file cannot be read or is being written."""
        stamp = file_stamp(path)
        known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        if stamp[0] > self.most:
            raise DocumentError(f"has {stamp[0] >> 20} MB; at most {self.most >> 20} MB are read")
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while data := file.read(_CHUNK):
                digest.update(data)
        if file_stamp(path) != stamp:
            raise DocumentError("is being written")
        self._known[path] = stamp, digest.hexdigest()
        return digest.hexdigest()


def file_stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file does: size, time of the last write (ns), inode. Raises OSError."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


@dataclass(frozen=True, slots=True)
class FolderListing:
    """The files of folders by source, and the folders that could not be listed."""

    folders: tuple[str, ...]
    files: Mapping[str, Path]
    unreadable: tuple[str, ...]

    def without(self, sources: Iterable[str]) -> FolderListing:
        """The same with files of which nothing is to be said yet: they are being written."""
        left_out = set(sources)
        files = {s: p for s, p in self.files.items() if s not in left_out}
        return FolderListing(self.folders, files, (*self.unreadable, *sorted(left_out)))

    def covers(self, source: str) -> bool:
        """Whether a source is under one of the folders."""
        return any(source.startswith(folder) for folder in self.folders)

    def is_unknown(self, source: str) -> bool:
        """Whether a source is where nobody could look."""
        return any(source.startswith(folder) for folder in self.unreadable)

    def container(self, source: str) -> str:
        """The file that a source is inside of (an attachment of a mail), or nothing."""
        container = container_of(source)
        while container and container not in self.files:
            container = container_of(container)
        return container


def list_folders(folders: Sequence[Path]) -> FolderListing:
    """Raises FolderError for one that is missing, cannot be read or has no file: that may be a disk
    that is not mounted, and then nothing must be taken for removed. ValueError for an
    `.octavoignore` that cannot be understood."""
    files: dict[str, Path] = {}
    unreadable: list[str] = []
    for folder in folders:
        found = list_folder(_checked(folder))
        if not found.files:
            raise FolderError(
                f"no files found under {folder}; nothing was removed. If it is a disk that is not "
                "mounted, mount it; documents of a folder that is empty are removed by `octavo "
                "delete`"
            )
        files |= {_source(p): p for p in found.files}
        unreadable += [_inside(p) for p in found.unreadable]
    return FolderListing(tuple(_inside(f) for f in folders), files, tuple(unreadable))


def _checked(folder: Path) -> Path:
    if not folder.exists():
        raise FolderError(f"{folder} does not exist or is not mounted; nothing was removed")
    if not folder.is_dir():
        raise FolderError(f"{folder} is no folder; to add single files: octavo ingest {folder}")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise FolderError(f"{folder} cannot be read: permission denied; nothing was removed")
    return folder


def plan_sync(
    listing: FolderListing,
    state: StatusOut,
    hashes: FileHashes,
    report: Callable[[int], None] = lambda _: None,
) -> SyncPlan:
    """Compares the files with what the index holds from these folders; the documents of other
    places are left alone. Reads the bytes of files that `hashes` does not know."""
    planner = _Planner(listing, state)
    for number, (source, path) in enumerate(listing.files.items(), 1):
        planner.read_file(source, path, hashes)
        report(number)
    for source, path in listing.files.items():
        planner.add_file(source, path)
    return SyncPlan(tuple(planner.items()), len(planner.held))


class _Planner:
    def __init__(self, listing: FolderListing, state: StatusOut) -> None:
        self._listing = listing
        self._documents = {d.document: d for d in state.documents}
        self._failed = {f.source: f for f in state.failed}
        self.held: dict[str, list[DocumentOut]] = defaultdict(list)
        for d in state.documents:
            for source in d.sources:
                if listing.covers(source):
                    self.held[source].append(d)
        self._sorted = sorted(self.held)
        self._items: list[SyncItem] = []
        self._bytes: dict[str, str] = {}  # source to document id
        self._unreadable: dict[str, str] = {}  # source to reason
        self._moved: set[str] = set()  # sources that stand elsewhere now

    def read_file(self, source: str, path: Path, hashes: FileHashes) -> None:
        """Which bytes are there now. Before any file is compared: names may have changed round."""
        try:
            self._bytes[source] = hashes.of(path)
        except (OSError, DocumentError) as error:
            self._unreadable[source] = reason_of(error)

    def add_file(self, source: str, path: Path) -> None:
        if source in self._unreadable:
            self._add("unreadable", source, path, reason=self._unreadable[source])
            return
        document = self._bytes[source]
        held = [d for d in self.held.get(source, ()) if d.document == document]
        if held:
            self._add_known(held[0], source, path)
        elif document in self._documents and (before := self._left(document)):
            self._moved.add(before)
            self._add("moved", source, path, document, before)
            self._add_inside(before, source)
            if self._differs(self._documents[document], source, path, before):
                self._add("metadata", source, path, document)
        elif self._failed_before(source, path, document):
            self._add("failed", source, path, document, reason=self._failed[source].reason)
        else:
            self._add("changed" if source in self.held else "new", source, path, document)

    def items(self) -> Iterator[SyncItem]:
        """With what is no longer there."""
        yield from self._items
        for source, documents in sorted(self.held.items()):
            if source not in self._moved and self._is_gone(source):
                reason = "left out now" if os.path.lexists(source) else ""
                for d in documents:
                    yield SyncItem("removed", source, None, d.document, reason=reason)
        for source, failure in sorted(self._failed.items()):
            if self._listing.covers(source) and source not in self.held and self._is_gone(source):
                yield SyncItem("forgotten", source, reason=failure.reason)

    def _add(
        self, action: SyncAction, source: str, path: Path | None, document: str = "",
        before: str = "", reason: str = "",
    ) -> None:  # fmt: skip
        self._items.append(SyncItem(action, source, path, document, before, reason))

    def _add_known(self, known: DocumentOut, source: str, path: Path) -> None:
        changed = self._differs(known, source, path, source) or (
            source in self._failed and not self._failed_before(source, path, known.document)
        )
        action: SyncAction = "metadata" if changed else "unchanged"
        self._add(action, source, path, known.document)

    def _differs(self, known: DocumentOut, source: str, path: Path, named_by: str) -> bool:
        """Whether what stands beside the file that names a document is not what is kept."""
        if known.source != named_by:
            return False
        try:
            return metadata_beside(path) != known.beside
        except DocumentError:
            return not self._failed_before(source, path, known.document)  # it is said once

    def _failed_before(self, source: str, path: Path, document: str) -> bool:
        """The same bytes fail again; `octavo retry` tries them. Where it was what stands beside
        that failed, only as long as that is not mended."""
        failure = self._failed.get(source)
        if failure is None or failure.document != document:
            return False
        if not failure.reason.startswith(PROBLEM):
            return True
        try:
            metadata_beside(path)
        except DocumentError as error:
            return str(error) == failure.reason
        return False

    def _left(self, document: str) -> str:
        """A source of a document, under these folders, where nothing is any more, or another
        file."""
        for source in self._documents[document].sources:
            if not self._listing.covers(source) or source in self._moved:
                continue
            if self._is_gone(source) or self._bytes.get(source, document) != document:
                return source
        return ""

    def _is_gone(self, source: str) -> bool:
        listing = self._listing
        return not (
            source in listing.files or listing.is_unknown(source) or listing.container(source)
        )

    def _add_inside(self, before: str, after: str) -> None:
        """What is inside a file that was moved goes along."""
        first = bisect_right(self._sorted, before)
        for source in takewhile(lambda s: s.startswith(before), islice(self._sorted, first, None)):
            if source.startswith(f"{before}{ATTACHED}") and source not in self._moved:
                self._moved.add(source)
                to = after + source[len(before) :]
                self._add("moved", to, None, self.held[source][0].document, source)


def _source(path: Path) -> str:
    return utf8(os.path.abspath(path))


def _inside(folder: Path) -> str:
    """What sources under a folder begin with."""
    return utf8(os.path.join(os.path.abspath(folder), ""))
