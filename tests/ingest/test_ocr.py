"""Text, figures and tables of scanned pages, whichever side they lie on."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pymupdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo.ingest.document import Block, Box, Line
from octavo.ingest.page import read_page
from octavo.ingest.scan import ocr
from octavo.ingest.scan.scan_figures import find_scan_figures
from octavo.ingest.scan.scan_layout import arrange_blocks

WORDS = ["Warranty extended to", "the thirtieth of June", "Reference KX-2207"]
WIDTH, HEIGHT = 900, 1200


def sheet(draw_on: Callable[[ImageDraw.ImageDraw], None]) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw_on(ImageDraw.Draw(image))
    return image


def letter(draw: ImageDraw.ImageDraw) -> None:
    for n, text in enumerate(WORDS):
        draw.text((90, 150 + 100 * n), text, fill="black", font=ImageFont.load_default(44))


def blocks_of(image: Image.Image, rotation: int = 0) -> tuple[Block, ...]:
    """The image as a scanned page of half its size in points."""
    out = io.BytesIO()
    image.save(out, "PNG")
    page = pymupdf.open().new_page(width=image.width / 2, height=image.height / 2)
    page.insert_image(page.rect, stream=out.getvalue())
    page.set_rotation(rotation)
    return read_page(page, 1, 10.0).blocks


def texts(blocks: tuple[Block, ...]) -> list[str]:
    return [x.text for b in blocks if b.kind == "text" for x in b.lines]


def ink(image: Image.Image, box: Box) -> float:
    """Share of the page's dark pixels that lie in a box given in points."""
    dark = np.asarray(image.convert("L")) < 128
    x0, y0, x1, y1 = (round(2 * v) for v in (box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1))
    return float(dark[max(0, y0) : y1, max(0, x0) : x1].sum() / dark.sum())


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_scan_on_any_side_is_read_and_its_boxes_hold_the_ink(turns: int) -> None:
    image = sheet(letter).rotate(90 * turns, expand=True)
    blocks = blocks_of(image)
    assert texts(blocks) == WORDS
    lines = [x for b in blocks for x in b.lines]
    shares = [ink(image, x.box) for x in lines]
    assert sum(shares) > 0.97
    assert min(shares) > 0.2  # each has its own line


def test_a_rotated_page_of_a_rotated_scan_is_read() -> None:
    blocks = blocks_of(sheet(letter).rotate(90, expand=True), rotation=90)
    assert texts(blocks) == WORDS
    assert all(b.box.x1 <= WIDTH / 2 + 1 and b.box.y1 <= HEIGHT / 2 + 1 for b in blocks)


def test_a_scan_that_is_askew_is_read_in_order() -> None:
    image = sheet(letter).rotate(-4, fillcolor="white")
    reading = ocr.read(np.asarray(image))
    assert [x.text for x in reading.lines] == WORDS
    tops = [x.box.height for x in reading.lines]
    assert max(tops) < 75  # set straight: askew they would be 90 high
    assert texts(blocks_of(image)) == WORDS


def test_a_label_that_runs_upwards_is_read() -> None:
    label = Image.new("RGB", (400, 60), "white")
    ImageDraw.Draw(label).text((10, 5), "Millions of tonnes", "black", ImageFont.load_default(40))
    image = sheet(letter)
    image.paste(label.rotate(90, expand=True), (20, 600))
    found = [x.text for x in ocr.read(np.asarray(image)).lines]
    assert sorted(found) == sorted([*WORDS, "Millions of tonnes"])


def test_an_empty_image_has_no_lines() -> None:
    assert ocr.read(np.full((40, 30, 3), 255, np.uint8)).lines == ()


def column(
    x: float, y: float, count: int, text: str = "a line of running text in a column"
) -> list[Line]:
    return [Line(f"{text} {n}", Box(x, y + 14 * n, x + 200, y + 14 * n + 11)) for n in range(count)]


def test_columns_are_read_one_after_the_other_under_their_title() -> None:
    title = Line("A title over both of the columns", Box(50, 40, 470, 62))
    right = column(280, 90, 8, "other words that stand at the right")
    above, below = column(50, 90, 3), column(50, 160, 3)
    left = [*above, *below]
    foot = Line("A foot under both of the columns, small", Box(50, 230, 480, 241))
    mixed = sorted([*left, *right, foot, title], key=lambda x: (x.box.y0, x.box.x0))
    blocks = arrange_blocks(mixed)
    assert [list(b.lines) for b in blocks] == [[title], above, below, right, [foot]]
    assert [b.heading > 0 for b in blocks] == [True, False, False, False, False]


def test_paragraphs_part_at_white_space() -> None:
    first, second = column(50, 90, 3), column(50, 150, 3)
    assert [list(b.lines) for b in arrange_blocks([*second, *first])] == [first, second]


def test_a_table_without_rules_is_read_by_rows() -> None:
    rows = [["Item", "2019", "2020"], ["Pumps", "12", "14"], ["Valves", "7", "9"]]
    cells = [
        Line(text, Box(50 + 120 * x, 50 + 20 * y, 90 + 120 * x, 61 + 20 * y))
        for y, row in enumerate(rows)
        for x, text in enumerate(row)
    ]
    (block,) = arrange_blocks(cells[::-1])
    assert [x.text for x in block.lines] == [t for row in rows for t in row]


def chart(draw: ImageDraw.ImageDraw) -> None:
    letter(draw)
    for n, height in enumerate((120, 260, 190, 320)):
        draw.rectangle((200 + 110 * n, 1000 - height, 280 + 110 * n, 1000), fill=(40, 80, 170))
        draw.text((200 + 110 * n, 1008), f"20{20 + n}", "black", ImageFont.load_default(32))
    draw.line((180, 1000, 640, 1000), fill="black", width=3)


def test_a_chart_on_a_scan_is_a_figure_with_its_labels() -> None:
    blocks = blocks_of(sheet(chart))
    (figure,) = [b for b in blocks if b.kind == "figure"]
    assert figure.image is not None
    assert sorted(x.text for x in figure.lines) == ["2020", "2021", "2022", "2023"]
    expected = Box(90, 340, 320, 522)
    shared = figure.box.clip(expected).area
    assert shared / (figure.box.area + expected.area - shared) > 0.85
    assert texts(blocks) == WORDS


def test_a_ruled_table_on_a_scan_is_a_table() -> None:
    rows = [["Item", "Year", "Count"], ["Pumps", "2019", "14"], ["Valves", "2020", "9"]]

    def ruled(draw: ImageDraw.ImageDraw) -> None:
        for y in range(4):
            draw.line((100, 300 + 90 * y, 800, 300 + 90 * y), fill="black", width=3)
        for x in range(4):
            draw.line((100 + 233 * x, 300, 100 + 233 * x, 570), fill="black", width=3)
        for y, row in enumerate(rows):
            for x, text in enumerate(row):
                place = (120 + 233 * x, 320 + 90 * y)
                draw.text(place, text, "black", ImageFont.load_default(40))

    (table,) = [b for b in blocks_of(sheet(ruled)) if b.kind == "table"]
    assert [x.text for x in table.lines] == [" | ".join(r) for r in rows]
    assert table.table is not None
    assert table.table.columns == 3


def test_a_page_without_drawings_has_no_figures() -> None:
    image = np.asarray(sheet(letter))
    reading = ocr.read(image)
    assert find_scan_figures(image, [(x.box, x.text) for x in reading.lines]).figures == ()
