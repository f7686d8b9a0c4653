"""Small office files and books, written by the libraries that people write them with."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any

import docx
import pptx
import xlsxwriter
from docx.shared import Inches
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches as Inch

from tests.conftest import picture

TORQUES = [
    ["Fastener", "Thread", "Torque"],
    ["Impeller bolt", "M12", "85 N·m"],
    ["Casing bolt", "M16", "210 N·m"],
    ["Drain plug", "G 1/2", "60 N·m"],
]


def saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def handbook() -> bytes:
    """A DOCX of two pages: headings, a list, a table with a merged row, a picture, a comment."""
    document = docx.Document()
    document.core_properties.title = "Pump handbook"
    document.sections[0].header.paragraphs[0].text = "ACME manual, revision 7"
    document.add_heading("Pump handbook", 0)
    document.add_heading("Lubrication", 1)
    oil = document.add_paragraph("The bearing housing takes 0.45 litres of ISO VG 46 oil.")
    document.add_comment(oil.runs, text="Still right?", author="Bob")
    for step in ("Stop the motor", "Close the valve"):
        document.add_paragraph(step, style="List Number")
    document.add_heading("Torques", 2)
    document.add_paragraph("Table 1. Tightening torques", style="Caption")
    table = document.add_table(rows=0, cols=3, style="Table Grid")
    for row in TORQUES:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    last = table.add_row().cells
    last[0].merge(last[2])
    last[0].text = "For dry threads"
    document.add_picture(io.BytesIO(picture()), width=Inches(3))
    document.add_paragraph("Figure 1. The impeller", style="Caption")
    document.add_page_break()
    document.add_heading("Shutdown", 1)
    document.add_paragraph("Close the discharge valve before the motor is stopped.")
    return saved(document)


def deck() -> bytes:
    """A PPTX, 960 x 540 points: a title; bullets with notes; table and picture; chart and group."""
    show = pptx.Presentation()
    show.slide_width, show.slide_height = Inch(13.3333), Inch(7.5)
    opening = show.slides.add_slide(show.slide_layouts[0])
    opening.shapes.title.text = "Annual review"
    bullets = show.slides.add_slide(show.slide_layouts[1])
    bullets.shapes.title.text = "Highlights"
    bullets.placeholders[1].text_frame.text = "Revenue grew by 12 %"
    bullets.notes_slide.notes_text_frame.text = "The growth came from the Jakarta office."
    sales = show.slides.add_slide(show.slide_layouts[5])
    sales.shapes.title.text = "Sales by region"
    cells = sales.shapes.add_table(3, 3, Inch(1), Inch(1.8), Inch(6), Inch(2)).table
    for n, row in enumerate((("Region", "2024", "2025"), ("Asia", "40", "61"), ("Peru", "5", "8"))):
        for c, text in enumerate(row):
            cells.cell(n, c).text = text
    ring = sales.shapes.add_picture(io.BytesIO(picture()), Inch(8), Inch(2), width=Inch(3))
    ring._element.nvPicPr.cNvPr.set("descr", "Ring logo")
    chart = show.slides.add_slide(show.slide_layouts[5])
    chart.shapes.title.text = "Revenue"
    data = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("Sales", (19.2, 21.4))
    data.add_series("Cost", (10.0, 11.5))
    frame = chart.shapes.add_chart(
        XL_CHART_TYPE.COLUMN_CLUSTERED, Inch(1), Inch(2), Inch(8), Inch(4.5), data
    )
    frame.chart.has_title = True
    frame.chart.chart_title.text_frame.text = "Million euros"
    inner = chart.shapes.add_group_shape().shapes.add_group_shape()
    remark = inner.shapes.add_textbox(Inch(10), Inch(5), Inch(2.5), Inch(1))
    remark.text_frame.text = "Nested remark"
    return saved(show)


def workbook() -> bytes:
    """An XLSX: formatted values and a chart; a wide sheet; a long one; a hidden one."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    prices = book.add_worksheet("Prices")
    euro = book.add_format({"num_format": '#,##0.00 "€"'})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    share = book.add_format({"num_format": "0.0%"})
    prices.write_row(0, 0, ["Part", "Price", "Since", "Share", "Twice"])
    for n, name in enumerate(("Shaft", "Seal", "Rotor"), 1):
        prices.write(n, 0, name)
        prices.write(n, 1, 1234.5 * n, euro)
        prices.write_datetime(n, 2, datetime(2024, n, 15), day)
        prices.write(n, 3, n / 16, share)
        prices.write_formula(n, 4, f"=B{n + 1}*2", euro, 2469 * n)
    chart: Any = book.add_chart({"type": "line"})
    values = {"values": "=Prices!$B$2:$B$4", "values_data": [1, 2, 3], "name": "Price"}
    names = {"categories": "=Prices!$A$2:$A$4", "categories_data": ["Shaft", "Seal", "Rotor"]}
    chart.add_series({**values, **names})
    chart.set_title({"name": "Price by part"})
    prices.insert_chart("H2", chart)
    wide = book.add_worksheet("Wide")
    for n in range(4):
        wide.write_row(n, 0, ["Key" if n == 0 else f"key {n}"])
        wide.write_row(n, 1, [f"Column {c}" if n == 0 else 100 * n + c for c in range(1, 30)])
    long = book.add_worksheet("Long")
    long.write_row(0, 0, ["Id", "Name", "Value"])
    for n in range(1, 61):
        long.write_row(n, 0, [n, f"name {n}", n * 1.5])
    book.add_worksheet("Secret").hide()
    book.get_worksheet_by_name("Secret").write(0, 0, "hidden cell")
    book.close()
    return out.getvalue()


