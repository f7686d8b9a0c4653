"""Pictures that a document repeats make no figures; pictures that only look alike do."""

from __future__ import annotations

import io
from collections.abc import Callable

import pymupdf
import pytest
from PIL import Image, ImageDraw

from octavo.ingest.document import PageContent
from octavo.ingest.read import read_pages

_WORDS = "The bearing is checked every six months and greased when it runs warm. " * 3
_LOGO, _PHOTO = (20, 20, 120, 90), (60, 300, 360, 500)


def _png(seed: int, size: tuple[int, int] = (200, 140)) -> bytes:
    return _encoded(_drawn(seed, size), "PNG")


def _drawn(seed: int, size: tuple[int, int] = (200, 140)) -> Image.Image:
    image = Image.new("RGB", size, (40 * seed % 256, 90, 200))
    pen = ImageDraw.Draw(image)
    for n in range(4):
        x = (37 * seed + 41 * n) % 160
        pen.ellipse((x, 15 + 20 * n, x + 50, 65 + 20 * n), (250, 60 * n, 30 * seed % 256))
    return image


def _encoded(image: Image.Image, kind: str, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, quality=quality)
    return out.getvalue()


def _pdf(pages: int, place: Callable[[int, pymupdf.Page], None]) -> bytes:
    document = pymupdf.open()
    for number in range(1, pages + 1):
        page = document.new_page(width=500, height=700)
        page.insert_textbox((60, 120, 440, 280), f"Page {number}. {_WORDS}", fontsize=10)
        place(number, page)
    return bytes(document.tobytes(garbage=3))


def _figures(data: bytes) -> list[int]:
    """Page numbers of figures, one for each."""
    pages = [p for p in read_pages(data, "pdf", ocr=False) if isinstance(p, PageContent)]
    assert all(p.status.state == "text" for p in pages)
    return [p.number for p in pages for b in p.blocks if b.kind == "figure"]


def test_a_logo_on_every_page_is_no_figure_and_a_photo_is_one() -> None:
    logo = _png(1)

    def place(number: int, page: pymupdf.Page) -> None:
        page.insert_image(_LOGO, stream=logo)
        if number == 2:
            page.insert_image(_PHOTO, stream=_png(2))

    assert _figures(_pdf(8, place)) == [2]


@pytest.mark.parametrize(("on", "figures"), [(2, [1, 2]), (3, [])])
def test_three_pages_and_a_quarter_of_all_make_a_decoration(on: int, figures: list[int]) -> None:
    def place(number: int, page: pymupdf.Page) -> None:
        if number <= on:
            page.insert_image(_LOGO, stream=_png(1))

    assert _figures(_pdf(10, place)) == figures


def test_on_less_than_a_quarter_of_the_pages_it_is_a_figure() -> None:
    def place(number: int, page: pymupdf.Page) -> None:
        if number <= 3:
            page.insert_image(_LOGO, stream=_png(1))

    assert _figures(_pdf(13, place)) == [1, 2, 3]


@pytest.mark.parametrize(("on", "figures"), [(4, [1, 2, 3, 4]), (5, [])])
def test_a_large_picture_must_be_on_half_of_the_pages(on: int, figures: list[int]) -> None:
    def place(number: int, page: pymupdf.Page) -> None:
        if number <= on:
            page.insert_image(_PHOTO, stream=_png(1))  # 17 % of the page

    assert _figures(_pdf(10, place)) == figures


def test_copies_that_are_stored_anew_on_every_page_are_known_by_their_looks() -> None:
    def place(number: int, page: pymupdf.Page) -> None:
        page.insert_image(_LOGO, stream=_encoded(_drawn(1), "JPEG", 95 - number))
        page.insert_image(_PHOTO, stream=_png(number + 3, (300, 200)))

    assert _figures(_pdf(6, place)) == [1, 2, 3, 4, 5, 6]  # the photos alone


def test_other_pictures_of_the_same_size_at_the_same_place_stay_figures() -> None:
    def place(number: int, page: pymupdf.Page) -> None:
        page.insert_image(_LOGO, stream=_png(number))

    assert _figures(_pdf(6, place)) == [1, 2, 3, 4, 5, 6]


def test_a_logo_is_left_out_on_a_page_that_was_not_looked_at() -> None:
    """Of 100 pages every third is in the sample."""
    logo = _png(1)

    def place(number: int, page: pymupdf.Page) -> None:
        page.insert_image(_LOGO, stream=logo)
        if number == 51:
            page.insert_image(_PHOTO, stream=_png(2))

    assert _figures(_pdf(100, place)) == [51]
