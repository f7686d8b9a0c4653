"""`.octavoignore` files: what of a folder is left out, in the syntax of gitignore."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

FILE = ".octavoignore"
_MOST_BYTES = 256 << 10
_MOST_LINE = 1000  # characters: each pattern becomes a regular expression


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold in one folder: of its own file and of those of the folders above, the
    nearest one first."""

    specs: tuple[tuple[Path, GitIgnoreSpec], ...] = ()

    def enter(self, folder: Path) -> IgnoreRules:
        """The rules inside `folder`. Raises ValueError for a file with a pattern that is none, or
        that is too large."""
        spec = _read(folder / FILE)
        return self if spec is None else IgnoreRules(((folder, spec), *self.specs))

    def leaves_out(self, path: Path, is_folder: bool = False) -> bool:
        """Whether the file or folder `path` is left out: the nearest file with a pattern that
        fits decides, there the last such pattern."""
        for folder, spec in self.specs:
            relative = path.relative_to(folder).as_posix()
            found = spec.check_file(f"{relative}/" if is_folder else relative).include
            if found is not None:
                return found
        return False


def _read(file: Path) -> GitIgnoreSpec | None:
    if not os.path.isfile(file):  # a pipe of that name would be waited for
        return None
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        # To go on without it would take in what its owner wants left out.
        raise ValueError(
            f"{file} cannot be read ({error.strerror}): mend it, or remove it"
        ) from None
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{file} has over {_MOST_BYTES >> 10} KB; shorten it")
    lines = os.fsdecode(data).removeprefix("\ufeff").splitlines()
    for number, line in enumerate(lines, 1):
        _check(file, number, line)
    return GitIgnoreSpec.from_lines(lines)


def _check(file: Path, number: int, line: str) -> None:
    if len(line) > _MOST_LINE:
        raise ValueError(f"{file}, line {number}: has over {_MOST_LINE} characters; shorten it")
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError as error:
        raise ValueError(
            f"{file}, line {number}: {line!r} is no pattern as gitignore has them ({error})"
        ) from None