_PACKAGE = """<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Whales</dc:title></metadata>
<manifest><item id="a" href="t/a.xhtml" media-type="application/xhtml+xml"/>
<item id="b" href="t/b%20b.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="a"/><itemref idref="b"/></spine></package>"""
_WHALE = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>The blue whale</h1>
<p>It eats <i>krill</i>, up to 3600 kilograms a day.</p>
<table><tr><th>Species</th><th>Length</th></tr><tr><td>Blue whale</td><td>30 m</td></tr>
<tr><td>Orca</td><td>8 m</td></tr></table>
<figure><img src="../i/ring.png" alt="A ring"/><figcaption>A tag for whales</figcaption></figure>
</body></html>"""


def whale_book() -> bytes:
    """An EPUB of two chapters, with a table and a picture."""
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile '
        'full-path="O/c.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "O/c.opf": _PACKAGE,
            "O/t/a.xhtml": _WHALE,
            "O/t/b b.xhtml": "<html><body><h1>Orcas</h1><p>Orcas hunt seals.</p></body></html>",
            "O/i/ring.png": picture(),
        }
    )


def packed(files: dict[str, str | bytes]) -> bytes:
    """A ZIP container."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def changed(data: bytes, part: str, content: bytes) -> bytes:
    """A container with one part replaced."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files: dict[str, str | bytes] = {n: archive.read(n) for n in archive.namelist()}
    return packed({**files, part: content})


def bar_drawing() -> bytes:
    """An SVG chart of three bars with words."""
    bars = "".join(
        f'<rect x="{80 + 150 * n}" y="{340 - h}" width="80" height="{h}" fill="#47a"/>'
        f'<text x="{95 + 150 * n}" y="360" font-size="14">{2023 + n}</text>'
        f'<text x="{95 + 150 * n}" y="{330 - h}" font-size="14">{h} kW</text>'
        for n, h in enumerate((100, 180, 250))
    )
    head = '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">'
    title = '<text x="200" y="30" font-size="20">Pump output by year</text>'
    size = 'width="600" height="400"'
    return f'{head}<svg xmlns="http://www.w3.org/2000/svg" {size}>{title}{bars}</svg>'.encode()
