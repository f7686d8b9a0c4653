"""Tables of DOCX: rows, merged cells and header rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element

from octavo.ingest.formats.table_html import Cell
from octavo.ingest.office.docx_elements import children_of, hexadecimal
from octavo.ingest.office.office_package import attribute_of, find_child, is_on, to_int


def table_cells(table: Element, cell_html: Callable[[Element], str]) -> list[list[Cell]]:
    """The rows of a table; a cell merged downwards stands in its first row. `cell_html` makes the
    HTML of one cell."""
    rows = list(rows_of(table))
    grid: list[list[Cell]] = []
    merged_down: dict[int, tuple[int, int]] = {}  # column to row and place
    heads = _header_rows(table, rows)
    for n, row in enumerate(rows):
        cells: list[Cell] = []
        column = to_int(attribute_of(row, "trPr", "gridBefore"))
        if column:
            cells.append(Cell("", columns=min(column, 1000)))
        for cell in children_of(row, "tc"):
            if find_child(cell, "tcPr", "cellDel") is not None:
                continue
            columns = max(1, min(to_int(attribute_of(cell, "tcPr", "gridSpan"), 1), 1000))
            merged = find_child(cell, "tcPr", "vMerge")
            if merged is not None and merged.get("val", "continue") == "continue":
                if column in merged_down:
                    above, place = merged_down[column]
                    upper = grid[above][place]
                    grid[above][place] = Cell(upper.html, upper.columns, upper.rows + 1, upper.head)
                else:
                    cells.append(Cell("", columns))
            else:
                merged_down.pop(column, None)
                if merged is not None:
                    merged_down[column] = (n, len(cells))
                cells.append(Cell(cell_html(cell), columns, head=n < heads))
            column += columns
        grid.append(cells)
    return grid


def rows_of(table: Element) -> Iterator[Element]:
    for row in children_of(table, "tr"):
        if find_child(row, "trPr", "del") is None:
            yield row


def _header_rows(table: Element, rows: list[Element]) -> int:
    """Rows that Word repeats on each page; else the first, where the table's look sets it apart
    and it holds no numbers alone."""
    repeated = 0
    for row in rows:
        if not is_on(find_child(row, "trPr", "tblHeader")):
            break
        repeated += 1
    if repeated or len(rows) < 2:
        return min(repeated, len(rows) - 1)
    look = find_child(table, "tblPr", "tblLook")
    if look is None:
        return 0
    first_row = look.get("firstRow") in ("1", "true") or bool(hexadecimal(look.get("val")) & 0x20)
    texts = ["".join(c.itertext()).strip() for c in children_of(rows[0], "tc")]
    worded = len(texts) > 1 and all(any(map(str.isalpha, t)) or not t for t in texts)
    return int(first_row and worded)
