"""A sheet of an OpenDocument spreadsheet, row by row, as it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from octavo.ingest.formats.long_tables import NumberedRow
from octavo.ingest.formats.odf_package import count_of
from octavo.ingest.formats.odf_text import OdfText
from octavo.ingest.formats.table_html import Cell

_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576
_REPEATED = 200  # times that a row or a cell with something in it is shown
_HIDDEN = ("collapse", "filter")
_GROUPS = frozenset({
    "table-header-rows", "table-rows", "table-row-group", "table-columns", "table-column-group",
    "table-header-columns",
})  # fmt: skip


class OdfSheetRows:
    """Hidden rows and columns are left out; a merged cell stands in each row that it covers."""

    def __init__(self, sheet: Element, writer: OdfText) -> None:
        self._sheet = sheet
        self._writer = writer
        self._hidden = _hidden_columns(sheet)
        self._merged: dict[int, tuple[Cell, int]] = {}  # by column, and rows that it still covers

    def read(self) -> Iterator[NumberedRow]:
        number = 1
        for row in _rows(self._sheet):
            repeated = count_of(row, "number-rows-repeated", _MOST_ROWS)
            hidden = row.get("visibility") in _HIDDEN
            cells = self._cells(row)
            for n in range(min(repeated, _REPEATED) if cells and not hidden else 0):
                yield NumberedRow(number + n, cells)
            number += repeated

    def _cells(self, row: Element) -> dict[int, Cell]:
        cells: dict[int, Cell] = {}
        column = 0
        for child in row:
            if child.tag not in ("table-cell", "covered-table-cell") or column >= _MOST_COLUMNS:
                continue
            repeated = count_of(child, "number-columns-repeated", _MOST_COLUMNS)
            covered = child.tag == "covered-table-cell"
            cell = None if covered else self._cell(child, column)
            for n in range(column, column + (repeated if covered else min(repeated, _REPEATED))):
                shown = self._from_above(n) if covered else cell
                if shown is not None and n not in self._hidden:
                    cells[n] = shown
            column += repeated
        return cells

    def _cell(self, element: Element, column: int) -> Cell | None:
        html = self._writer.cell(element)
        columns = count_of(element, "number-columns-spanned", _MOST_COLUMNS)
        rows = count_of(element, "number-rows-spanned", _MOST_ROWS)
        if not html:
            return None
        cell = Cell(html, columns)
        if rows > 1:
            self._merged[column] = (cell, rows - 1)
        return cell

    def _from_above(self, column: int) -> Cell | None:
        if column not in self._merged:
            return None
        cell, left = self._merged.pop(column)
        if left > 1:
            self._merged[column] = (cell, left - 1)
        return cell


def _rows(element: Element) -> Iterator[Element]:
    for child in element:
        if child.tag == "table-row":
            yield child
        elif child.tag in _GROUPS:
            yield from _rows(child)


def _hidden_columns(sheet: Element) -> set[int]:
    hidden: set[int] = set()
    column = 0
    for child in sheet.iter("table-column"):
        repeated = count_of(child, "number-columns-repeated", _MOST_COLUMNS)
        if child.get("visibility") in _HIDDEN:
            hidden.update(range(column, min(column + repeated, _MOST_COLUMNS)))
        column += repeated
        if column >= _MOST_COLUMNS:
            break
    return hidden
