"""A picture that is in the corpus is found by itself: whole, worn, in part, and with a question."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.source import Source
from octavo.index.store import Filter, ScoredChunk
from octavo.ingest.document import Box, DocumentError
from octavo.ingest.scan import ocr
from octavo.retrieve.images.image_matching import MATCH, WORDS, with_matches
from octavo.retrieve.images.page_raster import Grayscale, rasterize_page
from octavo.retrieve.images.template_matching import match_template
from octavo.retrieve.query import Candidate, Query, Stage
from octavo.retrieve.understanding.query_ocr import query_ocr

_NAMES = ("Torque", "Pressure", "Speed")


def chart(seed: int, label: str = "") -> Image.Image:
    """Bars of random heights with names under them: all of one style, each different."""
    heights = np.random.default_rng(seed).integers(20, 190, 8)
    image = Image.new("RGB", (400, 280), "white")
    draw = ImageDraw.Draw(image)
    for n, height in enumerate(heights):
        draw.rectangle((20 + 46 * n, 220 - height, 52 + 46 * n, 220), fill=(60, 90, 40 + 25 * n))
    draw.line((10, 220, 390, 220), fill="black", width=2)
    if label:
        draw.text((60, 235), label, fill="black", font=ImageFont.load_default(30))
    return image


def encoded(image: Image.Image, kind: str = "PNG", quality: int = 50) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, quality=quality)
    return out.getvalue()


def worn(image: Image.Image) -> bytes:
    """Half the size, JPEG at quality 50."""
    return encoded(image.resize((image.width // 2, image.height // 2)), "JPEG")


def middle(image: Image.Image) -> bytes:
    """70 % in each direction."""
    w, h = image.size
    return encoded(image.crop((int(w * 0.15), int(h * 0.15), int(w * 0.85), int(h * 0.85))))


def report() -> bytes:
    """A page for every chart, with a sentence."""
    document = pymupdf.open()
    for n, name in enumerate(_NAMES):
        page = document.new_page(width=595, height=842)
        page.insert_text((72, 90), f"Results of the {name.lower()} test are in the figure.")
        page.insert_image((100, 150, 500, 430), stream=encoded(chart(n, f"{name} {40 + n} units")))
        page.insert_text((100, 450), f"Figure {n + 1}. {name} by machine")
    return bytes(document.tobytes(deflate=True))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("pictures")
    opened = Service(Settings(index=folder / "index", workers=1), create=True)
    # A busy machine takes longer than the seconds that a person may wait.
    search = opened.profile.search.model_copy(update={"image_seconds": 60.0})
    service = opened.using(opened.profile.model_copy(update={"search": search}))
    (folder / "report.pdf").write_bytes(report())
    for n in range(5, 8):
        (folder / f"chart{n}.png").write_bytes(encoded(chart(n)))
    (folder / "note.txt").write_text("Torque and pressure are measured with the same gauge.")
    list(service.ingest([Source.file(f, 1 << 22) for f in sorted(folder.iterdir()) if f.is_file()]))
    yield service
    service.close()


def first(service: Service, image: bytes, text: str = "") -> tuple[str, int, dict[str, float]]:
    """Name, page and stages of the first hit."""
    hit = service.hits(Query(text, image), 5)[1][0]
    return hit.name, hit.chunk.page, {stage.name: stage.score for stage in hit.trace}


@pytest.mark.parametrize("change", [encoded, worn, middle])
def test_a_figure_finds_its_page(filled: Service, change: object) -> None:
    for n, name in enumerate(_NAMES):
        found = first(filled, change(chart(n, f"{name} {40 + n} units")))  # type: ignore[operator]
        assert found[:2] == ("report.pdf", n + 1)
        assert found[2][MATCH] > 0.9


def test_a_picture_without_words_finds_itself(filled: Service) -> None:
    for n in range(5, 8):
        name, _, stages = first(filled, worn(chart(n)))
        assert name == f"chart{n}.png"
        assert WORDS not in stages  # the looks were enough


def test_its_words_find_what_has_no_figure_of_its_own(filled: Service) -> None:
    """A line of text cut out of a page: no vector of it exists."""
    page = pymupdf.open(stream=report(), filetype="pdf")[2]
    cut = page.get_pixmap(dpi=144, clip=pymupdf.Rect(60, 70, 400, 100)).tobytes("png")
    name, number, stages = first(filled, cut)
    assert (name, number) == ("report.pdf", 3)
    assert stages[WORDS] > 0
    assert stages[MATCH] > 0.9


def test_what_it_shows_is_added_to_the_question(filled: Service) -> None:
    query = Query("which machine is best?", worn(chart(1, "Pressure 41 units")))
    searched, hits = filled.hits(query, 3)
    assert searched == "which machine is best? Pressure by machine"
    assert (hits[0].name, hits[0].chunk.page, hits[0].chunk.kind) == ("report.pdf", 2, "figure")


def test_a_picture_that_is_nowhere_matches_nothing(filled: Service) -> None:
    stranger = Image.effect_mandelbrot((320, 240), (-2, -1.5, 1, 1.5), 40).convert("RGB")
    for hit in filled.hits(Query("", encoded(stranger)), 10)[1]:
        assert MATCH not in {stage.name for stage in hit.trace}


def test_filters_hold_for_what_is_seen(filled: Service) -> None:
    where = filled.where(["chart5.png"])
    hits = filled.hits(Query("", encoded(chart(6)), where), 10)[1]
    assert {hit.name for hit in hits} == {"chart5.png"}
    texts = filled.hits(Query("", encoded(chart(0, "Torque 40 units")), Filter(kinds=("text",))), 9)
    assert {hit.chunk.kind for hit in texts[1]} == {"text"}


def test_no_page_is_compared_where_none_may_be(filled: Service) -> None:
    search = filled.profile.search.model_copy(update={"image_pages": 0})
    blind = filled.using(filled.profile.model_copy(update={"search": search}))
    name, _, stages = first(blind, encoded(chart(7)))
    assert name == "chart7.png"  # by its vector
    assert MATCH not in stages


def test_a_lost_original_costs_the_comparison_only(
    filled: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filled._originals, "directory", Path("nowhere"))
    name, _, stages = first(filled, encoded(chart(5)))
    assert name == "chart5.png"
    assert MATCH not in stages


def noise(height: int, width: int, seed: int = 1) -> Grayscale:
    """Smooth random shades, so that every part is different."""
    rough = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8))
    return np.asarray(Image.fromarray(rough.astype(np.uint8)).resize((width, height)))


@pytest.mark.parametrize("size", [(200, 160), (100, 80), (400, 320)])
def test_the_place_is_found_at_any_size(size: tuple[int, int]) -> None:
    page = noise(720, 560)
    part = Image.fromarray(page[300:460, 200:400]).resize(size)
    place = match_template(np.asarray(part), page)
    assert place is not None
    assert place.score > 0.97
    corners = np.array([place.box.x0, place.box.y0, place.box.x1, place.box.y1])
    assert np.abs(corners - (200, 300, 400, 460)).max() < 5


def test_a_page_is_found_in_itself_and_not_in_another() -> None:
    page = noise(720, 560)
    whole = match_template(page, page)
    assert whole is not None
    assert whole.score > 0.99
    assert whole.box.inside(Box(0, 0, 560, 720)) == pytest.approx(1.0)
    other = match_template(page, noise(720, 560, seed=2))
    assert other is None or other.score < 0.5


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (300, 2), (60, 60)])
def test_one_shade_is_nowhere(shape: tuple[int, int]) -> None:
    flat = np.full(shape, 200, np.uint8)
    assert match_template(flat, noise(400, 300)) is None
    place = match_template(noise(400, 304), flat)
    assert place is None or place.score < 0.5


def test_sheets_are_pages_as_displayed() -> None:
    document = pymupdf.open()
    document.new_page(width=400, height=200).draw_rect((0, 0, 200, 100), fill=(0, 0, 0))
    document[0].set_rotation(90)
    sheet = rasterize_page(bytes(document.tobytes()), "pdf", 1)
    assert sheet.pixels.shape == (1000, 500)
    assert sheet.zoom == 2.5
    assert sheet.pixels[100, 400] == 0
    assert sheet.pixels[100, 100] == 255
    with pytest.raises(DocumentError, match="has pages 1 to 1; page 2 was asked"):
        rasterize_page(bytes(document.tobytes()), "pdf", 2)


def test_printed_words_are_read_up_to_a_limit() -> None:
    assert query_ocr(encoded(chart(1))) == ""
    assert query_ocr(encoded(chart(1, "Pressure 41 units"))) == "Pressure 41 units"
    image = Image.new("RGB", (1000, 1200), "white")
    draw = ImageDraw.Draw(image)
    for n in range(30):
        line = f"line {n} of a page that is full of words from its top to its end"
        draw.text((20, 20 + 39 * n), line, fill="black", font=ImageFont.load_default(28))
    lines = query_ocr(encoded(image)).lower().count("of a page")
    assert 5 <= lines <= 15
    message = "the image cannot be read: it is no PNG, JPEG, GIF, TIFF, BMP or WEBP"
    with pytest.raises(ValueError, match=f"^{message}$"):
        query_ocr(b"no image")


def test_matches_join_the_trace_and_what_was_only_seen_is_added() -> None:
    items = [Candidate("a", 0.5, (Stage("image", 1, 0.9),)), Candidate("b", 0.4, ())]
    seen = with_matches(items, (ScoredChunk("c", 0.95), ScoredChunk("b", 0.2)))
    assert seen == (
        items[0],
        Candidate("b", 0.4, (Stage(MATCH, 2, 0.2),)),
        Candidate("c", 0.0, (Stage(MATCH, 1, 0.95),)),
    )
    assert with_matches(items, ()) == tuple(items)


def test_a_photo_that_only_looks_like_text_is_not_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fence was taken for lines on their side: 18 of 400 photos were indexed lying down."""
    tall = [
        np.array([[x, 20], [x + 12, 20], [x + 12, 180], [x, 180]], np.float32) for x in (40, 90)
    ]
    monkeypatch.setattr(ocr, "_detect", lambda image: tall)
    photo = np.full((200, 240, 3), 90, np.uint8)
    reading = ocr.read(photo)
    assert reading.image is photo
    assert reading.lines == ()
    assert reading.to_given(Box(1, 2, 3, 4)) == Box(1, 2, 3, 4)
