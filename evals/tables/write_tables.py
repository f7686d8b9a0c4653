"""Tables written as HTML, DOCX and XLSX by the writers that people use."""

from __future__ import annotations

import html
import io
from collections.abc import Iterator

from octavo.evals.tables.table_cases import TableCase

#: First row, first column, last row, last column, text.
_Cell = tuple[int, int, int, int, str]


def _header_cells(case: TableCase) -> Iterator[_Cell]:
    for n, row in enumerate(case.header):
        column = 0
        while column < len(row):
            last = column
            if n < len(case.header) - 1:
                while row[column] and last + 1 < len(row) and row[last + 1] == row[column]:
                    last += 1
            yield n, column, n, last, row[column]
            column = last + 1


def _body_cells(case: TableCase) -> Iterator[_Cell]:
    for n, row in enumerate(case.rows):
        for column, text in enumerate(row):
            if column == 0 and case.merged and n and case.rows[n - 1][0] == text:
                continue
            last = n
            while case.merged and column == 0 and last + 1 < len(case.rows):
                if case.rows[last + 1][0] != text:
                    break
                last += 1
            yield n, column, last, column, text


def html_of(case: TableCase) -> bytes:
    """A page with the table, its header cells as `th`."""

    def rows(cells: Iterator[_Cell], tag: str) -> str:
        lines: dict[int, str] = {}
        for top, left, bottom, right, text in cells:
            span = f' colspan="{right - left + 1}"' if right > left else ""
            span += f' rowspan="{bottom - top + 1}"' if bottom > top else ""
            lines[top] = lines.get(top, "") + f"<{tag}{span}>{html.escape(text)}</{tag}>"
        return "".join(f"<tr>{lines[n]}</tr>" for n in sorted(lines))

    body = rows(_header_cells(case), "th") + rows(_body_cells(case), "td")
    page = "<!DOCTYPE html><html><head><meta charset='utf-8'></head><body><p>Reported figures.</p>"
    return f"{page}<table>{body}</table><p>Checked.</p></body></html>".encode()


def docx_of(case: TableCase) -> bytes:
    """A document with the table; its header rows repeat on each page, as Word marks them."""
    import docx
    from docx.oxml import OxmlElement

    document = docx.Document()
    document.add_paragraph("Reported figures.")
    depth = len(case.header)
    table = document.add_table(depth + len(case.rows), case.columns, style="Table Grid")
    grid = table._cells  # one list: `table.cell` walks the whole table for every cell
    for top, left, bottom, right, text in _header_cells(case):
        cell = grid[top * case.columns + left]
        if right > left:
            cell = cell.merge(grid[bottom * case.columns + right])
        cell.text = text
    for top, left, bottom, right, text in _body_cells(case):
        cell = grid[(depth + top) * case.columns + left]
        if bottom > top:
            cell = cell.merge(grid[(depth + bottom) * case.columns + right])
        cell.text = text
    for row in table.rows[:depth]:
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:tblHeader"))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def xlsx_of(case: TableCase) -> bytes:
    """A workbook with the table, its header in bold; numbers as numbers."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Figures")
    bold = book.add_format({"bold": True})
    plain = book.add_format()
    depth = len(case.header)
    cells = [(c, bold) for c in _header_cells(case)]
    cells += [((a + depth, b, c + depth, d, t), plain) for a, b, c, d, t in _body_cells(case)]
    for (top, left, bottom, right, text), style in cells:
        if bottom > top or right > left:
            sheet.merge_range(top, left, bottom, right, text, style)
        elif style is plain and text.isdigit() and not text.startswith("0"):
            sheet.write_number(top, left, int(text), style)
        else:
            sheet.write_string(top, left, text, style)
    book.close()
    return out.getvalue()
