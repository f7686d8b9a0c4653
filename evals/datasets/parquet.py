"""Rows of Parquet shards; their images are read only when asked for."""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from octavo.evals.datasets.jsonl import Place
from octavo.evals.datasets.types import DatasetError
from octavo.index.source import Source
from octavo.ingest.document import DocumentError

#: Row groups whose images are kept. A group holds about a hundred pages, up to some 100 MB, and
#: sources are read in order, so that a second one would only cost memory.
_KEPT = 1
_PART = re.compile(r"(.*-)(\d+)(-of-)(\d+)\.parquet")


@dataclass(frozen=True, slots=True)
class _Group:
    """A row group: its file, number there, and the first of its rows over all files."""

    file: Path
    number: int
    start: int


class Shards:
    """Rows of files of one table, numbered from 0 over all of them. Safe to read in threads."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Raises DatasetError without pyarrow, and for a missing or damaged file."""
        check_complete(files)
        self._files = files
        self._groups: list[_Group] = []
        self._lock = threading.Lock()
        self._group = lru_cache(maxsize=_KEPT)(_read_images)
        start, columns = 0, []
        for file in files:
            with open_parquet(file) as opened:
                columns.append(frozenset(opened.schema_arrow.names))
                for number in range(opened.num_row_groups):
                    self._groups.append(_Group(file, number, start))
                    start += opened.metadata.row_group(number).num_rows
        self.columns: frozenset[str] = frozenset.intersection(*columns)

    def column(self, *names: str) -> str:
        """The first of `names` that there is. Raises DatasetError where there is none."""
        for name in names:
            if name in self.columns:
                return name
        raise DatasetError(
            f"{self._files[0]}: has no column {' or '.join(map(repr, names))}; "
            f"it has {', '.join(sorted(self.columns))}"
        )

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Rows in order with `file: row N`, N from 1 in the file."""
        for file in self._files:
            with open_parquet(file) as opened:
                number = 0
                for batch in opened.iter_batches(columns=list(columns)):
                    for row in batch.to_pylist():
                        number += 1
                        yield f"{file}: row {number}", row

    def image(self, column: str, row: int) -> bytes:
        """Bytes of an image. Raises DocumentError where the row has none or the file broke."""
        index = bisect_right(self._groups, row, key=lambda g: g.start) - 1
        group = self._groups[index]
        with self._lock:
            value = self._group(group.file, group.number, column)[row - group.start].as_py()
        data = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(data, bytes) or not data:
            raise DocumentError(f"has no bytes in column {column!r} of {group.file}")
        return data


def _read_images(file: Path, number: int, column: str) -> Any:
    """`pyarrow.ChunkedArray` of one column of a row group."""
    try:
        with open_parquet(file) as opened:
            return opened.read_row_group(number, columns=[column]).column(0)
    except DatasetError as error:
        raise DocumentError(f"cannot be read: {error}") from error


@contextmanager
def open_parquet(file: Path) -> Iterator[Any]:
    """A `pyarrow.parquet.ParquetFile`. What goes wrong in opening or reading is a DatasetError."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise DatasetError(f"{file} needs pyarrow: pip install 'octavo[evals]'") from None
    try:
        with pyarrow.parquet.ParquetFile(file) as opened:
            yield opened
    except FileNotFoundError:
        raise DatasetError(f"{file} is missing") from None
    except (OSError, pyarrow.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise DatasetError(f"{file} is no Parquet file, or is damaged: {reason}") from None


def check_complete(files: Sequence[Path]) -> None:
    """Raises DatasetError where `-of-00003` says that there are more shards."""
    for file in files:
        match = _PART.fullmatch(file.name)
        if match is None:
            continue
        start, digits, of, count = match.groups()
        for number in range(int(count)):
            other = file.with_name(f"{start}{number:0{len(digits)}}{of}{count}.parquet")
            if other not in files:
                raise DatasetError(f"{other} is missing: the set is not wholly downloaded")


def shard_files(folder: Path, *patterns: str) -> list[Path]:
    """Those of the first pattern that finds any. Raises DatasetError where none does."""
    for pattern in patterns:
        files = sorted(folder.glob(pattern))
        if files:
            return files
    raise DatasetError(f"{folder} has none of {', '.join(patterns)}")


def page_source(shards: Shards, row: int, name: str, item: str) -> Source:
    """The image of a row, as document `item` of the set `name`."""
    return Source(item, f"{name}:{item}", partial(shards.image, "image", row))


def set_name(folder: Path, split: str) -> str:
    return folder.name if split == "test" else f"{folder.name}:{split}"
