"""Signs of symbol fonts are read in Unicode, in every format."""

from __future__ import annotations

import io
import zipfile

import docx
import openpyxl
import pptx
import pymupdf
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from openpyxl.styles import Font
from pptx.util import Inches

from octavo.ingest.text.symbol_fonts import office_text, symbol_text
from tests.support.office_files import saved
from tests.support.reading import text_read

#: A place, its font and the sign that it shows.
SIGNS = [
    (0xB1, "Symbol", "±"),
    (0xA3, "Symbol", "≤"),
    (0x57, "Symbol", "Ω"),
    (0xB0, "Symbol", "°"),
    (0xFC, "Wingdings", "✓"),
    (0xA8, "Wingdings", "◻"),
    (0xE0, "Wingdings", "→"),
    (0x52, "Wingdings 2", "☑"),
    (0x61, "Webdings", "✓"),
]


@pytest.mark.parametrize(("place", "font", "sign"), SIGNS)
@pytest.mark.parametrize("private", [True, False])
def test_word_shows_a_symbol_between_digits(
    place: int, font: str, sign: str, private: bool
) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Shim 41")
    symbol = OxmlElement("w:sym")
    symbol.set(qn("w:font"), font)
    symbol.set(qn("w:char"), f"{place + (0xF000 if private else 0):04X}")
    paragraph.add_run()._r.append(symbol)
    paragraph.add_run("6 mm")
    assert text_read(saved(document)) == f"Shim 41{sign}6 mm"


@pytest.mark.parametrize(("place", "font", "sign"), SIGNS)
def test_runs_in_a_symbol_font_are_read(place: int, font: str, sign: str) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Gauge ")
    paragraph.add_run(chr(0xF000 + place)).font.name = font
    paragraph.add_run(chr(place)).font.name = font
    assert text_read(saved(document)) == f"Gauge {sign}{sign}"

    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    box = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(6), Inches(1))
    for text, name in (("Gauge ", "Arial"), (chr(0xF000 + place), font)):
        run = box.text_frame.paragraphs[0].add_run()
        run.text, run.font.name = text, name
    assert text_read(saved(show)) == f"Gauge {sign}"

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Gauge", "Checked"])
    sheet.append(["G-4", chr(place)])
    sheet["B2"].font = Font(name=font)
    assert f"G-4 | {sign}" in text_read(saved(book))

    html = f'<html><body><p>Gauge <font face="{font}">{chr(place)}</font></p></body></html>'
    assert text_read(html.encode(), ".html") == f"Gauge {sign}"


@pytest.mark.parametrize(("place", "sign"), [(0xB1, "±"), (0xB3, "≥"), (0x44, "Δ"), (0xB4, "×")])
def test_private_characters_without_their_font_are_those_of_symbol(place: int, sign: str) -> None:
    document = docx.Document()
    document.add_paragraph(f"Play 7 {chr(0xF000 + place)} 2 mm")
    assert text_read(saved(document)) == f"Play 7 {sign} 2 mm"
    html = f"<html><body><p>Play 7 {chr(0xF000 + place)} 2 mm</p></body></html>"
    assert text_read(html.encode(), ".html") == f"Play 7 {sign} 2 mm"
    note = f"Play 7 {chr(0xF000 + place)} 2 mm\n"
    assert text_read(note.encode(), ".txt") == f"Play 7 {sign} 2 mm"


@pytest.mark.parametrize(
    ("text", "font", "sign"), [("a\xb3", "symb", "α≥"), ("4", "zadb", "✔"), ("D\xa3", "symb", "Δ≤")]
)
def test_symbol_fonts_of_a_pdf_are_read(text: str, font: str, sign: str) -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), "Limits of the hoist are printed here")
    page.insert_text((72, 130), text, fontname=font)
    assert text_read(document.tobytes()).splitlines() == [
        "Limits of the hoist are printed here", sign,
    ]  # fmt: skip


@pytest.mark.parametrize("font", ["Segoe UI Symbol", "Arial", "ABCDEF+SymbolicSans", ""])
def test_letters_of_other_fonts_stay(font: str) -> None:
    assert symbol_text("Wave \xb3 m", font) == "Wave \xb3 m"


def test_a_broken_font_of_a_pdf_stays_unread() -> None:
    assert symbol_text("\uf041\uf042", "ABCDEF+Foundry") == "\uf041\uf042"
    assert symbol_text("\uf0b7", "ABCDEF+Foundry") == "•"
    assert office_text("\uf041\uf042", "Arial") == "ΑΒ"


def test_a_box_to_tick_of_an_old_word_form_is_read() -> None:
    document = docx.Document()
    document.add_paragraph("Insured: BOX yes")
    field = (
        '</w:t></w:r><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox>'
        '<w:default w:val="0"/><w:checked/></w:checkBox></w:ffData></w:fldChar></w:r>'
        "<w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r>"
        '<w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t xml:space="preserve">'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(document))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"BOX", field.encode()))
    assert text_read(out.getvalue()) == "Insured: ☒ yes"
