"""Reading pages: coordinates, headings, tables, figures, scans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.ingest.document import Block, Box, PageContent
from octavo.ingest.page import read_page
from octavo.ingest.read import read_pages
from octavo.ingest.text.reading_order import in_reading_order
from octavo.ingest.text.text_layer import body_size
from octavo.ingest.worker.worker_protocol import Opened
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
    assert table.table is not None
    assert table.table.columns == 3
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


def drawn(*texts: tuple[str, tuple[float, float, float, float]]) -> list[str]:
    """First words of the blocks of a page that is filled with `texts` in this order."""
    document = pymupdf.open()
    page = document.new_page(width=600, height=800)
    for text, (x0, y0, x1, y1) in texts:
        for y in range(int(y0), int(y1), 12):
            page.insert_text(
                (x0, y + 9), text.ljust(int((x1 - x0) / 4.8), "."), fontname="cour", fontsize=8
            )
    return [b.lines[0].text.strip(".") for b in blocks_of(document)]


COLUMNS = [
    ("left1", (40, 200, 290, 280)), ("left2", (40, 400, 290, 480)),
    ("right1", (310, 206, 560, 286)), ("right2", (310, 406, 560, 486)),
]  # fmt: skip
READ = ["left1", "left2", "right1", "right2"]


@pytest.mark.parametrize("width", [560, 200])
def test_a_title_drawn_last_is_read_first_and_a_footer_parts_no_text(width: int) -> None:
    title, footer = ("title", (40, 60, width, 70)), ("footer", (40, 700, width, 710))
    assert drawn(title, *COLUMNS, footer) == ["title", *READ, "footer"]
    assert drawn(*COLUMNS, title) == ["title", *READ]
    assert drawn(footer, *COLUMNS) == ["footer", *READ]


def test_columns_and_rows_are_the_files_own() -> None:
    assert drawn(*COLUMNS) == READ
    left1, left2, right1, right2 = COLUMNS
    assert drawn(left1, right1, left2, right2) == ["left1", "right1", "left2", "right2"]
    assert drawn(left2, left1, right1, right2) == READ


def test_a_quotation_between_two_columns_does_not_part_them() -> None:
    assert drawn(*COLUMNS, ("quote", (180, 310, 420, 360))) == [*READ, "quote"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 9)] * 4), max_size=12))
def test_ordering_loses_no_block_and_leaves_none_under_what_it_is_above(
    corners: list[tuple[int, ...]],
) -> None:
    boxes = [Box(x, y, x + w, y + h) for x, y, w, h in corners]
    blocks = [Block("text" if n % 3 else "figure", b, ()) for n, b in enumerate(boxes)]
    ordered = in_reading_order(blocks)
    assert sorted(map(id, ordered)) == sorted(map(id, blocks))
    for n, late in enumerate(ordered):
        for early in ordered[:n]:  # nothing that is over all of another one's width comes after it
            a, b = late.box, early.box
            wide = min(a.x1, b.x1) - max(a.x0, b.x0) >= 0.9 * max(1.0, min(a.width, b.width))
            footer = all(b.y0 > x.box.y1 for x in blocks if x is not early)
            above = wide and a.y1 <= b.y0 and a.y0 < b.y0
            assert not (late.kind == "text" and above and not footer)
