"""XLSX: every visible sheet, with the values that its cells show."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.bounded_xml import walk
from octavo.ingest.formats.converted import LANDSCAPE, Converted
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures, escape
from octavo.ingest.formats.long_tables import sheet_blocks
from octavo.ingest.office.chart_data import chart_html, read_chart
from octavo.ingest.office.drawing_text import drawn_text
from octavo.ingest.office.number_formats import BUILT_IN
from octavo.ingest.office.office_package import (
    EMU,
    Package,
    attribute_of,
    find_child,
    is_on,
    to_int,
)
from octavo.ingest.office.rich_text import RichText, unescaped
from octavo.ingest.office.worksheet import CellFormat, Workbook, WorksheetRows


def make_xlsx(data: bytes, bounds: FileLimits) -> Converted:
    """Every sheet begins on a new page under its name. Raises DocumentError for a damaged file."""
    package = Package(data, bounds)
    main = package.main_part()
    root = package.root(main)
    pictures = Pictures(bounds, LANDSCAPE)
    book = Workbook(
        package,
        main,
        attribute_of(root, "workbookPr", name="date1904") in ("1", "true"),
        _shared_strings(package, main),
        _cell_formats(package, main),
        pictures,
    )
    sheets = [s for s in root.iter("sheet") if s.get("r:id")]
    hidden = [s.get("name", "") for s in sheets if s.get("state", "visible") != "visible"]
    shown = [s for s in sheets if s.get("state", "visible") == "visible"]
    chapters = (_sheet(book, s, hidden if n == 0 else []) for n, s in enumerate(shown))
    return EpubBuilder(chapters, pictures, package.metadata(), LANDSCAPE).make()


def _shared_strings(package: Package, main: str) -> list[str]:
    """The texts that cells refer to by number; readings of Japanese words (`rPh`) left out."""
    strings: list[str] = []
    rich = RichText()

    def end(tag: str) -> None:
        rich.end(tag)
        if tag == "si":
            strings.append(rich.take())

    for part in package.related(main, "sharedStrings"):
        walk(package.container.chunks(part), package.bounds, rich.start, end, rich.text)
    return strings


def _cell_formats(package: Package, main: str) -> list[CellFormat]:
    parts = package.related(main, "styles")
    if not parts:
        return []
    root = package.root(parts[0])
    codes = dict(BUILT_IN)
    codes.update({to_int(e.get("numFmtId")): e.get("formatCode", "") for e in root.iter("numFmt")})
    fonts = list(find_child(root, "fonts") or ())
    formats = []
    for style in find_child(root, "cellXfs") or ():
        n = to_int(style.get("fontId"))
        font = fonts[n] if 0 <= n < len(fonts) else Element("font")
        code = codes.get(to_int(style.get("numFmtId")), "General") or "General"
        bold, struck = is_on(font.find("b")), is_on(font.find("strike"))
        formats.append(CellFormat(code, bold, struck, attribute_of(font, "name")))
    return formats


def _sheet(book: Workbook, sheet: Element, hidden: list[str]) -> Iterator[str]:
    name = sheet.get("name", "")
    target = book.package.targets(book.main).get(sheet.get("r:id", ""))
    yield f"<h1>{escape(name)}</h1>"
    if hidden:
        yield f"<p>{escape('Hidden sheets, left out: ' + ', '.join(hidden))}</p>"
    if target is None or target.part not in book.package.container:
        return
    if target.kind == "worksheet":
        used = 40.0 + (20.0 if hidden else 0.0)
        rows = WorksheetRows(book, target.part)
        yield from sheet_blocks(rows.read(), LANDSCAPE, name, used)
        if rows.left_out():
            yield f"<p>{escape(rows.left_out())}</p>"
        yield from _comments(book, target.part)
    for drawing in book.package.related(target.part, "drawing"):
        yield from _drawing(book, drawing)


def _comments(book: Workbook, part: str) -> Iterator[str]:
    for name in book.package.related(part, "comments"):
        for comment in book.package.root(name).iter("comment"):
            text = unescaped("".join(t.text or "" for t in comment.iter("t"))).strip()
            if text:
                yield f"<p>Note on {escape(comment.get('ref', ''))}: {escape(text)}</p>"


def _drawing(book: Workbook, part: str) -> Iterator[str]:
    """Pictures, charts and text boxes of a sheet, in the order they were put there."""
    targets = book.package.targets(part)
    for anchor in book.package.root(part):
        alt = next((e.get("descr", "") for e in anchor.iter("cNvPr")), "")
        for blip in anchor.iter("blip"):
            target = targets.get(blip.get("r:embed", ""))
            data = book.package.picture(target.part) if target else None
            if data:
                width = to_int(next((e.get("cx") for e in anchor.iter("ext") if e.get("cx")), ""))
                yield book.pictures.html(data, alt, width / EMU)
        for item in anchor.iter("chart"):
            target = targets.get(item.get("r:id", ""))
            if target and target.part in book.package.container:
                chart = read_chart(book.package, target.part)
                yield from chart_html(chart, alt, LANDSCAPE)
        for shape in anchor.iter("txBody"):
            for text in drawn_text(shape):
                yield f"<p>{escape(text)}</p>"
