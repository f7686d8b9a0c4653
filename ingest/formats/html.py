"""HTML to blocks: structure kept, scripts, styles and links left out, nothing fetched.

Authors' style sheets are left out on purpose: what they place off the page, in white or in
columns would be lost, and they name other files. What `hidden` or `display:none` hides stays so.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.bounded_xml import parse
from octavo.ingest.formats.converted import A4, Converted, Paper
from octavo.ingest.formats.epub_builder import (
    EpubBuilder,
    Pictures,
    caption,
    escape,
    missing_picture,
)
from octavo.ingest.formats.html_inline import field_text, note_mark
from octavo.ingest.formats.html_tree import BLOCKS, HEADINGS, read_html
from octavo.ingest.formats.table_html import Cell, table_html
from octavo.ingest.text.symbol_fonts import symbol_text

_INLINE = {
    "b": "b", "strong": "b", "i": "i", "em": "i", "cite": "i", "var": "i", "dfn": "i", "u": "u",
    "sub": "sub", "sup": "sup", "code": "code", "kbd": "code", "samp": "code", "tt": "code",
}  # fmt: skip
_SHAPES = frozenset(
    {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "image", "use"}
)
_MOST_INDENT = 8  # deeper lists and quotes go no further to the right: they would leave the page
_LENGTH = re.compile(r"\d+(?:\.\d+)?")
_WIDE = re.compile(r"[ \t\r\n\f]+")

Fetch = Callable[[str], bytes | None]
"""Bytes of a picture by its address, or None where they are not part of the document."""


def make_html(text: str, bounds: FileLimits) -> Converted:
    """Raises DocumentError where nothing is to be seen in the page."""
    pictures = Pictures(bounds)
    root = read_html(text, bounds)
    return EpubBuilder([html_blocks(root, pictures)], pictures, html_metadata(root)).make()


def html_metadata(root: Element) -> dict[str, str]:
    """The page's title."""
    title = next(root.iter("title"), None)
    return {"title": " ".join("".join(title.itertext()).split())} if title is not None else {}


def html_blocks(
    root: Element, pictures: Pictures, fetch: Fetch = lambda _: None, paper: Paper = A4
) -> Iterator[str]:
    """The blocks of a page, in order: headings, paragraphs, lists, tables, figures."""
    return _BlockWriter(pictures, fetch, paper).blocks(root)


