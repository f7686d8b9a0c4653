"""Tables of RTF, whose rows say where their cells end and which of them are merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from octavo.ingest.formats.table_html import Cell, table_html


@dataclass(slots=True)
class RtfTable:
    """Rows as they come; `end` gives the table."""

    _rows: list[list[Cell]] = field(default_factory=list)
    _cells: list[str] = field(default_factory=list)  # of the row that is being read
    _merges: list[str] = field(default_factory=list)  # how each cell of it is merged
    _merge: str = ""  # of the cell that is being defined
    _head: bool = False
    _above: dict[int, tuple[int, int]] = field(default_factory=dict)  # place by cell

    def define(self, word: str) -> None:
        """A control word about rows: `trowd`, `cellx`, `clmrg`, `clvmrg`, `trhdr` or `row`."""
        if word == "trowd":
            self._merges, self._merge, self._head = [], "", False
        elif word == "cellx":
            self._merges.append(self._merge)
            self._merge = ""
        elif word == "trhdr":
            self._head = True
        elif word == "row":
            self._end_row()
        else:
            self._merge = word

    def add_cell(self, html: str) -> None:
        self._cells.append(html)

    def end(self) -> Iterator[str]:
        """HTML blocks of the table, if there is one."""
        if self._cells:
            self._end_row()
        rows, self._rows, self._above = self._rows, [], {}
        yield from table_html(rows)

    def _end_row(self) -> None:
        row: list[Cell] = []
        for n, html in enumerate(self._cells):
            merge = self._merges[n] if n < len(self._merges) else ""
            if merge == "clmrg" and row:
                row[-1] = replace(row[-1], columns=row[-1].columns + 1)
            elif merge == "clvmrg" and n in self._above:
                above, place = self._above[n]
                upper = self._rows[above][place]
                self._rows[above][place] = replace(upper, rows=upper.rows + 1)
            else:
                self._above[n] = (len(self._rows), len(row))
                row.append(Cell(html, head=self._head))
        if self._cells:
            self._rows.append(row)
        self._cells = []
