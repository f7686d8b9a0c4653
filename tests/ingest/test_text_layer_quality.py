"""Which text layers say what their page shows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pymupdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo.ingest.document import Box, Line
from octavo.ingest.figures.vector_graphics import read_drawings
from octavo.ingest.page import read_page
from octavo.ingest.scan import ocr
from octavo.ingest.scan.scanned_page import needs_ocr, read
from octavo.ingest.text.text_layer import Group, read_layer
from octavo.ingest.text.text_layer_quality import dead_share, is_noise, legible_lines

PROSE = [
    "Reference KX-2207",
    "Warranty extended to",
    "30 June 2031",
    "Store below 25 degrees",
    "Return to the sender",
    "Box 4 of 12",
    "Signed by the keeper",
]


def lines(*texts: str) -> list[Line]:
    return [Line(t, Box(0, 12 * n, 100, 12 * n + 10)) for n, t in enumerate(texts)]


def scanned(texts: Sequence[str], size: tuple[int, int] = (1000, 1200)) -> bytes:
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for n, text in enumerate(texts):
        draw.text((80, 120 + 90 * n), text, fill="black", font=ImageFont.load_default(48))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def page_of(image: bytes | None = None) -> Any:
    page = pymupdf.open().new_page(width=500, height=600)
    if image:
        page.insert_image(page.rect, stream=image)
    return page


def layer(page: Any) -> tuple[list[Group], bool]:
    found = read_layer(page)
    return found.groups, needs_ocr(found.groups, read_drawings(page, found.images), page)


@pytest.mark.parametrize(
    "text",
    [
        "العربية لغة سامية",
        "שלום לכולם",
        "这是一个中文句子。",
        "Ελληνική γλώσσα",
        "Русский текст",
        "∑ᵢ αᵢ² ≤ ∫ f(x) dx ⇒ ∀ε>0",
        "for (i=0; i<n; ++i) { a[i] ^= b[i] << 3; }",
        "日本語のテキスト",
        "नमस्ते दुनिया",
    ],
)
def test_every_script_formulas_and_code_are_legible(text: str) -> None:
    assert dead_share(lines(text)) == 0.0
    assert text.isascii() or "∑" in text or not is_noise(lines(*[f"{text} {text}"] * 10))


def test_what_stands_for_nothing_is_counted() -> None:
    assert dead_share(lines("\ufffd\ufffdab")) == 0.5
    assert dead_share(lines("\x13\x14 ab")) == 0.5
    assert dead_share(lines("\ue001\uf8ff")) == 1.0
    assert dead_share([]) == 0.0


def test_a_plain_page_is_left_alone() -> None:
    page = page_of()
    page.insert_text((50, 50), "Nothing to read here but this one line.")
    assert layer(page)[1] is False
    assert layer(page_of())[1] is False  # blank


def test_a_scan_without_text_is_read() -> None:
    assert layer(page_of(scanned(PROSE)))[1] is True


def test_a_scan_with_a_stamp_is_read_and_keeps_the_stamp() -> None:
    page = page_of(scanned(PROSE))
    page.insert_text((30, 20), "Case 2:18-cv-12857 ECF No. 1", fontsize=9)
    groups, needs = layer(page)
    assert needs is True
    found = [x.text for b in read(page, groups) for x in b.lines]
    assert found.count("Case 2:18-cv-12857 ECF No. 1") == 1
    assert all(p in found for p in PROSE)


def test_a_photograph_under_text_is_not_read() -> None:
    photograph = Image.effect_noise((500, 600), 60).convert("RGB")
    out = io.BytesIO()
    photograph.save(out, "PNG")
    page = page_of(out.getvalue())
    page.insert_text((30, 300), "Welcome to the annual meeting", fontsize=30, color=(1, 1, 1))
    assert layer(page)[1] is False


def test_an_invisible_layer_that_is_right_is_used_and_noise_is_not() -> None:
    good, bad = page_of(scanned(PROSE)), page_of(scanned(PROSE))
    for n, text in enumerate(PROSE):
        good.insert_text((40, 75 + 45 * n), text, fontsize=20, render_mode=3)
        bad.insert_text((40, 75 + 45 * n), ",, | 1 l. ~~ i; r- .:", fontsize=20, render_mode=3)
    assert layer(good)[1] is False
    groups, needs = layer(bad)
    assert needs is True
    found = [x.text for b in read(bad, groups) for x in b.lines]
    assert all(p in found for p in PROSE)
    assert not any("~~" in x for x in found)


def mute(text: str) -> Any:
    """A page whose font does not say which characters its glyphs are."""
    page = page_of()
    page.insert_font(fontname="F0", fontbuffer=pymupdf.Font("helv").buffer)
    page.insert_text((40, 80), text, fontsize=20, fontname="F0")
    document = page.parent
    for xref, _, kind, *_ in page.get_fonts():
        if kind == "Type0":
            document.xref_set_key(xref, "ToUnicode", "null")
    return pymupdf.open(stream=document.tobytes(), filetype="pdf")[0]


def test_glyph_numbers_of_a_font_without_characters_are_not_text() -> None:
    page = mute("Ships on Monday")
    groups, needs = layer(page)
    assert needs is True
    assert legible_lines(page, groups) == []
    assert [x.text for b in read(page, groups) for x in b.lines] == ["Ships on Monday"]


def test_glyph_numbers_that_look_like_letters_are_not_text() -> None:
    page = mute("Žluťoučkýkůňúpěl")
    groups, needs = layer(page)
    assert dead_share(x for g in groups for x in g) == 0.0  # MuPDF guesses other letters
    assert needs is True
    assert legible_lines(page, groups) == []


def test_a_layer_that_ocr_cannot_better_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    page = mute("Žluťoučkýkůňúpěl")
    monkeypatch.setattr(ocr, "_MIN_SCORE", 1.1)  # OCR reads nothing
    groups, _ = layer(page)
    assert read(page, groups) == []
    assert [b.kind for b in read_page(page, 1, 10.0).blocks] == ["text"]
