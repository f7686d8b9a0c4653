"""OpenDocument: headings, paragraphs, lists, tables, frames, notes and comments as HTML blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from octavo.ingest.formats.converted import A4, Paper
from octavo.ingest.formats.epub_builder import Pictures, escape
from octavo.ingest.formats.odf_package import OdfPackage, OdfStyle, count_of, points
from octavo.ingest.formats.table_html import Cell, table_html

#: Elements that only group, in the text and in a table.
_GROUPS = frozenset({
    "section", "index-body", "table-of-content", "illustration-index", "table-index",
    "alphabetical-index", "user-index", "object-index", "bibliography", "index-title", "g", "page",
    "text-box", "custom-shape", "rect", "ellipse", "line", "connector", "path", "polygon",
    "caption", "polyline", "regular-polygon", "circle",
})  # fmt: skip
_ROW_GROUPS = frozenset({"table-header-rows", "table-rows", "table-row-group"})
_MOST_ROWS = 200  # of one row repeated
_MOST_COLUMNS = 200
_MOST_BLANKS = 100
_NO_STYLE = OdfStyle()


@dataclass(slots=True)
class OdfText:
    """Writes the elements of a package. `shift`: headings go so many levels down."""

    package: OdfPackage
    pictures: Pictures
    paper: Paper = A4
    shift: int = 0
    _notes: int = 0
    _after: list[str] = field(default_factory=list)  # blocks after the paragraph

    def blocks(self, element: Element) -> Iterator[str]:
        for child in element:
            tag = child.tag
            if tag in ("p", "h"):
                yield from self._paragraph(child)
            elif tag == "list":
                yield self._list(child)
            elif tag == "table":
                yield from table_html(self.table(child), self.paper)
                yield from self.after()
            elif tag == "frame":
                yield from self.frame(child)
            elif tag in _GROUPS:
                yield from self.blocks(child)

    def after(self) -> list[str]:
        """The notes, comments and frames of cells, once."""
        after, self._after = self._after, []
        return after

    def _paragraph(self, element: Element) -> Iterator[str]:
        outer, self._after = self._after, []
        text = self.inline(element).strip()
        after, self._after = self._after, outer
        style = self._style(element)
        if text and not style.hidden:
            if element.tag == "h":
                level = min(count_of(element, "outline-level", 9) + self.shift, 6)
                yield f"<h{level}>{text}</h{level}>"
            else:
                yield f"<h1>{text}</h1>" if style.title else f"<p>{text}</p>"
        yield from after

    def _style(self, element: Element) -> OdfStyle:
        return self.package.styles.get(element.get("style-name", ""), _NO_STYLE)

    def inline(self, element: Element) -> str:
        """The running text of a paragraph. Frames and notes in it come after it."""
        out = escape(_spaced(element.text))
        for child in element:
            out += self._piece(child) + escape(_spaced(child.tail))
        return out

    def _piece(self, child: Element) -> str:
        tag = child.tag
        if tag == "s":
            return "\u00a0" * count_of(child, "c", _MOST_BLANKS)
        if tag == "tab":
            return " \u00a0 "
        if tag == "line-break":
            return "<br/>"
        if tag == "note":
            return self._note(child)
        if tag == "annotation":
            self._comment(child)
            return ""
        if tag == "frame" or tag in _GROUPS:
            holder = Element("holder")
            holder.append(child)
            self._after.extend(self.blocks(holder))
            return ""
        if tag in ("ruby-text", "tracked-changes", "annotation-end"):
            return ""
        return self._styled(child)

    def _styled(self, child: Element) -> str:
        style = self._style(child) if child.tag == "span" else _NO_STYLE
        text = "" if style.hidden else self.inline(child)
        for name, on in (("b", style.bold), ("i", style.italic), (style.raised, True)):
            if name and on and text.strip():
                text = f"<{name}>{text}</{name}>"
        return text

    def _note(self, note: Element) -> str:
        self._notes += 1
        number, body = self._notes, note.find("note-body")
        text = "<br/>".join(self._lines(body)) if body is not None else ""
        self._after.append(f'<p class="small">[{number}] {text}</p>')
        return f"<sup>[{number}]</sup>"

    def _comment(self, comment: Element) -> None:
        creator = (comment.findtext("creator") or "").strip()
        text = "<br/>".join(self._lines(comment))
        by = f"Comment by {creator}: " if creator else "Comment: "
        if text:
            self._after.append(f'<p class="small">{escape(by)}{text}</p>')

    def _lines(self, element: Element) -> list[str]:
        """The paragraphs in an element, each as a line."""
        return [t for p in element.iter() if p.tag in ("p", "h") and (t := self.inline(p).strip())]

    def _list(self, element: Element) -> str:
        items = []
        for item in element:
            if item.tag in ("list-item", "list-header"):
                inside = "".join(self.blocks(item))
                if inside.count("<p>") == 1 and inside.startswith("<p>"):
                    inside = inside[3:].replace("</p>", "", 1)
                items.append(f"<li>{inside}</li>" if inside else "")
        return f"<ul>{''.join(items)}</ul>" if any(items) else ""

    def table(self, element: Element, head: bool = False) -> list[list[Cell]]:
        """The rows of a table; what they repeat is repeated a bounded number of times."""
        rows: list[list[Cell]] = []
        for child in element:
            if child.tag in _ROW_GROUPS:
                rows += self.table(child, head or child.tag == "table-header-rows")
            elif child.tag == "table-row":
                row = self._row(child, head)
                repeated = count_of(child, "number-rows-repeated", _MOST_ROWS)
                rows += [row] * (repeated if any(c.html for c in row) else 1)
        return rows

    def _row(self, element: Element, head: bool) -> list[Cell]:
        row: list[Cell] = []
        for child in element:
            if child.tag != "table-cell":  # covered by another one
                continue
            cell = Cell(
                self.cell(child),
                count_of(child, "number-columns-spanned", 1000),
                count_of(child, "number-rows-spanned", 1000),
                head,
            )
            row += [cell] * count_of(child, "number-columns-repeated", _MOST_COLUMNS)
        while row and not row[-1].html:
            row.pop()
        return row

    def cell(self, element: Element) -> str:
        """The paragraphs of a cell as lines; a table inside of it as rows of text."""
        lines = []
        for child in element:
            if child.tag == "table":
                rows = (" | ".join(c.html for c in row if c.html) for row in self.table(child))
                lines += [row for row in rows if row]
            elif child.tag == "annotation":
                self._comment(child)
            elif child.tag == "frame":
                self._after.extend(self.frame(child))
            else:
                lines += self._lines(child) if child.tag not in ("p", "h") else [self.inline(child)]
        return "<br/>".join(line.strip() for line in lines if line.strip())

    def frame(self, element: Element) -> Iterator[str]:
        """A picture, a chart's values, a formula, or a box with text."""
        alt = element.findtext("desc") or element.findtext("title") or ""
        for child in element:
            if child.tag == "object":
                shown = list(self._object(child, alt))
                yield from shown
                if shown:
                    return
        for child in element:
            if child.tag == "image":
                part = self.package.part(child.get("href", ""))
                data = self.package.container.picture(part) if part else None
                yield self.pictures.html(data or b"", alt, points(element.get("width", "")))
                return
        yield from self.blocks(element)

    def _object(self, element: Element, alt: str) -> Iterator[str]:
        part = self.package.part(element.get("href", ""), "content.xml")
        root = self.package.root(part) if part else None
        if root is None:
            return
        chart = next(root.iter("chart"), None)
        if chart is not None:
            title = next(chart.iter("title"), None)
            name = " ".join("".join(title.itertext()).split()) if title is not None else alt
            yield f"<p>{escape(f'Chart: {name}')}</p>" if name else ""
            for table in chart.iter("table"):
                yield from table_html(self.table(table), self.paper)
        formula = next(root.iter("annotation"), None)
        if formula is not None and (formula.text or "").strip():
            yield f"<p>{escape((formula.text or '').strip())}</p>"


def _spaced(text: str | None) -> str:
    """Line breaks of the XML are blanks."""
    return " ".join((text or "").split("\n")) if text else ""
