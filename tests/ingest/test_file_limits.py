"""Hostile and damaged files of every format: bounded, refused with a reason, never a traceback."""

from __future__ import annotations

import contextlib
import io
import random

import pytest
from PIL import Image

from octavo.ingest.document import DocumentError, PageContent
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.files import file_type
from octavo.ingest.open_document import open_document
from octavo.ingest.read import read_pages
from tests.conftest import picture
from tests.support.office_files import (
    bar_drawing,
    changed,
    deck,
    handbook,
    packed,
    whale_book,
    workbook,
)

_W = (
    '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body>%s</w:body></w:document>"
)


def words_of(data: bytes, suffix: str = "") -> str:
    pages = read_pages(data, file_type(data, suffix), ocr=False)
    blocks = [b for p in pages if isinstance(p, PageContent) for b in p.blocks]
    return " ".join(x.text for b in blocks for x in b.lines)


_TABLES = b"# a\n\n- b\n\n|c|d|\n|-|-|\n|1|2|\n"


def picture_of(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("L", (60, 40), 90).save(out, kind)
    return out.getvalue()


_KINDS = {
    "docx": handbook(),
    "pptx": deck(),
    "xlsx": workbook(),
    "epub": whale_book(),
    "svg": bar_drawing(),
    "tiff": picture_of("TIFF"),
    "webp": picture_of("WEBP"),
    "html": b"<html><table><tr><td>a<td>b</table><p>c",
    "md": _TABLES,
    "csv": b"a,b\n1,2\n",
}


@pytest.mark.parametrize("kind", _KINDS)
def test_damaged_files_are_read_or_refused_politely(kind: str) -> None:
    data, suffix = _KINDS[kind], f".{kind}"
    chance = random.Random(kind)
    cut = [data[: len(data) * n // 5] for n in range(1, 5)]
    spoiled = []
    for _ in range(12):
        copy = bytearray(data)
        for _ in range(chance.randrange(1, 12)):
            copy[chance.randrange(len(copy))] = chance.randrange(256)
        spoiled.append(bytes(copy))
    for bad in (*cut, *spoiled):
        with contextlib.suppress(DocumentError):
            assert open_document(bad, file_type(bad, suffix)).page_count > 0


def test_a_damaged_picture_costs_only_itself() -> None:
    data = handbook().replace(picture()[60:90], bytes(30))  # stored, so its checksum is wrong now
    assert "Close the discharge valve before the motor is stopped." in words_of(data)


_BILLION = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
_USES = "".join(
    f'<g id="a{n}"><use href="#a{n - 1}"/><use href="#a{n - 1}"/></g>' for n in range(1, 30)
)


def _large_png() -> bytes:
    out = io.BytesIO()
    Image.new("1", (2000, 1000)).save(out, "PNG")
    return out.getvalue()


def document_xml(xml: str | bytes) -> bytes:
    return changed(handbook(), "word/document.xml", xml if isinstance(xml, bytes) else xml.encode())


_SVG = "<svg xmlns='http://www.w3.org/2000/svg'>%s</svg>"
_OVER = {
    "UNPACKED_MB": (document_xml(b" " * 3_000_000), FileLimits(unpacked=1 << 20)),
    "MEMBERS": (handbook(), FileLimits(members=5)),
    "NESTING": (document_xml(_W % ("<w:sdt>" * 200 + "</w:sdt>" * 200)), FileLimits()),
    "OCTAVO_MAX_NESTING": ((_SVG % ("<g>" * 300 + "</g>" * 300)).encode(), FileLimits()),
    "MEGAPIXELS": (_large_png(), FileLimits(pixels=1_000_000)),
    "entities": (document_xml(_BILLION + (_W % "&b;").encode()), FileLimits()),
    "repeating": ((_SVG % ("<g id='a0'/>" + _USES)).encode(), FileLimits()),
}


@pytest.mark.parametrize("said", _OVER)
def test_bounds_say_which_setting_they_are(said: str) -> None:
    data, bounds = _OVER[said]
    with pytest.raises(DocumentError, match=said):
        open_document(data, file_type(data), bounds=bounds)


def test_a_container_that_lies_about_sizes_is_counted() -> None:
    """The declared size is made small; what comes out counts."""
    honest = packed({"[Content_Types].xml": "x", "word/document.xml": b" " * 3_000_000})
    lying = honest.replace((3_000_000).to_bytes(4, "little"), (30).to_bytes(4, "little"))
    with pytest.raises(DocumentError):
        open_document(lying, "docx", bounds=FileLimits(unpacked=1 << 20))


def test_a_picture_over_the_bound_is_named_in_its_place() -> None:
    data = changed(handbook(), "word/media/image1.png", _large_png())
    document = open_document(data, "docx", bounds=FileLimits(pixels=1_000_000))
    assert "OCTAVO_MAX_MEGAPIXELS" in "".join(p.get_text() for p in document)


@pytest.mark.parametrize("depth", [50, 5000])
def test_deep_nesting_loses_no_text(depth: int) -> None:
    html = ("<html>" + "<div><ul><li><b>" * depth + "INNERMOST").encode()
    assert "INNERMOST" in words_of(html, ".html")
    note = (">" * depth + " INNERMOST").encode()
    assert "INNERMOST" in words_of(note, ".md")


def test_tags_that_never_end_take_no_time() -> None:
    assert open_document(b"<html>words" + b"<a" * 100_000, "html").page_count > 0
    assert open_document(b"<html>words" + b"<!--" * 100_000, "html").page_count > 0
