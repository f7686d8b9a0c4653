"""Reading pages: coordinates, headings, tables, figures, scans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.document import Block, Box, PageContent
from ingest.messages import Opened
from ingest.page import read_page
from ingest.read import read_pages
from ingest.textlayer import body_size
from tests.conftest import picture, scanned_pdf, text_pdf


def blocks_of(document: Any, page: int = 0) -> tuple[Block, ...]:
    return read_page(document[page], page + 1, body_size(document)).blocks


def words(blocks: tuple[Block, ...]) -> list[str]:
    return [w for b in blocks for x in (*b.caption, *b.lines) for w in x.text.split()]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([0, 90, 180, 270]),
    st.integers(80, 300),
    st.integers(120, 500),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_boxes_are_where_the_ink_is(turn: int, x: int, y: int, left: int, top: int) -> None:
    """A word's box, rotation and crop box applied, holds the ink of the rendered page."""
    document = pymupdf.open()
    page = document.new_page(width=500, height=640)
    page.insert_text((x, y), "INKBLOT", fontsize=20)
    page.set_cropbox(pymupdf.Rect(left, top, 500, 640))
    page.set_rotation(turn)
    (block,) = read_page(page, 1, 20.0).blocks
    pixels = np.frombuffer(page.get_pixmap().samples, np.uint8)
    pixmap = page.get_pixmap()
    dark = pixels.reshape(pixmap.height, pixmap.width, 3).min(axis=2) < 128
    rows, columns = np.nonzero(dark)
    box = block.box.grow(1.5)
    assert box.x0 <= columns.min() <= columns.max() <= box.x1
    assert box.y0 <= rows.min() <= rows.max() <= box.y1
    ink = (columns.max() - columns.min()) * (rows.max() - rows.min())
    assert block.box.area < 3.5 * ink  # and little more than the ink


def test_headings_are_told_from_text() -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 80), "2 Installation of the pump", fontsize=18)
    page.insert_textbox(pymupdf.Rect(72, 120, 520, 400), "Lift the pump by its eye bolts. " * 9)
    heading, text = blocks_of(document)
    assert heading.heading == 180
    assert text.heading == 0


def ruled_table(page: Any, rows: list[list[str]], top: float, rules: bool = True) -> Box:
    x = [72.0, 232.0, 352.0, 523.0]
    for n, row in enumerate(rows):
        for left, text in zip(x, row, strict=False):
            page.insert_text((left + 4, top + 14 + 20 * n), text, fontsize=10)
    levels = range(len(rows) + 1) if rules else (0, 1, len(rows))
    for n in levels:
        page.draw_line((x[0], top + 20 * n), (x[-1], top + 20 * n))
    if rules:
        for left in x:
            page.draw_line((left, top), (left, top + 20 * len(rows)))
    return Box(x[0], top, x[-1], top + 20 * len(rows))


ROWS = [
    ["Fastener", "Thread", "Torque"],
    ["Impeller bolt", "M12", "85 N·m"],
    ["Casing bolt", "M16", "210 N·m"],
    ["Drain plug", "G 1/2", "60 N·m"],
]


@pytest.mark.parametrize("rules", [True, False])
def test_a_ruled_table_keeps_its_cells(rules: bool) -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 90), "Table 4. Tightening torques", fontsize=10)
    box = ruled_table(page, ROWS, 100, rules)
    page.insert_textbox(pymupdf.Rect(72, 300, 520, 500), "Torques are for dry threads. " * 6)
    table = next(b for b in blocks_of(document) if b.kind == "table")
    assert [x.text for x in table.lines] == [" | ".join(r) for r in ROWS]
    assert table.columns == 3
    assert "".join(x.text for x in table.caption) == "Table 4. Tightening torques"
    assert table.box.clip(box).area > 0.95 * box.area


