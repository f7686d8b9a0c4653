"""OpenDocument: text, spreadsheets and slides."""

from __future__ import annotations

import io
import time
import zipfile

import pytest

from octavo.ingest.document import DocumentError
from octavo.ingest.files import file_type
from octavo.ingest.open_document import open_document
from octavo.ingest.read import read_pages
from octavo.ingest.worker.worker_protocol import Opened
from tests.conftest import picture
from tests.ingest.test_formats import blocks_of, headings, pages_of, tables, texts

_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
    for name, full in {"office": "office", "text": "text", "table": "table", "draw": "drawing",
                       "style": "style", "presentation": "presentation", "meta": "meta",
                       "svg": "svg-compatible", "fo": "xsl-fo-compatible", "chart": "chart"}.items()
)  # fmt: skip
_SPACES += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
_STYLES = (
    '<style:style style:name="P1" style:parent-style-name="Title"/>'
    '<style:style style:name="T1"><style:text-properties fo:font-weight="bold"/></style:style>'
    '<style:style style:name="T2"><style:text-properties style:text-position="super 58%"/>'
    '</style:style><style:style style:name="T3"><style:text-properties '
    'style:text-line-through-style="solid"/></style:style>'
    '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
)
_META = (
    f"<office:document-meta {_SPACES}><office:meta><dc:title>Pier book</dc:title>"
    "<meta:initial-creator>Una Dahl</meta:initial-creator></office:meta></office:document-meta>"
)


