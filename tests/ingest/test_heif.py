"""HEIC and AVIF pictures, as pages and inside of documents, and what is said where they cannot be
read."""

from __future__ import annotations

import base64
import builtins
import io
from typing import Any

import pytest
from PIL import Image, features

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.files import file_type
from octavo.ingest.open_document import open_document
from tests.ingest.test_formats import blocks_of


def encoded(kind: str, orientation: int = 1) -> bytes:
    """A picture of 400 x 200 pixels, its left half dark."""
    image = Image.new("RGB", (400, 200), (250, 250, 250))
    image.paste((20, 20, 20), (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x112] = orientation
    out = io.BytesIO()
    if kind == "heic":
        heif = pytest.importorskip("pillow_heif")
        heif.from_pillow(image).save(out, quality=90)
    elif not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    else:
        image.save(out, "AVIF", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_they_are_pages(kind: str) -> None:
    data = encoded(kind)
    assert file_type(data, ".jpg") == kind
    document = open_document(data, kind)
    pixmap = document[0].get_pixmap()
    assert pixmap.width == 2 * pixmap.height
    assert max(pixmap.pixel(pixmap.width // 4, 5)) < 60
    assert min(pixmap.pixel(3 * pixmap.width // 4, 5)) > 200


def test_they_are_turned_as_the_file_says() -> None:
    pixmap = open_document(encoded("avif", orientation=6), "avif")[0].get_pixmap()
    assert pixmap.height == 2 * pixmap.width


def test_they_are_figures_in_a_page() -> None:
    source = base64.b64encode(encoded("avif")).decode()
    page = f'<p>Plan</p><img alt="The pier" src="data:image/avif;base64,{source}">'.encode()
    (figure,) = (b for b in blocks_of(page, ".html") if b.kind == "figure")
    assert "The pier" in figure.caption[0].text


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_their_pixels_are_bounded_and_damage_is_told(kind: str) -> None:
    data = encoded(kind)
    with pytest.raises(DocumentError, match="OCTAVO_MAX_MEGAPIXELS"):
        open_document(data, kind, bounds=FileLimits(pixels=1000))
    with pytest.raises(DocumentError, match=f"cannot be opened as {kind}"):
        open_document(data[:60], kind)


@pytest.mark.parametrize(("kind", "said"), [("heic", r"octavo\[heic\]"), ("avif", "11.3")])
def test_without_a_library_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, kind: str, said: str
) -> None:
    data = encoded(kind)
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        asked = rest[2] if len(rest) > 2 and rest[2] else ()
        if name == "pillow_heif" or "AvifImagePlugin" in asked:
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DocumentError, match=said):
        open_document(data, kind)


@pytest.mark.parametrize("brand", [b"isom", b"mp42", b"qt  ", b"M4A "])
def test_videos_are_no_pictures(brand: bytes) -> None:
    with pytest.raises(DocumentError, match="not a document"):
        file_type(b"\x00\x00\x00\x18ftyp" + brand + bytes(200), ".heic")
