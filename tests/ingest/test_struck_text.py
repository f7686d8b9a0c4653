"""Struck-out text is deleted text: it is not read, in any format."""

from __future__ import annotations

import docx
import openpyxl
import pptx
import pymupdf
import pytest
from docx.enum.style import WD_STYLE_TYPE
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from pptx.util import Inches

from tests.support.office_files import saved
from tests.support.reading import text_read

PRICES = [("75", "90"), ("noon", "dusk"), ("quay 4 and 5", "quay 6")]


@pytest.mark.parametrize(("old", "new"), PRICES)
@pytest.mark.parametrize("way", ["strike", "double_strike", "style", "paragraph style"])
def test_word(old: str, new: str, way: str) -> None:
    document = docx.Document()
    style = document.styles.add_style("Dropped", WD_STYLE_TYPE.CHARACTER)
    style.font.strike = True
    whole = document.styles.add_style("Dropped paragraph", WD_STYLE_TYPE.PARAGRAPH)
    whole.font.strike = True
    paragraph = document.add_paragraph("Now ")
    if way == "paragraph style":
        document.add_paragraph(f"It was {old}", style=whole)
    else:
        run = paragraph.add_run(f"{old} ")
        if way == "style":
            run.style = style
        else:
            setattr(run.font, way, True)
    kept = paragraph.add_run(new)
    kept.font.strike = False
    assert text_read(saved(document)) == f"Now {new}"


@pytest.mark.parametrize(("old", "new"), PRICES)
@pytest.mark.parametrize("way", ["sngStrike", "dblStrike"])
def test_slides(old: str, new: str, way: str) -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    box = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(6), Inches(1))
    for text, strike in (("Now ", "noStrike"), (f"{old} ", way), (new, "noStrike")):
        run = box.text_frame.paragraphs[0].add_run()
        run.text = text
        run._r.get_or_add_rPr().set("strike", strike)
    assert text_read(saved(show)) == f"Now {new}"


@pytest.mark.parametrize(("old", "new"), PRICES)
def test_sheets(old: str, new: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Item", "Value", "Before"])
    sheet.append(["Berth", CellRichText(TextBlock(InlineFont(strike=True), old), new), old])
    sheet["C2"].font = Font(strike=True)
    assert f"Berth | {new} | " in text_read(saved(book))
    assert old not in text_read(saved(book))


@pytest.mark.parametrize(("old", "new"), PRICES)
@pytest.mark.parametrize(
    "form",
    [
        "<s>{}</s>", "<del>{}</del>", "<strike>{}</strike>", "<b class='old'>{}</b>",
        "<span style='text-decoration: red line-through'>{}</span>",
        "<span style='text-decoration-line:line-through'>{}</span>",
    ],
)  # fmt: skip
def test_web_pages(old: str, new: str, form: str) -> None:
    sheet = "<style>/* x */ p {margin: 0} .old, .gone {text-decoration: line-through;}</style>"
    html = f"<html><head>{sheet}</head><body><p>Now {form.format(old)}{new}</p></body></html>"
    assert text_read(html.encode(), ".html") == f"Now {new}"


def test_a_deleted_paragraph_of_a_web_page_is_left_out() -> None:
    html = "<html><body><del><p>Closed on Mondays</p></del><p>Open daily</p></body></html>"
    assert text_read(html.encode(), ".html") == "Open daily"


@pytest.mark.parametrize(("old", "new"), PRICES)
@pytest.mark.parametrize("rotation", [0, 90])
def test_passages_of_a_pdf_with_a_strike_out_annotation(old: str, new: str, rotation: int) -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), f"It costs or is {old} {new} in the harbour.")
    page.insert_text((72, 140), "Nothing else was changed on this page.")
    page.add_strikeout_annot(page.search_for(old)[0]).update()
    page.set_rotation(rotation)
    found = text_read(document.tobytes())
    assert f"It costs or is {new} in the harbour." in found
    assert "Nothing else was changed on this page." in found