def odf(kind: str, body: str, files: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        inner = kind if kind != "graphics" else "drawing"
        archive.writestr("content.xml", (
            f"<office:document-content {_SPACES}><office:automatic-styles>{_STYLES}"
            f"</office:automatic-styles><office:body><office:{inner}>{body}</office:{inner}>"
            "</office:body></office:document-content>"))  # fmt: skip
        archive.writestr("meta.xml", _META)
        for name, data in (files or {}).items():
            archive.writestr(name, data)
    return out.getvalue()


def cell(text: str, attributes: str = "") -> str:
    inside = f"<text:p>{text}</text:p>" if text else ""
    return f"<table:table-cell {attributes}>{inside}</table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def sheet(name: str, *rows: str, attributes: str = "") -> str:
    return f'<table:table table:name="{name}" {attributes}>{"".join(rows)}</table:table>'


_COVERED = "<table:covered-table-cell/>"


def test_text_has_headings_lists_notes_and_tables() -> None:
    data = odf("text", (
        '<text:tracked-changes><text:deletion><text:p>gone</text:p></text:deletion>'
        '</text:tracked-changes><text:p text:style-name="P1">Pier book</text:p>'
        '<text:h text:outline-level="1">North pier</text:h>'
        '<text:p>It is<text:s text:c="2"/>210 m<text:span text:style-name="T2">2</text:span> long'
        '<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Measured in '
        'May.</text:p></text:note-body></text:note>, fee <text:span text:style-name="T3">55'
        '</text:span> 60 EUR.<office:annotation><dc:creator>Tor</dc:creator><text:p>Still so?'
        '</text:p></office:annotation></text:p>'
        '<text:list><text:list-item><text:p>Ropes</text:p></text:list-item><text:list-item>'
        '<text:p>Chains</text:p></text:list-item></text:list>'
        '<text:section><table:table><table:table-header-rows>'
        + row(cell("Berth"), cell("Boat"), cell("Fee"))
        + '</table:table-header-rows>' + row(cell("B-1", 'table:number-rows-spanned="2"'),
        cell("Skua"), cell("8,50")) + row(_COVERED, cell("Tern"), cell("9,50"))
        + row(cell("closed", 'table:number-columns-spanned="3"'), _COVERED, _COVERED)
        + '</table:table></text:section>'))  # fmt: skip
    assert file_type(data) == "odt"
    (opened, *_) = read_pages(data, "odt", ocr=False)
    assert isinstance(opened, Opened)
    assert opened.metadata == {"title": "Pier book", "author": "Una Dahl"}
    blocks = blocks_of(data)
    assert headings(blocks) == ["Pier book", "North pier"]
    found = " ".join(texts(blocks)).replace("\u00a0", " ")
    assert "210 m² long [1], fee 60 EUR." in found.replace("  ", " ")
    assert "[1] Measured in May." in found
    assert "Comment by Tor: Still so?" in found
    assert "gone" not in found
    assert "Ropes" in found
    assert tables(blocks) == [
        ["Berth | Boat | Fee", "B-1 | Skua | 8,50", "B-1 | Tern | 9,50", "closed |  | "]
    ]


def test_sheets_are_read_as_they_are_shown() -> None:
    data = odf("spreadsheet", sheet(
        "Fees", row(cell("Pier"), cell("2023"), cell("2024")),
        row(cell("North", 'table:number-rows-spanned="2"'),
            cell("1.250,00", 'table:number-columns-repeated="2"')),
        row(_COVERED, cell("7,50"), cell("8,50")),
        row(cell("", 'table:number-columns-repeated="16384"'),
            attributes='table:number-rows-repeated="1000"'),
        row(cell("hidden"), attributes='table:visibility="collapse"'),
        row(cell("Horn"), cell("24 V")), row(cell("Lamp"), cell("12 V")),
        row(cell("", 'table:number-columns-repeated="1024"'),
            attributes='table:number-rows-repeated="1047000"'),
    ) + sheet("Secret", row(cell("x")), attributes='table:style-name="ta2"'))  # fmt: skip
    assert file_type(data) == "ods"
    blocks = blocks_of(data)
    assert headings(blocks) == ["Fees"]
    assert tables(blocks) == [
        ["Pier | 2023 | 2024", "North | 1.250,00 | 1.250,00", "North | 7,50 | 8,50"],
        ["Horn | 24 V", "Lamp | 12 V"],
    ]
    found = texts(blocks)
    assert "Hidden sheets, left out: Secret" in found
    assert "hidden" not in found


def test_pictures_and_charts() -> None:
    frame = ('<draw:frame svg:width="5cm"><draw:image xlink:href="Pictures/a.png"/>'
             "<svg:desc>The north pier</svg:desc></draw:frame>")  # fmt: skip
    chart = (f"<office:document-content {_SPACES}><office:body><office:chart><chart:chart>"
             "<chart:title><text:p>Fees by year</text:p></chart:title>"
             f"{sheet('local-table', row(cell('year'), cell('fee')), row(cell('2024'), cell('9')))}"
             "</chart:chart></office:chart></office:body></office:document-content>")  # fmt: skip
    data = odf(
        "text",
        f'<text:p>See:{frame}</text:p><text:p><draw:frame><draw:object xlink:href="./Object 1"/>'
        '<draw:image xlink:href="./ObjectReplacements/Object 1"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:image xlink:href="https://x.example/y.png"/></draw:frame></text:p>',
        {"Pictures/a.png": picture(), "Object 1/content.xml": chart.encode()},
    )
    blocks = blocks_of(data)
    (figure,) = (b for b in blocks if b.kind == "figure")
    assert "The north pier" in figure.caption[0].text
    assert figure.box.width == pytest.approx(142, abs=2)
    assert tables(blocks) == [["year | fee", "2024 | 9"]]
    assert any("Fees by year" in line for line in texts(blocks))


def slide(title: str, text: str, notes: str = "") -> str:
    note = f"<presentation:notes><draw:frame><draw:text-box><text:p>{notes}</text:p>" \
           "</draw:text-box></draw:frame></presentation:notes>" if notes else ""  # fmt: skip
    return (f'<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>{title}'
            f"</text:p></draw:text-box></draw:frame><draw:custom-shape><text:p>{text}</text:p>"
            f"</draw:custom-shape>{note}</draw:page>")  # fmt: skip


def test_slides_are_pages_with_their_notes() -> None:
    data = odf("presentation", slide("Depths", "Basin 3 is 8.5 m deep.", "Say it slowly.")
               + slide("", "No title here."))  # fmt: skip
    assert file_type(data) == "odp"
    pages = pages_of(data)
    assert [headings(list(p.blocks)) for p in pages] == [["Depths"], ["Slide 2"]]
    first = texts(list(pages[0].blocks))
    assert "Basin 3 is 8.5 m deep." in first
    assert "Say it slowly." in first


def test_files_with_a_password_and_damaged_ones_say_so() -> None:
    manifest = b"<manifest><file-entry><encryption-data/></file-entry></manifest>"
    with pytest.raises(DocumentError, match="with a password"):
        open_document(odf("text", "", {"META-INF/manifest.xml": manifest}), "odt")
    with pytest.raises(DocumentError, match="no text"):
        open_document(odf("text", ""), "odt")
    with pytest.raises(DocumentError, match="lacks its main part"):
        open_document(odf("text", "<text:p>x</text:p>"), "ods")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("odt", "<text:p>" + '<text:s text:c="999999999"/>' * 50 + "x</text:p>"),
        ("odt", sheet("t", row(cell("x", 'table:number-columns-repeated="999999999"'),
                               attributes='table:number-rows-repeated="999999999"'))),
        ("ods", sheet("t", row(cell("x", 'table:number-columns-repeated="16384"'),
                               attributes='table:number-rows-repeated="1048576"'))),
        ("ods", sheet("t", row(cell("x", 'table:number-columns-spanned="16384" '
                                         'table:number-rows-spanned="1048576"')))),
    ],
)  # fmt: skip
def test_repetitions_are_bounded(kind: str, body: str) -> None:
    start = time.process_time()
    open_document(odf({"odt": "text", "ods": "spreadsheet"}[kind], body), kind)
    assert time.process_time() - start < 30


def test_nesting_is_bounded() -> None:
    with pytest.raises(DocumentError, match="OCTAVO_MAX_NESTING"):
        open_document(odf("text", "<text:section>" * 500 + "</text:section>" * 500), "odt")
