"""Files of pulled models: their sums, their records, what differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

RECORD_FILE = "octavo-model.json"
_BLOCK = 1 << 20  # bytes hashed at a time


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """What `pull` wrote down: the commit that a revision stood for, and sha256 by file."""

    name: str
    revision: str
    commit: str
    patterns: list[str]  # that were asked for; empty: everything
    files: dict[str, str]
    bytes: int

    def covers(self, patterns: Sequence[str]) -> bool:
        """Whether what was asked for includes these."""
        return not self.patterns or (bool(patterns) and set(patterns) <= set(self.patterns))

    def matching(self, patterns: Sequence[str]) -> dict[str, str]:
        """The files of these patterns (all, without any), by sha256."""
        return {
            file: total
            for file, total in self.files.items()
            if not patterns or any(fnmatch(file, p) for p in patterns)
        }


def identity(name: str, files: dict[str, str]) -> str:
    """A model's name and one sum over all its files, as a manifest keeps it."""
    lines = "\n".join(f"{total}  {file}" for file, total in sorted(files.items()))
    return f"{name} sha256:{hashlib.sha256(lines.encode()).hexdigest()[:16]}"


def file_sums(directory: Path) -> dict[str, str]:
    """sha256 of every file under a folder, by its path there; links are followed (a hub cache
    holds nothing else)."""
    files = [f for f in sorted(directory.rglob("*")) if f.is_file() and f.name != RECORD_FILE]
    return {
        f.relative_to(directory).as_posix(): sha256(f)
        for f in files
        if not any(p.startswith(".") for p in f.relative_to(directory).parts)
    }


def sha256(file: Path) -> str:
    total = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            total.update(block)
    return total.hexdigest()


def differences(directory: Path, record: ModelRecord) -> list[str]:
    """What is missing, changed, or there without a sum; one phrase a file."""
    wrong = []
    unlisted = file_sums(directory)
    for file, expected in record.files.items():
        actual = unlisted.pop(file, None)
        if actual is None:
            wrong.append(f"{directory / file} is missing")
        elif actual != expected:
            wrong.append(
                f"{directory / file} was changed: its sha256 is {actual}, expected {expected}"
            )
    return wrong + [f"{directory / file} does not belong there" for file in unlisted]


def read_record(directory: Path) -> ModelRecord | None:
    """The record of a pulled model, or None where there is none that can be read."""
    try:
        row = json.loads((directory / RECORD_FILE).read_text(encoding="utf-8"))
        record = ModelRecord(
            str(row["name"]),
            str(row["revision"]),
            str(row["commit"]),
            [str(p) for p in row["patterns"]],
            {str(f): str(total) for f, total in row["files"].items()},
            int(row["bytes"]),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return record


def write_record(directory: Path, record: ModelRecord) -> None:
    row = {name: getattr(record, name) for name in ModelRecord.__slots__}
    (directory / RECORD_FILE).write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
