"""A worksheet's rows, as its XML is unpacked."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from octavo.ingest.formats.bounded_xml import walk, walking
from octavo.ingest.formats.epub_builder import Pictures, escape
from octavo.ingest.formats.long_tables import NumberedRow, column_letters
from octavo.ingest.formats.table_html import Cell
from octavo.ingest.office.number_formats import format_number
from octavo.ingest.office.office_package import Package, to_int
from octavo.ingest.office.rich_text import RichText, unescaped
from octavo.ingest.text.symbol_fonts import symbol_text

_CELL = re.compile(r"^\$?([A-Z]{1,3})\$?(\d{1,7})$")
_MOST_COLUMNS = 16_384
_NAMED = 20  # hidden columns that are named


@dataclass(frozen=True, slots=True)
class CellFormat:
    """How a cell is shown: its number format, whether in bold, and its font's name. A `struck`
    cell is deleted, and not read."""

    code: str = "General"
    bold: bool = False
    struck: bool = False
    font: str = ""


@dataclass(slots=True)
class Workbook:
    """What all sheets share."""

    package: Package
    main: str
    epoch_1904: bool
    strings: list[str]
    formats: list[CellFormat]
    pictures: Pictures = field(repr=False)


class WorksheetRows:
    """Cells of a worksheet, row by row as its XML is unpacked."""

    def __init__(self, workbook: Workbook, part: str) -> None:
        self._workbook = workbook
        self._part = part
        self._merged = _merged_cells(workbook.package, part)
        self._merged_down: dict[int, Cell] = {}  # cells merged downwards, by column
        self._merged_until: dict[int, int] = {}  # and the row they end in
        self._finished_rows: list[NumberedRow] = []
        self._hidden_columns: set[int] = set()
        self.hidden_rows = 0  # that hold something, so far
        self.columns_left_out: set[int] = set()
        self._row = 0
        self._column = -1
        self._hidden = False
        self._cells: dict[int, Cell] = {}
        self._kind = ""
        self._format = CellFormat()
        self._texts: dict[str, list[str]] = {}
        self._element = ""
        self._rich = RichText()

    def read(self) -> Iterator[NumberedRow]:
        pieces = self._workbook.package.container.chunks(self._part)
        bounds = self._workbook.package.bounds
        for _ in walking(pieces, bounds, self._start, self._end, self._text):
            yield from self._finished_rows
            self._finished_rows.clear()

    def left_out(self) -> str:
        """What was read so far and is hidden, as a sentence; empty where there is none."""
        parts = []
        if self.hidden_rows:
            parts.append(f"{self.hidden_rows} hidden row{'s' if self.hidden_rows > 1 else ''}")
        if self.columns_left_out:
            names = ", ".join(column_letters(c) for c in sorted(self.columns_left_out)[:_NAMED])
            more = ", ..." if len(self.columns_left_out) > _NAMED else ""
            parts.append(f"hidden columns {names}{more}")
        return f"Left out: {' and '.join(parts)}" if parts else ""

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "c":
            self._begin_cell(attributes)
        elif tag in ("v", "f"):
            self._element = tag
        elif tag == "row":
            self._row = to_int(attributes.get("r"), self._row + 1)
            self._column = -1
            self._hidden = attributes.get("hidden") in ("1", "true")
            self._cells = {}
        elif tag == "col" and attributes.get("hidden") in ("1", "true"):
            low, high = to_int(attributes.get("min")), to_int(attributes.get("max"))
            self._hidden_columns.update(range(max(low, 1) - 1, min(high, _MOST_COLUMNS)))
        elif self._kind == "inlineStr":
            self._rich.start(tag, attributes)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        position = _cell_position(attributes.get("r", ""))
        self._column = position[0] if position else self._column + 1
        self._kind = attributes.get("t", "n")
        index = to_int(attributes.get("s"))
        self._format = (
            self._workbook.formats[index]
            if 0 <= index < len(self._workbook.formats)
            else CellFormat()
        )
        self._texts = {}
        self._rich.take()

    def _text(self, piece: str) -> None:
        if self._element:
            self._texts.setdefault(self._element, []).append(piece)
        elif self._kind == "inlineStr":
            self._rich.text(piece)

    def _end(self, tag: str) -> None:
        if tag in ("v", "f"):
            self._element = ""
        elif tag == "c":
            self._end_cell()
        elif tag == "row":
            self._end_row()
        elif self._kind == "inlineStr":
            self._rich.end(tag)

    def _end_cell(self) -> None:
        if not 0 <= self._column < _MOST_COLUMNS:
            return
        if self._column in self._hidden_columns:
            self.columns_left_out.add(self._column)
            return
        shown = "" if self._format.struck else self._value().strip()
        if shown:
            shown = symbol_text(shown, self._format.font)
            html = escape(shown).replace("\n", "<br/>")
            self._cells[self._column] = Cell(html, head=self._format.bold)

    def _end_row(self) -> None:
        for column, cell in list(self._merged_down.items()):
            if self._merged_until[column] < self._row:
                del self._merged_down[column], self._merged_until[column]
            else:
                self._cells.setdefault(column, cell)
        for column, cell in list(self._cells.items()):
            across, last = self._merged.get((column, self._row), (1, self._row))
            if across > 1 or last > self._row:
                merged = Cell(cell.html, across, head=cell.head)
                self._cells[column] = merged
                if last > self._row and column not in self._merged_down:
                    self._merged_down[column], self._merged_until[column] = merged, last
        if self._hidden and self._cells:
            self.hidden_rows += 1
        cells = {} if self._hidden else dict(sorted(self._cells.items()))
        self._finished_rows.append(NumberedRow(self._row, cells, self._hidden))

    def _value(self) -> str:
        """What the cell shows; a formula that was never computed shows itself."""
        texts = {k: "".join(v) for k, v in self._texts.items()}
        raw = texts.get("v", "")
        if self._kind == "s":
            n = to_int(raw, -1)
            return self._workbook.strings[n] if 0 <= n < len(self._workbook.strings) else ""
        if self._kind == "inlineStr":
            return self._rich.take()
        if self._kind == "b":
            return "TRUE" if raw.strip() == "1" else "FALSE" if raw.strip() else ""
        if not raw:
            return f"={texts['f']}" if texts.get("f") else ""
        if self._kind in ("str", "e", "d"):
            return unescaped(raw)
        try:
            number = float(raw)
        except ValueError:
            return raw
        if not math.isfinite(number):
            return raw
        return format_number(number, self._format.code, self._workbook.epoch_1904)


def _cell_position(name: str) -> tuple[int, int] | None:
    """Column from 0 and row from 1 of `B12`."""
    match = _CELL.match(name)
    if match is None:
        return None
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - 64
    return column - 1, int(match[2])


def _merged_cells(package: Package, part: str) -> dict[tuple[int, int], tuple[int, int]]:
    """By a merged cell's column and first row: columns it covers, and its last row.

    They stand behind the rows in the XML, so it is gone through twice.
    """
    merged = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "mergeCell":
            low, _, high = attributes.get("ref", "").partition(":")
            a, b = _cell_position(low), _cell_position(high)
            if a and b:
                merged[a] = (max(1, b[0] - a[0] + 1), b[1])

    walk(package.container.chunks(part), package.bounds, start, lambda _: None, lambda _: None)
    return merged
