"""RTF: characters of every kind, headings, tables, pictures, and what is left out."""

from __future__ import annotations

import binascii
import time
from contextlib import suppress

import pytest

from octavo.ingest.document import DocumentError
from octavo.ingest.files import file_type
from octavo.ingest.open_document import open_document
from octavo.ingest.read import read_pages
from octavo.ingest.worker.worker_protocol import Opened
from tests.conftest import picture
from tests.ingest.test_formats import blocks_of, headings, tables, texts

_HEAD = (
    rb"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Cyr;}"
    rb"{\f2\fcharset238 Ce;}{\f3\fcharset128 Jp;}}{\stylesheet{\s0 Normal;}{\s7\b heading 1;}"
    rb"{\s8\outlinelevel1 Abschnitt;}}{\info{\title Slip register}{\author Una Dahl}}"
)


def rtf(body: bytes) -> bytes:
    return _HEAD + body + b"}"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"Gr\'fc\'dfe aus Kai 3", "Grüße aus Kai 3"),
        (rb"\f1 \'cf\'f0\'e8\'f7\'e0\'eb 5", "Причал 5"),
        (rb"{\f2 \'a3eba} und {\f0 \'fcber}", "Łeba und über"),
        (rb"\f3 \'8d\'60", "港"),
        (rb"10\u176?C \u8211- 12\u176?C", "10°C – 12°C"),
        (rb"{\uc2 \u28207\'8d\'60}x", "港x"),
        (rb"\emdash\ldblquote wait\rdblquote\~now\_ish\{1\}", "—“wait”\u00a0now\u2011ish{1}"),
        (rb"fee {\v 55}{\strike 57}{\deleted 58}60 EUR", "fee 60 EUR"),
        (rb'{\field{\*\fldinst HYPERLINK "http://x"}{\fldrslt the link}}', "the link"),
        (rb"{\*\unknown junk}kept{\header page head}", "kept"),
        (rb"tide{\footnote Of May.} tables", "tide [Of May.] tables"),
    ],
)
def test_text_is_read_as_it_is_shown(body: bytes, text: str) -> None:
    found = " ".join(texts(blocks_of(rtf(rb"\pard " + body + rb"\par"))))
    assert found.replace("\u00a0", " ") == text.replace("\u00a0", " ")


def test_headings_and_metadata() -> None:
    data = rtf(rb"\pard\s7 Slips\par\pard\s8 North\par\pard Slip 4 is 31 m long.\par")
    assert file_type(data) == "rtf"
    (opened, *_) = read_pages(data, "rtf", ocr=False)
    assert isinstance(opened, Opened)
    assert opened.metadata == {"title": "Slip register", "author": "Una Dahl"}
    blocks = blocks_of(data)
    assert headings(blocks) == ["Slips", "North"]
    assert "Slip 4 is 31 m long." in texts(blocks)


def test_tables_keep_their_rows_and_merged_cells() -> None:
    widths = rb"\cellx2000\cellx4000\cellx6000"
    data = rtf(
        rb"\pard Before.\par\trowd\trhdr" + widths +
        rb"\pard\intbl Slip\cell Length\cell Fee\cell\row"
        rb"\trowd" + widths + rb"\pard\intbl N-1\cell 31 m\cell 8,50\cell\row"
        rb"\trowd\cellx2000\clmgf\cellx4000\clmrg\cellx6000\intbl N-2\cell closed\cell\cell\row"
        rb"\pard After.\par"
    )  # fmt: skip
    blocks = blocks_of(data)
    assert tables(blocks) == [["Slip | Length | Fee", "N-1 | 31 m | 8,50", "N-2 | closed | "]]
    assert [t for t in texts(blocks) if t in ("Before.", "After.")] == ["Before.", "After."]


def test_pictures_are_figures() -> None:
    pixels = binascii.hexlify(picture())
    data = rtf(rb"\pard Plan:\par{\*\shppict{\pict\pngblip\picwgoal4000 " + pixels + b"}}"
               rb"{\nonshppict{\pict\wmetafile8 0100}}\pard End.\par")  # fmt: skip
    blocks = blocks_of(data)
    assert [b.kind for b in blocks].count("figure") == 1
    assert texts(blocks) == ["Plan:", "End."]
    raw = picture()
    data = rtf(rb"{\pict\pngblip\bin%d " % len(raw) + raw + rb"}\pard End.\par")
    assert [b.kind for b in blocks_of(data)].count("figure") == 1


@pytest.mark.parametrize(
    "data",
    [
        b"{\\rtf1" + b"{" * 100_000,
        b"{\\rtf1" + b"\\" * 500_000,
        b"{\\rtf1{\\stylesheet " + b"a\\b0 " * 50_000,
        b"{\\rtf1 \\bin999999999 x",
        b"{\\rtf1 }}}}}} x\\par",
        b"{\\rtf1\\intbl " + b"x\\cell " * 20_000 + b"\\row}",
    ],
)
def test_hostile_rtf_is_bounded(data: bytes) -> None:
    start = time.process_time()
    with suppress(DocumentError):
        open_document(data, "rtf")
    assert time.process_time() - start < 15


def test_groups_in_each_other_are_bounded() -> None:
    with pytest.raises(DocumentError, match="OCTAVO_MAX_NESTING"):
        open_document(b"{\\rtf1" + b"{" * 1000, "rtf")
