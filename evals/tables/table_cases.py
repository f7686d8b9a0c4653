"""Tables whose cells are known: read from a file of tables, or invented from a seed."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from octavo.evals.datasets.types import DatasetError

_COLUMNS = (3, 7)
_ROWS = (4, 60)
_LONGEST = 44  # characters of a cell: a longer one is prose
_GROUPS = ("Results", "Plan", "First half", "Second half", "North", "South")
_WARDS = ("Alder", "Birch", "Cedar", "Damson", "Elder", "Fir", "Gorse", "Hazel", "Iris", "Juniper")


@dataclass(frozen=True, slots=True)
class TableCase:
    """A table as people see it.

    `header` are its header rows, outermost first; the same text in neighbouring cells of one that
    is not the last is one cell over these columns. `merged`: equal cells under each other in the
    first column are printed once, over their rows.
    """

    id: str
    header: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, ...], ...]
    merged: bool = False

    @property
    def columns(self) -> int:
        return len(self.header[-1])

    def full_header(self, column: int) -> str:
        """Every header over a column, outermost first."""
        return " ".join(row[column] for row in self.header if row[column])


def read_tables(file: Path, most: int, seed: int) -> list[TableCase]:
    """`most` tables of a JSON-lines file (may be gzip) of `id`, `header` and `rows`, drawn by
    `seed` from those that fit a page. Raises DatasetError for a file that has none."""
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rt", encoding="utf-8") as stream:
            rows = [json.loads(line) for line in stream if line.strip()]
        tables = [case for row in rows if (case := _case(row)) is not None]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{file}: expected JSON lines of id, header and rows: {error}") from None
    if not tables:
        raise DatasetError(
            f"{file}: no table of {_COLUMNS[0]} to {_COLUMNS[1]} columns fits a page"
        )
    return random.Random(seed).sample(tables, min(most, len(tables)))


def _case(row: dict[str, object]) -> TableCase | None:
    header, body = row["header"], row["rows"]
    if not isinstance(header, list) or not isinstance(body, list):
        raise ValueError("header and rows are to be lists")
    table = [[" ".join(str(c).split("\n")).strip() for c in r] for r in body][: _ROWS[1]]
    names = [" ".join(str(c).split("\n")).strip() for c in header]
    fits = _COLUMNS[0] <= len(names) <= _COLUMNS[1] and len(table) >= _ROWS[0]
    texts = [c for r in (names, *table) for c in r]
    if not fits or any(len(r) != len(names) for r in table) or max(map(len, texts)) > _LONGEST:
        return None
    if not all(names) or len(set(names)) < len(names) or not all(r[0] for r in table):
        return None
    if any(" | " in c or ("\u0590" < max(c, default=" ") < "\u1e00") for c in texts):
        return None  # scripts that the fonts here do not have
    if max(map(max, (c for c in texts if c))) > "\u2122":
        return None
    return TableCase(str(row["id"]), (tuple(names),), tuple(tuple(r) for r in table))


def invented_tables(most: int, seed: int) -> list[TableCase]:
    """Tables of invented wards and years, for where no file of tables is at hand."""
    dice = random.Random(seed)
    return [_invented(dice, n) for n in range(most)]


def _invented(dice: random.Random, number: int) -> TableCase:
    names = dice.sample(
        ("Beds", "Staff", "Visits", "Cost EUR", "Days", "Nurses"), dice.randint(2, 5)
    )
    rows = [
        (f"{ward} ward", *(f"{dice.randint(1, 99999):,}" for _ in names))
        for ward in dice.sample(_WARDS, dice.randint(5, 10))
    ]
    return TableCase(f"invented-{number}", (("Ward", *names),), tuple(rows))


def with_header_groups(case: TableCase) -> TableCase:
    """The same under two header rows: the columns after the first in groups of two or three."""
    upper = [""]
    rest = case.columns - 1
    groups: Iterator[str] = iter(_GROUPS)
    while rest:
        size = rest if rest in (2, 3) else min(2, rest)
        upper += [next(groups) if size > 1 else ""] * size
        rest -= size
    return TableCase(case.id, (tuple(upper), *case.header), case.rows, case.merged)


def with_merged_names(case: TableCase) -> TableCase:
    """The same with a first column of its own, whose cells cover two to four rows each."""
    rows: list[tuple[str, ...]] = []
    for n, row in enumerate(case.rows):
        rows.append((f"{_WARDS[(n // 3) % len(_WARDS)]} group", *row))
    header = (*(("", *h) for h in case.header[:-1]), ("Group", *case.header[-1]))
    return TableCase(case.id, tuple(header), tuple(rows), merged=True)


def lengthened(case: TableCase, least: int) -> TableCase:
    """The same rows again with numbered names, until there are `least`."""
    rows: Sequence[tuple[str, ...]] = case.rows
    times = -(-least // len(rows))
    longer = [(r[0] if n == 0 else f"{r[0]} {n + 1}", *r[1:]) for n in range(times) for r in rows]
    return TableCase(case.id, case.header, tuple(longer[: max(least, len(rows))]), case.merged)
