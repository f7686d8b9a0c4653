"""Words stay whole in narrow columns, and cells read as their spreadsheet shows them."""

from __future__ import annotations

import io

import docx
import openpyxl
import pptx
import pytest
from pptx.util import Inches

from octavo.ingest.formats.text_width import em_width
from octavo.ingest.office.rich_text import unescaped
from tests.support.office_files import saved
from tests.support.reading import text_read

ROWS = [
    [["ID", "OK", "NO"], ["W1", "TRUE", "MWWM"], ["品目", "神戸市", "長崎港町"]],
    [["A", "Ä", "%"], ["WWWWWW", "ÄÖÜ", "100 %"], ["@@@@", "FALSE", "GROSSE"]],
    [["코드", "港", "Pier"], ["대한민국", "上海浦東新区", "KWMW"], ["예", "是", "YES"]],
]


@pytest.mark.parametrize("rows", ROWS)
def test_words_are_not_broken(rows: list[list[str]]) -> None:
    shown = [" | ".join(row) for row in rows]
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    assert text_read(saved(book)).splitlines()[1:] == shown

    document = docx.Document()
    table = document.add_table(len(rows), 3)
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    narrow = slide.shapes.add_table(3, 3, Inches(1), Inches(1), Inches(2.2), Inches(1)).table
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            table.cell(r, c).text = narrow.cell(r, c).text = text
    assert text_read(saved(document)).splitlines() == shown
    assert text_read(saved(show)).splitlines() == shown


@pytest.mark.parametrize(("narrow", "wide"), [("iiii", "WWWW"), ("abcd", "港湾都市"), ("1", "@")])
def test_wide_letters_are_measured_wider(narrow: str, wide: str) -> None:
    assert em_width(wide) > em_width(narrow) > 0


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("one_x000D_\ntwo", "one\ntwo"),
        ("tab_x0009_here", "tab\there"),
        ("kept _x005F_x0041_", "kept _x0041_"),
        ("snake_x_case_xyz_", "snake_x_case_xyz_"),
    ],
)
def test_escapes_of_a_workbook_are_decoded(stored: str, shown: str) -> None:
    assert unescaped(stored) == shown


def test_escapes_in_cells_are_line_breaks() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["Place", "Remark"])
    book.active.append(["Lock 3", "Gate is new_x000D_\nPaint is old"])
    out = io.BytesIO()
    book.save(out)
    assert "Lock 3 | Gate is new Paint is old" in text_read(out.getvalue())


@pytest.mark.parametrize("hidden", [[3], [3, 4], [5]])
def test_hidden_rows_part_no_table_and_are_said(hidden: list[int]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Pier", "Depth", "Secret"])
    for n in range(2, 7):
        sheet.append([f"P{n}", f"{n}.5 m", "x"])
    for row in hidden:
        sheet.row_dimensions[row].hidden = True
    sheet.column_dimensions["C"].hidden = True
    count = f"{len(hidden)} hidden row{'s' if len(hidden) > 1 else ''}"
    assert text_read(saved(book)).splitlines()[1:] == [
        "Pier | Depth",
        *(f"P{n} | {n}.5 m" for n in range(2, 7) if n not in hidden),
        f"Left out: {count} and hidden columns C",
    ]
