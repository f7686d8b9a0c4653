"""OpenDocument: text (ODT), spreadsheets (ODS), slides and drawings (ODP, ODG).

Left out: headers and footers, deleted, struck and hidden text, hidden sheets, rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import A4, LANDSCAPE, Converted, Paper
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures, escape
from octavo.ingest.formats.long_tables import sheet_blocks
from octavo.ingest.formats.odf_package import OdfPackage, OdfStyle
from octavo.ingest.formats.odf_sheet import OdfSheetRows
from octavo.ingest.formats.odf_text import OdfText


def make_odt(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError for a damaged file or one with a password."""
    package, pictures = _opened(data, bounds, A4)
    body = package.body("text")
    titles = any(package.styles.get(p.get("style-name", ""), OdfStyle()).title
                 for p in body.iter("p"))  # fmt: skip
    writer = OdfText(package, pictures, A4, shift=int(titles))
    return _book(package, pictures, [writer.blocks(body)], A4)


def make_ods(data: bytes, bounds: FileLimits) -> Converted:
    """Each visible sheet from a new page. Raises as `make_odt`."""
    package, pictures = _opened(data, bounds, LANDSCAPE)
    sheets = [e for e in package.body("spreadsheet") if e.tag == "table"]
    hidden = [s.get("name", "") for s in sheets if _style(package, s).hidden]
    shown = [s for s in sheets if not _style(package, s).hidden]
    chapters = (
        _sheet(OdfText(package, pictures, LANDSCAPE), sheet, hidden if n == 0 else [])
        for n, sheet in enumerate(shown)
    )
    return _book(package, pictures, chapters, LANDSCAPE)


def make_odp(data: bytes, bounds: FileLimits) -> Converted:
    """Each slide from a new page, with its notes under it. Raises as `make_odt`."""
    package, pictures = _opened(data, bounds, LANDSCAPE)
    content = package.content.find("body")
    drawing = content is not None and content.find("drawing") is not None
    pages = package.body("drawing" if drawing else "presentation").iter("page")
    chapters = (
        _slide(OdfText(package, pictures, LANDSCAPE), page, n) for n, page in enumerate(pages, 1)
    )
    return _book(package, pictures, chapters, LANDSCAPE)


def _opened(data: bytes, bounds: FileLimits, paper: Paper) -> tuple[OdfPackage, Pictures]:
    return OdfPackage(data, bounds), Pictures(bounds, paper)


def _book(
    package: OdfPackage, pictures: Pictures, chapters: Iterable[Iterator[str]], paper: Paper
) -> Converted:
    return EpubBuilder(chapters, pictures, package.metadata(), paper).make()


def _style(package: OdfPackage, element: Element) -> OdfStyle:
    return package.styles.get(element.get("style-name", ""), OdfStyle())


def _sheet(writer: OdfText, sheet: Element, hidden: list[str]) -> Iterator[str]:
    name = sheet.get("name", "")
    yield f"<h1>{escape(name)}</h1>"
    if hidden:
        yield f"<p>{escape('Hidden sheets, left out: ' + ', '.join(hidden))}</p>"
    used = 40.0 + (20.0 if hidden else 0.0)
    yield from sheet_blocks(OdfSheetRows(sheet, writer).read(), LANDSCAPE, name, used)
    yield from writer.after()
    for shapes in sheet.iter("shapes"):
        yield from writer.blocks(shapes)


def _slide(writer: OdfText, page: Element, number: int) -> Iterator[str]:
    frames = [f for f in page if f.tag == "frame"]
    title = next((f for f in frames if f.get("class") == "title"), None)
    words = " ".join("".join(writer.blocks(title)).split()) if title is not None else ""
    plain = words.replace("<p>", "").replace("</p>", " ").strip()
    yield f"<h1>{plain or f'Slide {number}'}</h1>"
    for child in page:
        if child is title or child.tag == "notes":
            continue
        holder = Element("holder")
        holder.append(child)
        yield from writer.blocks(holder)
    for notes in page.findall("notes"):
        shown = list(writer.blocks(notes))
        if shown:
            yield "<p>Notes:</p>"
            yield from shown
