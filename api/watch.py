"""Folders watched: what changed in them is put into the index when it is still."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from octavo.api.sync import RemovalLimit
from octavo.api.sync_plan import FolderError, FolderListing, file_stamp, list_folders
from octavo.index.store import StoreError
from octavo.ingest import ignore_rules, sidecar
from octavo.ingest.files import utf8

QUIET = 2.0  # seconds for which a file must not change before it is read
_TICK_MS = 400  # between two looks; also how long Ctrl-C may take
_BUDGET_SECONDS = 3600.0
#: Puts what the listing shows into the index; raises StoreError where that cannot be now.
SyncOnce = Callable[[FolderListing], None]


@dataclass(slots=True)
class RemovalBudget:
    """The limit of removals, counted over an hour: a folder that is emptied file by file is not
    followed to the end."""

    limit: RemovalLimit
    _done: list[tuple[float, int]] = field(default_factory=list)

    def left(self, held: int) -> RemovalLimit:
        """What may go now, of `held` sources."""
        since = time.monotonic() - _BUDGET_SECONDS
        self._done = [(at, n) for at, n in self._done if at >= since]
        recent = sum(n for _, n in self._done)
        return RemovalLimit(max(0, self.limit.most(held + recent) - recent))

    def note(self, removed: int) -> None:
        self._done.append((time.monotonic(), removed))


class ChangedPaths:
    """Paths that changed and are not in the index yet, each with how long it has been still."""

    def __init__(self, quiet: float) -> None:
        self._quiet = quiet
        self._paths: dict[str, tuple[tuple[int, ...] | None, float]] = {}

    def add(self, paths: Iterable[str]) -> None:
        now = time.monotonic()
        for path in paths:
            self._paths[path] = (_stamp(path), now)

    def look(self) -> tuple[set[str], set[str]]:
        """Paths that have been still for long enough, and such as have not."""
        now = time.monotonic()
        for path, (stamp, _) in list(self._paths.items()):
            if (current := _stamp(path)) != stamp:
                self._paths[path] = (current, now)
        still = {p for p, (_, since) in self._paths.items() if now - since >= self._quiet}
        return still, set(self._paths) - still

    def drop(self, paths: Collection[str]) -> None:
        for path in paths:
            self._paths.pop(path, None)

    def __bool__(self) -> bool:
        return bool(self._paths)


class FolderWatch:
    """Follows folders until `stop` is set."""

    def __init__(
        self,
        folders: Sequence[Path],
        sync_once: SyncOnce,
        tell: Callable[[str], None],
        quiet: float = QUIET,
    ) -> None:
        """`tell` gets what is wrong, once for as long as it stays so."""
        self._folders = [Path(os.path.abspath(f)) for f in folders]
        self._sync_once = sync_once
        self._tell = tell
        self._told = ""
        self._changed = ChangedPaths(quiet)
        self._quiet = quiet
        self._last: FolderListing | None = None
        self._is_behind = True  # something is to be done that no path says

    def run(self, stop: threading.Event) -> None:
        """Raises FolderError at the beginning for a folder that is missing or empty; later that is
        told, and waited for until it is back."""
        listing = list_folders(self._folders)
        recent = time.time() - self._quiet
        self._changed.add(str(p) for p in listing.files.values() if _written_after(p, recent))
        while not stop.is_set():
            if not all(f.is_dir() for f in self._folders):
                self._complain(
                    "a folder that is watched is gone; nothing is removed, it is waited "
                    f"for: {', '.join(str(f) for f in self._folders if not f.is_dir())}"
                )
                stop.wait(_TICK_MS / 1000)
                continue
            for paths in self._events(stop):
                self._changed.add(paths)
                self._follow()
                if not all(f.is_dir() for f in self._folders):
                    break
            self._is_behind = True

    def _events(self, stop: threading.Event) -> Iterator[list[str]]:
        """Paths that changed, and every now and then nothing: first when changes are noticed, so
        that none is missed between the first comparison and then."""
        import watchfiles

        for changes in watchfiles.watch(
            *self._folders, watch_filter=None, stop_event=stop, rust_timeout=_TICK_MS, step=50,
            debounce=_TICK_MS, yield_on_timeout=True, raise_interrupt=True,
            ignore_permission_denied=True,
        ):  # fmt: skip
            yield [path for _, path in changes]

    def _follow(self) -> None:
        if not (self._changed or self._is_behind):
            return
        still, moving = self._changed.look()
        if not (still or self._is_behind):
            return
        try:
            listing = list_folders(self._folders)
            if self._is_behind or any(self._matters(p, listing) for p in still):
                self._is_behind = True
                self._sync_once(listing.without(map(utf8, moving)))
            self._last, self._is_behind, self._told = listing, False, ""
            self._changed.drop(still)
        except (FolderError, StoreError, OSError, ValueError) as error:
            self._complain(str(error))

    def _matters(self, path: str, listing: FolderListing) -> bool:
        """Whether a change there can change the index: not so for what is left out."""
        source, name = utf8(path), os.path.basename(path)
        known = (listing, self._last) if self._last else (listing,)
        return (
            name in (ignore_rules.FILE, sidecar.FOLDER_FILE)
            or sidecar.is_sidecar(name)
            or any(source in known_listing.files for known_listing in known)
            or any(s.startswith(f"{source}{os.sep}") for k in known for s in k.files)
        )

    def _complain(self, what: str) -> None:
        if what != self._told:
            self._tell(what)
        self._told = what


def _stamp(path: str) -> tuple[int, ...] | None:
    try:
        return file_stamp(Path(path))
    except OSError:
        return None


def _written_after(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime >= moment
    except OSError:
        return False
