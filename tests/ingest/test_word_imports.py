"""Documents imported into a DOCX (altChunk) are read where they stand, or named."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest

from tests.support.office_files import saved
from tests.support.reading import text_read

_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/aFChunk"
_PLACE = b"<w:p><w:r><w:t>PLACE</w:t></w:r></w:p>"


def importing(*parts: tuple[str, bytes]) -> bytes:
    """A DOCX with parts between two paragraphs; a part without bytes is missing."""
    document = docx.Document()
    document.add_paragraph("Before it")
    document.add_paragraph("PLACE")
    document.add_paragraph("After it")
    out = io.BytesIO()
    chunks = "".join(f'<w:altChunk r:id="rAlt{n}"/>' for n in range(len(parts))).encode()
    targets = "".join(
        f'<Relationship Id="rAlt{n}" Type="{_KIND}" Target="{name}"/>'
        for n, (name, _) in enumerate(parts)
    ).encode()
    with zipfile.ZipFile(io.BytesIO(saved(document))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(_PLACE, chunks)
            if name == "word/_rels/document.xml.rels":
                content = content.replace(b"</Relationships>", targets + b"</Relationships>")
            new.writestr(name, content)
        for name, data in parts:
            if data:
                new.writestr(f"word/{name}", data)
    return out.getvalue()


def inner(text: str) -> bytes:
    document = docx.Document()
    document.add_paragraph(text)
    return saved(document)


_MHT = b"""MIME-Version: 1.0\r
Content-Type: multipart/related; boundary="b1"; type="text/html"\r
\r
--b1\r
Content-Type: text/html; charset="utf-8"\r
Content-Transfer-Encoding: quoted-printable\r
\r
<html><body><p>The dry dock rate is 3=\r
15 EUR a day.</p></body></html>\r
--b1--\r
"""


@pytest.mark.parametrize(
    ("name", "data", "read"),
    [
        ("a.html", b"<html><body><p>Annex: a slip costs 61 EUR.</p></body></html>",
         "Annex: a slip costs 61 EUR."),
        ("a.xhtml", "<?xml version='1.0'?><html><body><p>Früh: 10<sup>4</sup></p></body></html>"
         .encode(), "Früh: 10⁴"),
        ("a.mht", _MHT, "The dry dock rate is 315 EUR a day."),
        ("a.txt", b"Plain remark on oil < 5 %", "Plain remark on oil < 5 %"),
        ("a.docx", inner("The annex says nine knots."), "The annex says nine knots."),
    ],
)  # fmt: skip
def test_a_part_is_read_in_its_place(name: str, data: bytes, read: str) -> None:
    assert text_read(importing((name, data))).splitlines() == ["Before it", read, "After it"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.rtf", rb"{\rtf1 Wages}", "a.rtf is RTF, which is not read inside a DOCX"),
        ("a.xlsx", b"PK\x03\x04broken", "a.xlsx is a damaged ZIP container"),
        ("a.html", b"", "it is missing from the file"),
        ("a.bin", b"\x00\x01\xff\xfe\x00\x93" * 40, "a.bin has bytes that are not text"),
    ],
)
def test_a_part_that_cannot_be_read_is_named(name: str, data: bytes, reason: str) -> None:
    found = text_read(importing((name, data))).replace("\n", " ")
    assert found.startswith("Before it [Part of the document left out:")
    assert reason in found
    assert found.endswith("After it")


def test_documents_inside_each_other_are_not_read_without_end() -> None:
    innermost = inner("Deep words")
    middle = importing(("b.docx", innermost))
    found = text_read(importing(("a.docx", middle))).replace("\n", " ")
    assert "Deep words" not in found
    assert "a document in a document in a document" in found


def test_several_parts_keep_their_order() -> None:
    parts = [(f"p{n}.html", f"<html><p>Part {n}</p></html>".encode()) for n in range(3)]
    assert text_read(importing(*parts)).splitlines() == [
        "Before it", "Part 0", "Part 1", "Part 2", "After it",
    ]  # fmt: skip
