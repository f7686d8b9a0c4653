"""Office files, books, web pages, drawings and pictures: what is read of them, and where it is."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import openpyxl
import pptx
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw, ImageFont
from pptx.util import Inches

from octavo.api.cli.main import cli
from octavo.api.service import Service
from octavo.index.source import Source
from octavo.ingest.document import Block, Box, PageContent
from octavo.ingest.files import file_type, listed_paths
from octavo.ingest.office.number_formats import format_number
from octavo.ingest.open_document import open_document
from octavo.ingest.read import read_pages
from octavo.ingest.worker.worker_protocol import Opened
from octavo.retrieve.query import Query
from tests.conftest import picture
from tests.support.office_files import (
    TORQUES,
    bar_drawing,
    changed,
    deck,
    handbook,
    saved,
    whale_book,
    workbook,
)


def pages_of(data: bytes, suffix: str = "") -> list[PageContent]:
    pages = read_pages(data, file_type(data, suffix), ocr=False)
    return [p for p in pages if isinstance(p, PageContent)]


def blocks_of(data: bytes, suffix: str = "") -> list[Block]:
    return [b for p in pages_of(data, suffix) for b in p.blocks]


def texts(blocks: list[Block]) -> list[str]:
    return [x.text for b in blocks for x in (*b.caption, *b.lines)]


def headings(blocks: list[Block]) -> list[str]:
    found = [b for b in blocks if b.heading]
    return [" ".join(x.text for x in b.lines) for b in sorted(found, key=lambda b: -b.heading)]


def tables(blocks: list[Block]) -> list[list[str]]:
    return [[x.text for x in b.lines] for b in blocks if b.kind == "table"]


def test_docx_keeps_headings_numbers_tables_and_figures() -> None:
    pages = pages_of(handbook())
    blocks = [b for p in pages for b in p.blocks]
    assert headings(blocks) == ["Pump handbook", "Lubrication", "Shutdown", "Torques"]
    found = texts(blocks)
    assert {"ACME manual, revision 7", "1. Stop the motor", "2. Close the valve"} <= set(found)
    oil = found.index("The bearing housing takes 0.45 litres of ISO VG 46 oil.")
    assert found[oil + 1] == "Comment by Bob: Still right?"
    assert tables(blocks) == [[" | ".join(r) for r in TORQUES] + ["For dry threads |  | "]]
    (table,) = (b for b in blocks if b.kind == "table")
    assert [x.text for x in table.caption] == ["Table 1. Tightening torques"]
    assert table.lines[0].bold
    (figure,) = (b for b in blocks if b.kind == "figure")
    assert [x.text for x in figure.caption] == ["Figure 1. The impeller"]
    assert figure.box.width == pytest.approx(216, abs=1)  # three inches
    assert texts(list(pages[1].blocks))[:1] == ["Shutdown"]


_W = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>%s</w:body>'
    "</w:document>"
)


def test_docx_shows_what_word_shows() -> None:
    body = (
        "<w:p><w:r><w:t>kept</w:t></w:r><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t> inserted</w:t></w:r></w:ins>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></w:p>"
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent/></mc:Choice><mc:Fallback>"
        "<w:t>twice</w:t></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        "<w:p><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p>"
        "</w:txbxContent></w:pict></w:r></w:p>"
        "<w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>REF x</w:instrText>"
        "</w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>Figure 7</w:t></w:r>"
        "<w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>"
        "<w:p><m:oMath><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>c</m:t>"
        "</m:r></m:den></m:f></m:oMath></w:p>"
    )
    data = changed(handbook(), "word/document.xml", (_W % body).encode())
    found = " ".join(texts(blocks_of(data)))
    for shown in ("kept inserted", "in a box", "Figure 7", "(a+b)/c"):
        assert shown in found
    for hidden in ("deleted", "hidden", "twice", "REF"):
        assert hidden not in found


def test_pptx_is_a_page_a_slide_with_its_notes() -> None:
    data = deck()
    pages = pages_of(data)
    assert [(round(p.width), round(p.height)) for p in pages[::2]] == [(960, 540)] * 2
    assert pages[1].height > 540  # notes stand under the slide
    assert [headings(list(p.blocks)) for p in pages] == [
        ["Annual review"], ["Highlights"], ["Sales by region"], ["Revenue"],
    ]  # fmt: skip
    found = texts([b for p in pages for b in p.blocks])
    assert {"• Revenue grew by 12 %", "Nested remark"} <= set(found)
    assert "Notes: The growth came from the Jakarta office." in found
    assert tables(list(pages[2].blocks)) == [
        ["Region | 2024 | 2025", "Asia | 40 | 61", "Peru | 5 | 8"]
    ]
    (figure,) = (b for b in pages[2].blocks if b.kind == "figure")
    assert figure.box.rounded() == pytest.approx([576, 144, 792, 306], abs=2)
    assert [x.text for x in figure.caption] == ["Picture: Ring logo"]
    (chart,) = (b for b in pages[3].blocks if b.kind == "table")
    assert [x.text for x in chart.lines] == [
        " | Sales | Cost",
        "2023 | 19.2 | 10",
        "2024 | 21.4 | 11.5",
    ]
    assert [x.text for x in chart.caption] == ["Chart: Million euros, bar chart"]


def test_text_of_a_slide_is_never_cut() -> None:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[6])
    frame = slide.shapes.add_textbox(Inches(1), Inches(6), Inches(2), Inches(0.5)).text_frame
    frame.text = " ".join(f"word{n}" for n in range(900))
    found = " ".join(texts(blocks_of(saved(show))))
    assert all(f"word{n}" in found for n in range(900))


def test_xlsx_shows_values_as_cells_do() -> None:
    data = workbook()
    pages = pages_of(data)
    blocks = [b for p in pages for b in p.blocks]
    assert headings(blocks) == ["Prices", "Wide", "Long"]
    found = " ".join(texts(blocks))
    for value in ("1,234.50 €", "15.03.2024", "18.8%", "7,407.00 €"):
        assert value in found
    assert "Hidden sheets, left out: Secret" in found
    assert "hidden cell" not in found
    assert "Chart: Price by part, line chart" in found


def test_a_long_sheet_repeats_its_header_and_a_wide_one_its_key() -> None:
    blocks = blocks_of(workbook())
    named = {" ".join(x.text for x in b.caption): b for b in blocks if b.kind == "table"}
    long = [b for name, b in named.items() if name.startswith("Table: Long")]
    assert len(long) == 3
    assert {b.lines[0].text for b in long} == {"Id | Name | Value"}
    assert sum(len(b.lines) - 1 for b in long) == 60
    wide = {name: b for name, b in named.items() if name.startswith("Table: Wide")}
    assert list(wide) == [
        "Table: Wide, rows 1 to 4, columns A and B to S",
        "Table: Wide, rows 1 to 4, columns A and T to AD",
    ]
    assert all(b.lines[2].text.startswith("key 2 | ") for b in wide.values())


def test_a_formula_that_was_never_computed_shows_itself() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["Name", "Sum"], ["a", "=1+1"], ["b", 7]):
        sheet.append(row)
    assert "=1+1" in " ".join(texts(blocks_of(saved(book))))


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (1234.5, '#,##0.00 "€"', "1,234.50 €"),
        (-1234.5, "#,##0.00;(#,##0.00)", "(1,234.50)"),
        (45306, "dd.mm.yyyy", "15.01.2024"),
        (45306.75, "yyyy-mm-dd hh:mm", "2024-01-15 18:00"),
        (45306.75, "h:mm AM/PM", "6:00 PM"),
        (1.5, "[h]:mm", "36:00"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (0.0625, "0.0%", "6.3%"),
        (2.345, "0.00", "2.35"),
        (1234567, '#,##0,"k"', "1,235k"),
        (1234567, '0.0,,"M"', "1.2M"),
        (1234567, '0.00,"k"', "1234.57k"),
        (-2500000, "#,##0.0,,", "-2.5"),
        (1234567, "#,##0", "1,234,567"),
        (5, "00000", "00005"),
        (12345, "0.00E+00", "1.23E+04"),
        (0.1 + 0.2, "General", "0.3"),
        (12345678901, "General", "12345678901"),
        (0, '0.00;-0.00;"zero"', "zero"),
        (3, '0 "Stück"', "3 Stück"),
        (1e300, "0", f"1{'0' * 300}"),
        (3_400_000, '[>=1000000]0.0,,"m";[>=1000]0.0,"k";0', "3.4m"),
        (3400, '[>=1000000]0.0,,"m";[>=1000]0.0,"k";0', "3.4k"),
        (34, '[>=1000000]0.0,,"m";[>=1000]0.0,"k";0', "34"),
        (-34, '[<0]"minus "0;0', "minus 34"),
        (1, '[=1]"yes";[=0]"no";0', "yes"),
        (-1234, "#,##0_);[Red](#,##0)", "(1,234)"),
        (2025550123, "(000) 000-0000", "(202) 555-0123"),
    ],
)
def test_number_formats(value: float, code: str, shown: str) -> None:
    assert format_number(value, code) == shown


def test_epub_chapters_begin_on_pages_of_their_own() -> None:
    pages = pages_of(whale_book())
    assert [headings(list(p.blocks)) for p in pages] == [["The blue whale"], ["Orcas"]]
    blocks = list(pages[0].blocks)
    assert tables(blocks) == [["Species | Length", "Blue whale | 30 m", "Orca | 8 m"]]
    (figure,) = (b for b in blocks if b.kind == "figure")
    assert [x.text for x in figure.caption] == ["Picture: A tag for whales"]
    (opened,) = (p for p in read_pages(whale_book(), "epub") if isinstance(p, Opened))
    assert opened.metadata["title"] == "Whales"


def test_html_shows_data_pictures_and_fetches_nothing() -> None:
    ring = base64.b64encode(picture()).decode()
    html = (
        "<!doctype html><title>T</title><style>p{color:white}</style><script>var x=1;</script>"
        f"<h1>Report</h1><p>First<p>Second &eacute;<img src='data:image/png;base64,{ring}'>"
        "<img src='file:///etc/hostname' alt=local><img src='http://example.invalid/x.png'>"
        "<p hidden>secret<p style='display: none'>gone</p>"
        "<table><tr><th rowspan=2>Region<th colspan=2>Sales<tr><th>2024<th>2025"
        "<tr><td>Asia<td>40<td>61<tr><td>Peru<td>5<td>8</table>"
    )
    blocks = blocks_of(html.encode(), ".html")
    found = texts(blocks)
    assert headings(blocks) == ["Report"]
    assert {"First", "Second é", "[picture: local]"} <= set(found)
    assert not any(w in " ".join(found) for w in ("var", "secret", "gone"))
    assert [b.kind for b in blocks].count("figure") == 1
    assert tables(blocks)[0][2:] == ["Asia | 40 | 61", "Peru | 5 | 8"]


def test_wide_tables_stay_on_the_page() -> None:
    cells = "".join(f"<td>Longishword{n}</td>" for n in range(30))
    data = f"<html><table>{f'<tr>{cells}</tr>' * 3}</table></html>".encode()
    document = open_document(data, "html")
    found = [w for page in document for w in page.get_text("words")]
    assert {w[4] for w in found} == {f"Longishword{n}" for n in range(30)}
    assert max(w[2] for w in found) < 595


def test_svg_is_a_figure_with_its_words() -> None:
    (page,) = pages_of(bar_drawing())
    assert (page.width, page.height) == (600, 400)
    found = texts(list(page.blocks))
    assert {"Pump output by year", "2024", "180 kW"} <= set(found)
    assert any(b.kind == "figure" for b in page.blocks)


def frames() -> list[Image.Image]:
    found = []
    for n in range(3):
        image = Image.new("L", (620, 400), 255)
        draw = ImageDraw.Draw(image)
        draw.text((60, 80), f"Valve {n + 1} opens", fill=0, font=ImageFont.load_default(48))
        found.append(image)
    return found


def encoded(kind: str, turn: int = 0, **options: object) -> bytes:
    images = [i.rotate(turn, expand=True) for i in frames()]
    exif = Image.Exif()
    if turn:
        exif[0x112] = {90: 6, 180: 3, 270: 8}[turn]
    out = io.BytesIO()
    extra = {"save_all": True, "append_images": images[1:]} if options.pop("all", False) else {}
    images[0].save(out, kind, exif=exif, **extra, **options)
    return out.getvalue()


def test_every_frame_of_a_tiff_is_a_page_and_the_first_of_a_moving_picture() -> None:
    assert open_document(encoded("TIFF", all=True), "tiff").page_count == 3
    assert open_document(encoded("GIF", all=True), "gif").page_count == 1
    assert open_document(encoded("WEBP", all=True), "webp").page_count == 1


@pytest.mark.parametrize(
    ("kind", "name"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tiff")]
)
@pytest.mark.parametrize("turn", [90, 270])
def test_pictures_are_upright_as_their_file_says(kind: str, name: str, turn: int) -> None:
    data = encoded(kind, turn)
    assert file_type(data) == name
    upright, turned = (open_document(d, name)[0] for d in (encoded(kind), data))
    assert (turned.rect.width, turned.rect.height) == (upright.rect.width, upright.rect.height)
    a, b = (np.frombuffer(p.get_pixmap(alpha=False).samples, np.uint8) for p in (upright, turned))
    assert np.abs(a.astype(int) - b).mean() < 3


def one_word(kind: str) -> tuple[bytes, str]:
    """A file of the kind in which little but INKBLOT is written."""
    if kind == "docx":
        text = "<w:p><w:r><w:t>INKBLOT</w:t></w:r></w:p>"
        bare = changed(handbook(), "word/_rels/document.xml.rels", b"<Relationships/>")
        return changed(bare, "word/document.xml", (_W % text).encode()), ""
    if kind == "pptx":
        show = pptx.Presentation()
        slide = show.slides.add_slide(show.slide_layouts[6])
        box = slide.shapes.add_textbox(Inches(2), Inches(3), Inches(3), Inches(1))
        box.text_frame.text = "INKBLOT"
        return saved(show), ""
    if kind == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(["INKBLOT"])
        return saved(book), ""
    if kind == "epub":
        chapter = b"<html><body><p>INKBLOT</p></body></html>"
        return changed(changed(whale_book(), "O/t/a.xhtml", chapter), "O/t/b b.xhtml", chapter), ""
    if kind == "svg":
        drawn = '<text x="150" y="120" font-size="20">INKBLOT</text>'
        size = 'width="300" height="200"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</svg>'.encode(), ""
    if kind == "csv":
        return b"INKBLOT,x\na,1\n", ".csv"
    return b"<html><p>INKBLOT" if kind == "html" else b"INKBLOT", f".{kind}"


@pytest.mark.parametrize(
    "kind", ["docx", "pptx", "xlsx", "epub", "html", "md", "txt", "csv", "svg"]
)
def test_words_are_where_the_ink_is(kind: str) -> None:
    """The ink of the rendered page lies in the boxes of its lines, and each box holds ink."""
    data, suffix = one_word(kind)
    page = pages_of(data, suffix)[0]
    lines = [x for b in page.blocks for x in b.lines]
    assert any("INKBLOT" in x.text for x in lines)
    pixmap = open_document(data, kind)[0].get_pixmap(alpha=False)
    dark = np.frombuffer(pixmap.samples, np.uint8).reshape(pixmap.height, pixmap.width, 3)
    ink = dark.min(axis=2) < 100  # the rules of a table are lighter
    for line in lines:
        x0, y0, x1, y1 = (int(v) for v in line.box.grow(1.5).rounded())
        part = ink[max(0, y0) : y1 + 1, max(0, x0) : x1 + 1]
        assert part.any()
        part[:] = False
    assert not ink.any()


def test_pages_are_laid_out_the_same_every_time() -> None:
    from octavo.ingest.open_document import _kept

    for data, kind in ((handbook(), "docx"), (deck(), "pptx"), (workbook(), "xlsx")):
        first = [p.get_text("words") for p in open_document(data, kind)]
        kept = [p.get_text("words") for p in open_document(data, kind)]
        _kept._converted.clear()
        anew = [p.get_text("words") for p in open_document(data, kind)]
        assert first == kept == anew


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Größe naïve café"),
        ("utf-16", "Größe ελλάδα"),
        ("utf-16-le", "plain words without a mark"),
        ("utf-32", "Größe"),
        ("cp1251", "Обычный русский текст о насосах и маслах"),
        ("koi8_r", "Обычный русский текст о насосах и маслах"),
        ("shift_jis", "これはポンプの取扱説明書です"),
        ("gb18030", "这是一本关于水泵的手册，我们在这里说明它的使用"),
        ("euc_kr", "이것은 펌프 설명서입니다. 기름을 교환하십시오"),
    ],
)
def test_text_in_other_encodings_stays_right(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    assert file_type(data, ".txt") == "txt"
    found = "".join(page.get_text() for page in open_document(data, "txt"))
    assert found.split() == text.split()


def test_declared_encodings_count() -> None:
    page = "<html><head><meta charset=iso-8859-2></head><p>Příliš žluťoučký kůň</html>"
    found = open_document(page.encode("iso-8859-2"), "html")[0].get_text()
    assert "Příliš žluťoučký kůň" in found


_ASKED = {
    "handbook.docx": (handbook, "How many litres of oil does the bearing housing take?", "0.45"),
    "deck.pptx": (deck, "Which office did the growth come from?", "Jakarta"),
    "book.xlsx": (workbook, "What is the price of the Rotor?", "3,703.50 €"),
    "whales.epub": (whale_book, "How much krill does the blue whale eat a day?", "3600"),
    "output.svg": (bar_drawing, "What is the pump output by year?", "kW"),
    "scan.tiff": (lambda: encoded("TIFF", all=True), "Which valve opens?", "Valve"),
}


def test_every_format_is_asked_end_to_end(service: Service) -> None:
    sources = [Source(name, f"/{name}", make) for name, (make, _, _) in _ASKED.items()]
    results = list(service.ingest(sources))
    assert [(r.outcome, list(r.failed_pages)) for r in results] == [("added", [])] * 6
    for name, (_, question, expected) in _ASKED.items():
        hits = [h for h in service.search(Query(question), limit=5).hits if h.name == name]
        hit = next(h for h in hits if expected in h.text)
        region = hit.regions[0]
        png = service.page_png(hit.document, region.page, [Box(*region.box)])
        assert png.startswith(b"\x89PNG")
    answer = service.ask(Query(_ASKED["handbook.docx"][1]))
    assert "0.45 litres" in answer.sentences[0].text


def test_a_list_of_paths_on_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one.txt", "two words.md"):
        (tmp_path / name).write_text("Close the valve.\n" + name)
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    empty = run.invoke(cli, ["ingest", "--index", "i", "-"], input="\n")
    said = "octavo: standard input names no file; give one path a line\n"
    assert (empty.exit_code, empty.stderr) == (1, said)
    assert not (tmp_path / "i").exists()
    listed = run.invoke(cli, ["ingest", "--index", "i", "-"], input="one.txt\0two words.md\0")
    assert listed.exit_code == 0
    assert "one.txt: added" in listed.stdout
    assert "two words.md: added" in listed.stdout
    assert listed_paths(b"a b\r\nc\n\n") == [Path("a b"), Path("c")]
