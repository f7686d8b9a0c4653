"""How far an ingest is: files and pages, counted as they are done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """Pages done (`done`) of those known of so far (`total`); `waiting` files are not opened yet.
    Of all `files` of the run `finished` are indexed, were there already or have failed, and `read`
    of these had to be read."""

    name: str
    done: int
    total: int
    waiting: int
    files: int = 0
    finished: int = 0
    read: int = 0


class ProgressCounter:
    """Adds up files and pages for the progress report, one file after the other."""

    def __init__(self, report: Callable[[Progress], None], files: int) -> None:
        self._report = report
        self._files = self._waiting = files
        self._done = self._total = self._finished = self._read = 0
        self._is_open = False

    def add(self, files: int) -> None:
        """More files of this run: what came attached to one that was read."""
        self._files += files
        self._waiting += files

    def open(self, name: str, pages: int) -> None:
        """A file is open and has so many pages."""
        self._is_open = True
        self._waiting -= 1
        self._total += pages
        self._tell(name)

    def page(self, name: str) -> None:
        self._done += 1
        self._tell(name)

    def finish(self, name: str) -> None:
        """Nothing is left to do for a file, whether it was opened or not."""
        self._finished += 1
        if self._is_open:
            self._read += 1
        else:
            self._waiting -= 1
        self._is_open = False
        self._tell(name)

    def _tell(self, name: str) -> None:
        self._report(
            Progress(
                name, self._done, self._total, self._waiting, self._files, self._finished,
                self._read,
            )
        )  # fmt: skip
