"""Which cells of a known table were read under their own row name and whole header."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from octavo.evals.tables.table_cases import TableCase
from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import DocumentError, PageContent, document_id
from octavo.ingest.read import read_pages
from octavo.ingest.tables.table_rows import TableRow, table_rows

_PARTS = re.compile(r"\s*>\s*|\s+")


@dataclass(frozen=True, slots=True)
class CellScores:
    """Counts of body cells with text. `right`: row name and whole header as drawn; `wrong`: under
    a header that is not its own; `bare`: without a header; `missed`: in no row of its name."""

    cells: int = 0
    right: int = 0
    wrong: int = 0
    bare: int = 0
    missed: int = 0

    def share(self, count: int) -> float:
        """Of all cells; 0 where there are none."""
        return count / self.cells if self.cells else 0.0

    def row(self) -> dict[str, float]:
        """Counts and shares."""
        named = {"right": self.right, "wrong header": self.wrong, "no header": self.bare}
        shares = {k: round(self.share(v), 4) for k, v in {**named, "missed": self.missed}.items()}
        return {"cells": self.cells, **shares}

    def __add__(self, other: CellScores) -> CellScores:
        return CellScores(
            self.cells + other.cells,
            self.right + other.right,
            self.wrong + other.wrong,
            self.bare + other.bare,
            self.missed + other.missed,
        )


def read_rows(data: bytes, kind: str) -> list[TableRow]:
    """Rows of every table of a document, as they are indexed. Raises DocumentError where a page
    cannot be read."""
    pages = [p for p in read_pages(data, kind, pictures=False) if isinstance(p, PageContent)]
    for page in pages:
        if page.status.state == "failed":
            raise DocumentError(f"page {page.number} failed: {page.status.reason}")
    return [row for c in chunk_pages(document_id(data), pages) for row in table_rows(c)]


def score_cells(case: TableCase, rows: Sequence[TableRow]) -> CellScores:
    """A cell is looked up by its row's name and its text."""
    headers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        for cell in row.cells:
            headers[_plain(row.name), _plain(cell.text)].append(_plain(cell.header))
    counts = {"right": 0, "wrong": 0, "bare": 0, "missed": 0}
    wanted = [
        (_plain(row[0]), _plain(text), _plain(case.full_header(column)))
        for row in case.rows
        for column, text in enumerate(row)
        if text
    ]
    unclaimed = []
    for name, text, header in wanted:
        if header in headers[name, text]:
            headers[name, text].remove(header)
            counts["right"] += 1
        else:
            unclaimed.append((name, text))
    for key in unclaimed:
        found = headers[key]
        if not found:
            counts["missed"] += 1
        elif found.pop(0):
            counts["wrong"] += 1
        else:
            counts["bare"] += 1
    return CellScores(cells=len(wanted), **counts)


def _plain(text: str) -> str:
    return " ".join(p for p in _PARTS.split(unicodedata.normalize("NFKC", text).lower()) if p)
