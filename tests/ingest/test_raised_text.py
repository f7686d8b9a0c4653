"""Raised and lowered characters keep their meaning in every format."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pptx
import pymupdf
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from pptx.util import Inches

from octavo.ingest.text.raised_text import plain_html, with_note_marks
from tests.support.office_files import saved, whale_book
from tests.support.reading import text_read

#: A sentence in parts, each on the line (0), raised (1) or lowered (-1), and how it is read.
SENTENCES = [
    ([("Fatigue test: 2·10", 0), ("7", 1), (" bends", 0)], "Fatigue test: 2·10⁷ bends"),
    ([("Mooring is 840", 0), ("2", 1), (" EUR", 0)], "Mooring is 840² EUR"),
    ([("A bore of 3", 0), ("5", 1), ("/", 0), ("8", -1), (" inch", 0)], "A bore of 3 5/8 inch"),
    ([("Rinse with CO", 0), ("2", -1), (" gas", 0)], "Rinse with CO2 gas"),
    ([("log", 0), ("2", -1), ("16 = 4", 0)], "log₂16 = 4"),
    ([("It decays as e", 0), ("-kt", 1), (".", 0)], "It decays as e^(-kt)."),
]
Parts = list[tuple[str, int]]


def in_docx(parts: Parts) -> bytes:
    document = docx.Document()
    paragraph = document.add_paragraph()
    for text, level in parts:
        font = paragraph.add_run(text).font
        if level:
            setattr(font, "superscript" if level > 0 else "subscript", True)
    return saved(document)


def in_pptx(parts: Parts) -> bytes:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    box = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(8), Inches(1))
    for text, level in parts:
        run = box.text_frame.paragraphs[0].add_run()
        run.text = text
        if level:
            run._r.get_or_add_rPr().set("baseline", "30000" if level > 0 else "-25000")
    return saved(show)


def in_xlsx(parts: Parts) -> bytes:
    book = openpyxl.Workbook()
    fonts = {1: InlineFont(vertAlign="superscript"), -1: InlineFont(vertAlign="subscript")}
    rich = [TextBlock(fonts[n], t) if n else t for t, n in parts]
    assert book.active is not None
    book.active.append(["Remark", "No."])
    book.active.append([CellRichText(*rich), "1"])
    return saved(book)


def html_of(parts: Parts) -> str:
    form = {0: "{}", 1: "<sup>{}</sup>", -1: "<sub>{}</sub>"}
    return "".join(form[n].format(t) for t, n in parts)


def in_html(parts: Parts) -> bytes:
    return f"<html><body><p>{html_of(parts)}</p></body></html>".encode()


def in_styled_html(parts: Parts) -> bytes:
    words = {0: "{}", 1: '<span class="up">{}</span>', -1: '<i style="vertical-align:sub">{}</i>'}
    body = "".join(words[n].format(t) for t, n in parts)
    style = "p{margin:0} span.up, b{font-size:8pt; vertical-align: super}"
    return f"<html><head><style>{style}</style></head><body><p>{body}</p></body></html>".encode()


def in_pdf(parts: Parts, smaller: float = 0.65) -> bytes:
    document = pymupdf.open()
    page = document.new_page()
    font, x = pymupdf.Font("helv"), 72.0
    writer = pymupdf.TextWriter(page.rect)
    for text, level in parts:
        size = 12.0 if level == 0 else 12.0 * smaller
        writer.append((x, 100 - level * (4.0 if level > 0 else 2.5)), text, font, size)
        x += font.text_length(text, size)
    writer.write_text(page)
    return bytes(document.tobytes())


@pytest.mark.parametrize("make", [in_docx, in_pptx, in_xlsx, in_html, in_styled_html, in_pdf])
@pytest.mark.parametrize(("parts", "read"), SENTENCES)
def test_raised_and_lowered_characters_are_read_as_such(
    make: Callable[[Parts], bytes], parts: Parts, read: str
) -> None:
    found = text_read(make(parts), ".html" if "html" in make.__name__ else "")
    assert read in found.splitlines() or f"{read} | 1" in found.splitlines()


def test_digits_raised_in_the_size_of_the_line_are_raised_in_a_pdf() -> None:
    parts = [("Lifts 10", 0), ("4", 1), (" N", 0)]
    assert text_read(in_pdf(parts, smaller=1.0)) == "Lifts 10⁴ N"


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_line_has_raised_digits(turn: int) -> None:
    document = pymupdf.open()
    page = document.new_page()
    html = "<p>Endures 10<sup>8</sup> turns</p>"
    page.insert_htmlbox(pymupdf.Rect(100, 100, 300, 400), html, rotate=turn)
    assert text_read(document.tobytes()) == "Endures 10⁸ turns"


@pytest.mark.parametrize(
    ("html", "read"),
    [
        ("the 4<sup>th</sup> pier", "the 4th pier"),
        ("M<sup>me</sup> Corbel", "Mme Corbel"),
        ("Kelda<sup>TM</sup> paint", "Kelda™ paint"),
        ("<sup>6</sup>Without tax", "⁶ Without tax"),
        ("35 m<sup>2</sup>·s<sup>−1</sup>", "35 m²·s⁻¹"),
        ("Ohm<sup>1,2</sup> and", "Ohm¹,² and"),
        ("Lu<sup>1,2,∗</sup> and Ma<sup>3†</sup>", "Lu¹,²,∗ and Ma³†"),
        ("the k<sup>th</sup> row", "the kth row"),
        ("said<sup>[9]</sup>.", "said [9]."),
        ("7<sup>1</sup><sup>2</sup>", "7¹²"),
        ("<b>2<sup>1</sup></b>/<sub>4</sub>", "<b>2 1/4</b>"),
        ("12</p><p><sup>5</sup>Note", "12</p><p>⁵ Note"),
        ("x<sup>n+1</sup>, y<sup>ab</sup>", "xⁿ⁺¹, y^(ab)"),
    ],
)
def test_how_raised_characters_are_written(html: str, read: str) -> None:
    assert plain_html(html) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("The toll is 75³ EUR.", "The toll is 75 [3] EUR."),
        ("³ For boats over 9 m.", "[3] For boats over 9 m."),
        ("at the quay.³ Later", "at the quay. [3] Later"),
        ("10³ kg of 12 m³ and x³", "10³ kg of 12 m³ and x³"),
        ("The toll is 75² EUR.", "The toll is 75² EUR."),
    ],
)
def test_marks_of_notes_are_told_from_powers(text: str, read: str) -> None:
    assert with_note_marks(text, frozenset("³")) == read


@pytest.mark.parametrize("text", ["³ " * 3000, "³" * 3000, "x" * 30_000 + "³", "<sup>" * 3000])
def test_hostile_lines_are_read_in_time(text: str) -> None:
    assert with_note_marks(text, frozenset("³"))
    assert plain_html(text + "1</sup>") is not None


@pytest.mark.parametrize("raised", [True, False])
def test_a_number_with_a_note_at_the_foot_of_a_pdf_page_is_a_mark(raised: bool) -> None:
    document = pymupdf.open()
    page = document.new_page()
    body = "<p>The wharf rate is 415<sup>7</sup> EUR for a tonnage of 10<sup>7</sup>.</p>"
    page.insert_htmlbox(pymupdf.Rect(72, 100, 500, 200), body)
    number = "<sup>7</sup>" if raised else "7 "
    note = f'<p style="font-size:8pt">{number}Not for ships under sail.</p>'
    page.insert_htmlbox(pymupdf.Rect(72, 700, 500, 760), note)
    found = text_read(document.tobytes())
    assert "The wharf rate is 415 [7] EUR for a tonnage of 10⁷." in found


@pytest.mark.parametrize(
    ("mark", "read"),
    [
        ('fee 230<sup><a href="#fn4">4</a></sup> EUR', "fee 230 [4] EUR"),
        ('fee 230<a role="doc-noteref" href="#n4">4</a> EUR', "fee 230 [4] EUR"),
        ('fee 230<a href="#_ftn4">[4]</a> EUR', "fee 230 [4] EUR"),
        ('fee 230<a href="#top">4</a> EUR', "fee 2304 EUR"),  # a link that is no mark
    ],
)
def test_references_to_notes_in_html_are_marks(mark: str, read: str) -> None:
    assert text_read(f"<html><body><p>{mark}</p></body></html>".encode(), ".html") == read


def test_a_note_of_word_with_a_power_in_it_keeps_it() -> None:
    document = docx.Document()
    comment = document.add_paragraph("Load").runs
    added = document.add_comment(comment, text="At most 10", author="Ann")
    added.paragraphs[0].add_run("5").font.superscript = True
    added.paragraphs[0].add_run(" N")
    assert "Comment by Ann: At most 10⁵ N" in text_read(saved(document))


def test_an_epub_reads_raised_digits() -> None:
    data = whale_book()
    assert "krill" in text_read(data)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b"3600 kilograms", b"10<sup>9</sup> kilograms")
            new.writestr(name, content)
    assert "up to 10⁹ kilograms a day" in text_read(out.getvalue())