def bar_chart(page: Any, top: float) -> Box:
    for n, (year, height) in enumerate((("2023", 60), ("2024", 90), ("2025", 120))):
        left = 120 + 90 * n
        page.draw_rect(
            pymupdf.Rect(left, top + 150 - height, left + 50, top + 150), fill=(0.2, 0.4, 0.7)
        )
        page.insert_text((left + 8, top + 145 - height), f"{height}.5", fontsize=9)
        page.insert_text((left + 12, top + 162), year, fontsize=9)
    page.draw_line((100, top + 150), (400, top + 150))
    page.draw_line((100, top), (100, top + 150))
    return Box(100, top, 400, top + 165)


def test_a_vector_chart_is_a_figure_with_its_labels_and_caption() -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_textbox(pymupdf.Rect(72, 60, 520, 120), "Revenue grew as Figure 2 shows. " * 4)
    box = bar_chart(page, 180)
    page.insert_text((110, 375), "Figure 2. Revenue in million euros", fontsize=10)
    figure = next(b for b in blocks_of(document) if b.kind == "figure")
    assert {"120.5", "2025"} <= {x.text for x in figure.lines}
    assert "".join(x.text for x in figure.caption) == "Figure 2. Revenue in million euros"
    assert figure.box.clip(box).area > 0.8 * box.area
    assert figure.image is not None


def test_an_image_is_a_figure_and_small_decorations_are_not() -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image(pymupdf.Rect(100, 200, 400, 425), stream=picture())
    page.insert_image(pymupdf.Rect(20, 20, 44, 38), stream=picture())
    page.insert_text((100, 445), "Figure 1. Seal ring", fontsize=10)
    page.insert_textbox(pymupdf.Rect(72, 500, 520, 700), "The ring seals the shaft. " * 5)
    figures = [b for b in blocks_of(document) if b.kind == "figure"]
    assert len(figures) == 1
    assert figures[0].box == Box(100, 200, 400, 425)


def test_every_word_of_a_busy_page_is_kept() -> None:
    document = pymupdf.open()
    page = document.new_page()
    ruled_table(page, ROWS, 80)
    bar_chart(page, 230)
    page.insert_text((110, 425), "Figure 2. Revenue", fontsize=10)
    page.insert_textbox(pymupdf.Rect(72, 450, 520, 700), "Close the valve first. " * 20)
    kept = [w for w in words(blocks_of(document)) if w != "|"]
    assert sorted(kept) == sorted(page.get_text().split())


def test_a_scan_is_read_by_ocr_with_boxes() -> None:
    data = scanned_pdf(["Warranty extended to", "30 June 2031", "Reference KX-2207"])
    opened, page = read_pages(data, "pdf")
    assert isinstance(opened, Opened)
    assert isinstance(page, PageContent)
    assert page.status.state == "ocr"
    text = " ".join(x.text for b in page.blocks for x in b.lines)
    assert "KX-2207" in text
    assert "30 June 2031" in text
    line = next(x for b in page.blocks for x in b.lines if "KX-2207" in x.text)
    assert 60 < line.box.x0 < 80  # drawn at 150 of 1240 pixels of a page 595 points wide
    assert 175 < line.box.y0 < 195
    assert page.blocks[-1].kind == "page"


def test_a_page_without_ocr_still_counts() -> None:
    _, page = read_pages(scanned_pdf(["Hello"]), "pdf", ocr=False)
    assert isinstance(page, PageContent)
    assert page.status.state == "image"


def test_blank_pages_are_told() -> None:
    document = pymupdf.open()
    document.new_page()
    pages = list(read_pages(document.tobytes(), "pdf"))[1:]
    assert [p.status.state for p in pages if isinstance(p, PageContent)] == ["blank"]


def test_metadata_comes_first() -> None:
    first = next(iter(read_pages(text_pdf(["one", "two"], title="Two pages"), "pdf")))
    assert isinstance(first, Opened)
    assert first.pages == 2
    assert first.metadata["title"] == "Two pages"
