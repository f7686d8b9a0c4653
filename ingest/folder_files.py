"""The files of a folder: hidden ones, metadata files, what `.octavoignore` names and what is in an
index left out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from octavo.ingest.ignore_rules import IgnoreRules
from octavo.ingest.sidecar import is_sidecar

_HIDDEN = ("~$", ".")
_HASH_FOLDER = re.compile(r"[0-9a-f]{2}")  # of originals, which are named by their hash


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """What there is under a folder, sorted. `unreadable`: folders that could not be listed, so
    that nobody knows what is in them."""

    files: tuple[Path, ...]
    unreadable: tuple[Path, ...]


def list_folder(folder: Path) -> FolderFiles:
    """Files and broken links under `folder`. Links to folders are not followed.

    Raises ValueError for an `.octavoignore` that cannot be understood.
    """
    files: list[Path] = []
    unreadable: list[Path] = []
    rules = {folder: IgnoreRules().enter(folder)}
    for place, folders, names in os.walk(
        folder, onerror=lambda e: unreadable.append(Path(e.filename))
    ):
        here = Path(place)
        rule = rules.pop(here)
        if _is_index(here, folders, names):
            folders.clear()
            continue
        folders[:] = [n for n in folders if not _is_left_out(here / n, rule, is_folder=True)]
        rules |= {here / n: _enter(rule, here / n) for n in folders}
        paths = (here / n for n in names if not is_sidecar(n))
        files += [p for p in paths if not _is_left_out(p, rule) and _is_file(p)]
    return FolderFiles(tuple(sorted(files)), tuple(sorted(unreadable)))


def _enter(rules: IgnoreRules, folder: Path) -> IgnoreRules:
    # A link is not walked, and a folder that may not be entered says so when it is.
    if folder.is_symlink() or not os.access(folder, os.X_OK):
        return rules
    return rules.enter(folder)


def _is_index(here: Path, folders: list[str], names: list[str]) -> bool:
    """Whether these are the contents of an index, or of the originals of one on a server: what is
    in it came from elsewhere, and changes when something is put into it."""
    if "manifest.json" in names and "lock" in names:
        return not {"blobs", "store"}.isdisjoint(folders)
    is_named_so = here.name.startswith("blobs-") and not names
    return is_named_so and all(map(_HASH_FOLDER.fullmatch, folders))


def _is_left_out(path: Path, rules: IgnoreRules, is_folder: bool = False) -> bool:
    return path.name.startswith(_HIDDEN) or rules.leaves_out(path, is_folder)


def _is_file(path: Path) -> bool:
    return path.is_file() or (path.is_symlink() and not path.exists())