class _BlockWriter:
    """Elements to clean blocks; divisions that only group leave no trace."""

    def __init__(self, pictures: Pictures, fetch: Fetch, paper: Paper) -> None:
        self._pictures = pictures
        self._fetch = fetch
        self._paper = paper
        self._indent = 0  # lists and quotes around
        self._font = ""  # the symbol font around
        self._noun = "Picture"  # what the captions of the figure around are of

    def blocks(self, element: Element) -> Iterator[str]:
        outer, self._font = self._font, element.get("symbol-font") or self._font
        yield from self._blocks(element)
        self._font = outer

    def _blocks(self, element: Element) -> Iterator[str]:
        line: list[str] = [self._words(element.text)]
        for child in element:
            if _holds_block(child):
                yield from _paragraph(line)
                line = []
                yield from self._block(child)
            else:
                line.append(self._inline(child))
            line.append(self._words(child.tail))
        yield from _paragraph(line)

    def _words(self, text: str | None) -> str:
        shown = _WIDE.sub(" ", text or "")
        return escape(symbol_text(shown, self._font) if self._font else shown)

    def _block(self, element: Element) -> Iterator[str]:
        tag = element.tag
        if tag in ("title", "caption", "colgroup", "hr"):
            return
        if tag in HEADINGS:
            yield from self._heading(element)
        elif tag in ("ul", "ol", "menu", "dir"):
            yield self._list(element)
        elif tag == "table":
            yield from self._table(element)
        elif tag == "pre":
            text = "".join(element.itertext()).strip("\n")
            yield f"<pre>{escape(text)}</pre>" if text.strip() else ""
        elif tag == "img":
            yield self._picture(element)
        elif tag == "svg":
            yield self._drawing(element)
        elif tag == "figcaption":
            yield caption("".join(element.itertext()), self._noun)
        elif tag == "figure":
            yield from self._figure(element)
        elif tag in ("blockquote", "dd"):
            self._indent += 1
            inside = "".join(self.blocks(element))
            self._indent -= 1
            quoted = inside and self._indent < _MOST_INDENT
            yield f"<blockquote>{inside}</blockquote>" if quoted else inside
        else:
            yield from self.blocks(element)

    def _figure(self, element: Element) -> Iterator[str]:
        """A figure with a caption keeps that one; what its pictures say of themselves follows."""
        outer, self._noun = self._noun, "Picture" if element.find(".//table") is None else "Table"
        titles = " ".join(" ".join(t.itertext()) for t in element.iter("figcaption"))
        alts = []
        for picture in element.iter("img") if titles.strip() else ():
            alts.append(" ".join(picture.get("alt", "").split()))
            picture.set("alt", "")
        yield from self.blocks(element)
        yield from (f"<p>{escape(alt)}</p>" for alt in alts if alt and alt not in titles)
        self._noun = outer

    def _heading(self, element: Element) -> Iterator[str]:
        text = self._inline_html(element).strip()
        if text:
            yield f"<{element.tag}>{text}</{element.tag}>"
        for child in element.iter():
            if child.tag in ("img", "svg"):
                yield from self._block(child)

    def _list(self, element: Element) -> str:
        self._indent += 1
        parts = [escape((element.text or "").strip())]  # text outside of items is not lost
        for child in element:
            parts += ["".join(self.blocks(child)), escape((child.tail or "").strip())]
        self._indent -= 1
        if self._indent >= _MOST_INDENT:
            return "".join(inside for inside in parts if inside)
        items = [f"<li>{_without_only_paragraph(inside)}</li>" for inside in parts if inside]
        if not items:
            return ""
        start = _LENGTH.match(element.get("start", ""))
        opened = f'<ol start="{start[0]}">' if start and element.tag == "ol" else f"<{element.tag}>"
        tag = "ol" if element.tag == "ol" else "ul"
        return f"{opened if tag == 'ol' else '<ul>'}{''.join(items)}</{tag}>"

    def _table(self, element: Element) -> Iterator[str]:
        for child in element:
            if child.tag == "caption":
                yield caption("".join(child.itertext()), "Table")
            elif child.tag not in ("tr", "thead", "tbody", "tfoot", "colgroup"):
                yield from self.blocks(child)
        rows = [r for r in _rows(element) if len(r)]
        if not any(len(r) > 1 for r in rows) or _is_layout(element, rows):
            for row in rows:  # a page laid out with a table, not a table
                for cell in row:
                    yield from self.blocks(cell)
            return
        yield from table_html([[self._cell(c) for c in row] for row in rows], self._paper)

    def _cell(self, element: Element) -> Cell:
        return Cell(
            _without_only_paragraph("".join(self.blocks(element))),
            _count(element.get("colspan")),
            _count(element.get("rowspan")),
            element.tag == "th",
        )

    def _picture(self, element: Element) -> str:
        alt = " ".join(element.get("alt", "").split())
        data = data_url_bytes(element.get("src", ""))
        if data is None:
            data = self._fetch(element.get("src", ""))
        if data is None:
            return missing_picture(alt) if alt else ""
        if data.lstrip()[:5] in (b"<?xml", b"<svg ", b"<svg>"):
            return self._svg(data.decode("utf-8", "replace")) + caption(alt)
        width = _LENGTH.fullmatch(element.get("width", "").removesuffix("px"))
        return self._pictures.html(data, alt, float(width[0]) * 0.75 if width else 0.0)

    def _drawing(self, element: Element) -> str:
        return self._svg(element.get("source", ""))

    def _svg(self, source: str) -> str:
        """A drawing, and the words in it: a drawing inside HTML has no text layer."""
        if "xmlns" not in source[:2000]:
            source = source.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
        data = source.encode()
        try:
            root = parse([data], self._pictures.bounds)
        except DocumentError:
            return ""
        photos = [self._fetch(e.get("href", "")) for e in root.iter("image")]
        if any(photos):  # a drawing that only shows a picture, as book covers do
            return "".join(self._pictures.html(p) for p in photos if p)
        if not any(e.tag in _SHAPES for e in root.iter()):
            return ""
        words = [" ".join("".join(e.itertext()).split()) for e in root.iter("text")]
        return self._pictures.drawing(data) + caption(" ".join(w for w in words if w))

    def _inline_html(self, element: Element) -> str:
        """The inline content of an element as one run."""
        outer, self._font = self._font, element.get("symbol-font") or self._font
        out = self._words(element.text)
        for child in element:
            out += self._inline(child) + self._words(child.tail)
        self._font = outer
        return out

    def _inline(self, element: Element) -> str:
        if element.tag == "br":
            return "<br/>"
        if element.tag in ("img", "svg"):
            return ""
        if element.tag in ("input", "select"):
            return field_text(element)
        mark = note_mark(element)
        if mark:
            return mark
        inside = self._inline_html(element)
        if element.tag == "q":
            return f"“{inside}”"
        for name in (_INLINE.get(element.tag), element.get("level")) if inside.strip() else ():
            inside = f"<{name}>{inside}</{name}>" if name else inside
        return inside


def _without_only_paragraph(inside: str) -> str:
    """Blocks that begin with their only paragraph, without its margins: in a list, in a cell."""
    if inside.count("<p>") == 1 and inside.startswith("<p>"):
        return inside[3:].replace("</p>", "", 1)
    return inside


def _holds_block(element: Element) -> bool:
    return any(e.tag in BLOCKS for e in element.iter())


def _paragraph(line: Sequence[str]) -> Iterator[str]:
    text = "".join(line).strip()
    while text.startswith("<br/>"):
        text = text[5:].lstrip()
    if text:
        yield f"<p>{text}</p>"


def _rows(table: Element) -> Iterator[list[Element]]:
    """Rows of a table itself, not of tables inside it."""
    for child in table:
        if child.tag == "tr":
            yield list(child)
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from _rows(child)


def _is_layout(table: Element, rows: Sequence[Sequence[Element]]) -> bool:
    """A table that only places things: it holds tables, headings, or pages of text."""
    if table.get("role") == "presentation":
        return True
    if any(e.tag in HEADINGS or (e.tag == "table" and e is not table) for e in table.iter()):
        return True
    cells = [c for row in rows for c in row]
    return any(sum(len(t) for t in c.itertext()) > 1500 for c in cells)


def _count(text: str | None) -> int:
    match = _LENGTH.match(text or "")
    return max(1, min(1000, int(float(match[0])))) if match else 1


def data_url_bytes(address: str) -> bytes | None:
    """Bytes of a `data:` address; None for any other, which is never fetched."""
    if not address.strip().lower().startswith("data:"):
        return None
    head, _, body = address.strip().partition(",")
    try:
        raw = unquote_to_bytes(body)
        return base64.b64decode(raw) if head.lower().endswith(";base64") else raw
    except (binascii.Error, ValueError):
        return b""
