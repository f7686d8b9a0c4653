"""Pictures with transparent parts are set on a ground on which their contents are seen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo.ingest.document import PageContent
from octavo.ingest.formats.picture_ground import on_visible_ground
from octavo.ingest.read import read_pages


def letters(
    *inks: tuple[int, int, int], words: str = "Berth 27 is free", kind: str = "PNG"
) -> bytes:
    image = Image.new("RGBA", (700, 90 * len(inks)), (255, 255, 255, 0))
    pen = ImageDraw.Draw(image)
    for n, ink in enumerate(inks):
        pen.text((20, 20 + 90 * n), words, fill=(*ink, 255), font=ImageFont.load_default(48))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


WHITE, YELLOW, BLACK, RED = (255, 255, 255), (255, 250, 200), (0, 0, 0), (200, 0, 0)


@pytest.mark.parametrize("ink", [WHITE, YELLOW, (235, 245, 255)])
@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_light_letters_stand_on_black(ink: tuple[int, int, int], kind: str) -> None:
    flat = on_visible_ground(letters(ink, kind=kind), kind.lower())
    assert flat is not None
    pixels = np.asarray(Image.open(io.BytesIO(flat)).convert("L"))
    assert pixels[0, 0] < 10
    assert pixels.max() > 200


@pytest.mark.parametrize("ink", [BLACK, RED, (90, 90, 90)])
def test_dark_letters_stay_as_they_are(ink: tuple[int, int, int]) -> None:
    assert on_visible_ground(letters(ink), "png") is None


def test_light_and_dark_letters_stand_on_grey() -> None:
    flat = on_visible_ground(letters(WHITE, BLACK), "png")
    assert flat is not None
    pixels = np.asarray(Image.open(io.BytesIO(flat)).convert("L"))
    assert 100 < pixels[0, 0] < 160
    assert pixels.min() < 10
    assert pixels.max() > 245


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n broken", letters(WHITE)[:200]])
def test_a_damaged_picture_is_left_to_the_reader(data: bytes) -> None:
    assert on_visible_ground(data, "png") is None


def test_white_letters_on_nothing_are_read() -> None:
    pages = [p for p in read_pages(letters(WHITE), "png") if isinstance(p, PageContent)]
    assert "Berth 27 is free" in " ".join(x.text for b in pages[0].blocks for x in b.lines)
