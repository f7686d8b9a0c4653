"""Finding figures: what belongs to one, what stays apart, what is none."""

from __future__ import annotations

from typing import Any

import pymupdf

from octavo.ingest.document import Box
from octavo.ingest.figures.subfigures import join_parts
from octavo.ingest.page import read_page
from tests.conftest import picture
from tests.support.pages import PROSE, blocks_of, of_kind, prose, put


def curve(page: Any, left: float, top: float) -> Box:
    """A small line chart."""
    page.draw_line((left, top + 90), (left + 120, top + 90))
    page.draw_line((left, top), (left, top + 90))
    page.draw_polyline([(left + 10 * n, top + 80 - n * n / 2) for n in range(12)])
    page.draw_bezier((left, top + 60), (left + 40, top), (left + 80, top + 90), (left + 120, top))
    return Box(left, top, left + 120, top + 90)


def test_a_panel_behind_paragraphs_is_no_figure() -> None:
    document = pymupdf.open()
    page = document.new_page()
    for y in (60, 300, 540):
        page.draw_rect(pymupdf.Rect(60, y, 540, y + 220), color=(0, 0, 1), fill=(0.9, 0.95, 1))
        prose(page, 70, y + 10, 530, y + 210)
    page.draw_line((50, 40), (50, 800))
    page.draw_line((545, 40), (545, 800))
    blocks = blocks_of(document)
    assert {b.kind for b in blocks} == {"text"}
    assert " ".join(x.text for b in blocks for x in b.lines).count("suction") == 18


def test_drawings_above_and_below_a_paragraph_stay_apart() -> None:
    document = pymupdf.open()
    page = document.new_page()
    upper = curve(page, 100, 100)
    prose(page, 72, 196, 520, 240, 2)
    lower = curve(page, 100, 250)
    figures = of_kind(blocks_of(document), "figure")
    assert len(figures) == 2
    for figure, box in zip(figures, (upper, lower), strict=True):
        assert box.inside(figure.box.grow(2)) == 1
        assert PROSE.split()[0] not in " ".join(x.text for x in figure.lines)


def test_lines_of_a_paragraph_that_stand_wide_apart_are_one_text() -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image(pymupdf.Rect(72, 100, 300, 300), stream=picture())
    said = [
        "Taking advantage of the light and",
        "strong floor the car drives with",
        "poise on any road you know",
    ]
    for n, line in enumerate(said):
        put(page, 306, 130 + 22 * n, line)
    blocks = blocks_of(document)
    (text,) = of_kind(blocks, "text")
    assert " ".join(x.text for x in text.lines) == " ".join(said)
    assert of_kind(blocks, "figure")[0].lines == ()


def test_pictures_over_one_caption_are_one_figure_with_its_parts() -> None:
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image(pymupdf.Rect(80, 100, 280, 250), stream=picture())
    page.insert_image(pymupdf.Rect(310, 100, 510, 250), stream=picture())
    put(page, 80, 270, "Figure 4. The seal before and after the test of the whole pump assembly")
    prose(page, 72, 300, 520, 500)
    whole, *parts = of_kind(blocks_of(document), "figure")
    assert whole.box.rounded() == [80, 100, 510, 250]
    assert "".join(x.text for x in whole.caption).startswith("Figure 4.")
    assert [p.box.rounded() for p in parts] == [[80, 100, 280, 250], [310, 100, 510, 250]]
    assert all(p.caption == () for p in parts)


def test_each_caption_has_its_own_figure() -> None:
    figures = [Box(80, 100, 280, 250), Box(310, 100, 510, 250)]
    captions = [Box(80, 255, 280, 267), Box(310, 255, 510, 267)]
    assert join_parts(figures, captions, []) == [(f, ()) for f in figures]


def test_no_figure_is_joined_over_a_paragraph() -> None:
    figures = [Box(80, 100, 280, 200), Box(80, 240, 280, 360)]
    captions = [Box(80, 365, 280, 377)]
    between = [Box(80, 205, 280, 235)]
    assert join_parts(figures, captions, between) == [(f, ()) for f in figures]
    assert len(join_parts(figures, captions, [])) == 1


def test_on_a_page_that_is_one_picture_the_layout_model_finds_the_figure() -> None:
    """A scan with a text layer: what is drawn on it are pixels."""
    drawn = pymupdf.open()
    source = drawn.new_page()
    prose(source, 72, 60, 520, 200)
    for n, label in enumerate(("CLOCK IN", "DATA", "RESET", "TIMER 0", "TIMER 1", "PORT A")):
        x, y = 130 + 120 * (n % 3), 260 + 120 * (n // 3)
        source.draw_rect(pymupdf.Rect(x, y, x + 80, y + 60))
        source.draw_line((x + 80, y + 30), (x + 120, y + 30))
        put(source, x + 10, y + 34, label, 9)
    put(source, 200, 480, "Figure 8. Inputs and timers")
    prose(source, 72, 540, 520, 700)
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image(page.rect, pixmap=source.get_pixmap(dpi=110))
    for block in source.get_text("dict")["blocks"]:
        for line in block.get("lines", ()):
            text = "".join(s["text"] for s in line["spans"])
            foot = (line["bbox"][0], line["bbox"][3] - 3)
            page.insert_text(foot, text, fontsize=line["spans"][0]["size"], render_mode=3)
    (figure,) = of_kind(read_page(page, 1, 10.0).blocks, "figure")
    assert figure.box.inside(Box(120, 250, 460, 490)) == 1
    assert figure.box.area > 0.5 * 320 * 180
    assert {"TIMER 0", "RESET"} <= {x.text for x in figure.lines}


def test_a_picture_cut_into_strips_is_a_figure() -> None:
    document = pymupdf.open()
    page = document.new_page()
    prose(page, 72, 60, 520, 200)
    for strip in range(5):
        top = 300 + 24 * strip
        strip_of = pymupdf.Rect(100, top, 400, top + 24)
        page.insert_image(strip_of, stream=picture(str(strip)), keep_proportion=False)
    (figure,) = of_kind(blocks_of(document), "figure")
    assert figure.box.rounded() == [100, 300, 400, 420]
