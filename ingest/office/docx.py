"""DOCX: headings, numbered paragraphs, tables, pictures, notes and comments, in reading order.

Word stores no pages, so these are ours: A4, a new one at each page break. Running headers stand
once at the beginning, footers once at the end, footnotes and comments after their paragraph.
Deleted and hidden text is left out, text of tracked insertions is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures, escape
from octavo.ingest.formats.table_html import Cell, table_html
from octavo.ingest.office.chart_data import chart_html, read_chart
from octavo.ingest.office.formulas import formula_text
from octavo.ingest.office.list_numbering import Numbering
from octavo.ingest.office.office_package import EMU, Package, drawn_text, first, is_on, value, whole
from octavo.ingest.office.paragraph_styles import ParagraphStyle, read_styles

#: Elements that only wrap runs or blocks.
_WRAPPERS = frozenset({
    "ins", "moveTo", "hyperlink", "smartTag", "sdt", "sdtContent", "fldSimple", "customXml",
    "dir", "bdo", "rubyBase", "oMathPara",
})  # fmt: skip
_PAGE_FIELDS = re.compile(r"^\s*(?:PAGE|NUMPAGES|SECTIONPAGES)\b", re.IGNORECASE)
_BREAK = "\f"  # a page break among blocks


@dataclass(slots=True)
class _Story:
    """One part with text (the body, the footnotes, a header) and what its runs refer to."""

    part: str
    notes: dict[str, Element] = field(default_factory=dict)
    comments: dict[str, Element] = field(default_factory=dict)


@dataclass(slots=True)
class _ParagraphParts:
    """What a paragraph's runs hold: inline HTML, and blocks that follow the paragraph."""

    html: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    field_code: str | None = None  # of a field whose code is being read
    muted: bool = False  # inside the result of a page number field


def make_docx(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError for a damaged file or an empty one."""
    package = Package(data, bounds)
    reader = _BodyReader(package)
    return EpubBuilder(_chapters(reader.blocks()), reader.pictures, package.metadata()).make()


def _chapters(blocks: Iterator[str]) -> Iterator[Iterator[str]]:
    """Blocks parted at page breaks. Each part is to be used up before the next."""
    ended = False

    def run() -> Iterator[str]:
        nonlocal ended
        for block in blocks:
            if block == _BREAK:
                return
            yield block
        ended = True

    while not ended:
        yield run()


class _BodyReader:
    def __init__(self, package: Package) -> None:
        self._package = package
        self._main = package.main_part()
        self.pictures = Pictures(package.bounds)
        self._styles = read_styles(self._related_root("styles"))
        self._numbering = Numbering(self._related_root("numbering"))
        self._shift = 0  # headings go one down where the document has a title
        self._noted = 0

    def _related_root(self, kind: str) -> Element | None:
        found = self._package.related(self._main, kind)
        return self._package.root(found[0]) if found else None

    def blocks(self) -> Iterator[str]:
        root = self._package.root(self._main)
        story = _Story(self._main, self._notes(), self._comments())
        titles = [i for i, s in self._styles.items() if s.title]
        self._shift = int(any(value(p, "pPr", "pStyle") in titles for p in root.iter("p")))
        body = first(root, "body")
        yield from self._running("header")
        yield from self._blocks(body if body is not None else root, story)
        yield from self._running("footer")

    def _notes(self) -> dict[str, Element]:
        """Footnotes and endnotes, without the lines that separate them from the text."""
        found = {}
        for kind, letter in (("footnotes", "f"), ("endnotes", "e")):
            for note in self._related_root(kind) or ():
                if note.get("type", "normal") == "normal":
                    found[letter + note.get("id", "")] = note
        return found

    def _comments(self) -> dict[str, Element]:
        return {c.get("id", ""): c for c in self._related_root("comments") or ()}

    def _running(self, kind: str) -> Iterator[str]:
        """Headers or footers, each text once; those that hold only a page number not at all."""
        seen = set()
        for part in self._package.related(self._main, kind):
            for block in self._blocks(self._package.root(part), _Story(part)):
                words = re.sub(r"<[^>]*>", "", block)
                new = words not in seen and (any(map(str.isalpha, words)) or "<img" in block)
                if new and block != _BREAK:
                    seen.add(words)
                    yield block.replace("<p>", '<p class="small">')

    def _blocks(self, element: Element, story: _Story) -> Iterator[str]:
        for child in element:
            if child.tag == "p":
                yield from self._paragraph(child, story)
            elif child.tag == "tbl":
                yield from self._table(child, story)
            elif child.tag in _WRAPPERS:
                yield from self._blocks(child, story)
            elif child.tag == "AlternateContent":
                yield from self._blocks(_chosen(child), story)

    def _paragraph(self, paragraph: Element, story: _Story) -> Iterator[str]:
        found = _ParagraphParts()
        properties = first(paragraph, "pPr")
        if is_on(first(properties, "pageBreakBefore")):
            yield _BREAK
        self._runs(paragraph, story, found)
        style = self._styles.get(value(properties, "pStyle"), ParagraphStyle())
        label = self._label(properties, style, bool("".join(found.html).strip()))
        parts = "".join(found.html).split(_BREAK)
        for n, part in enumerate(parts):
            if n:
                yield _BREAK
            text = part.strip()
            if text:
                yield self._shown(text, label, style, properties)
                label = ""
        yield from found.after
        section = first(properties, "sectPr")
        if section is not None and value(section, "type") != "continuous":
            yield _BREAK

    def _label(self, properties: Element | None, style: ParagraphStyle, filled: bool) -> str:
        own = first(properties, "numPr")
        number = value(own, "numId") or style.number
        level = value(own, "ilvl")
        if not filled or number in ("", "0"):
            return ""
        return self._numbering.label(number, whole(level) if level else style.level)

    def _shown(
        self, text: str, label: str, style: ParagraphStyle, properties: Element | None
    ) -> str:
        outline = value(properties, "outlineLvl")
        heading = whole(outline, 9) + 1 if outline else style.heading
        lead = f"{escape(label)} " if label else ""
        if style.title:
            return f"<h1>{text}</h1>"
        if 1 <= heading <= 9:
            level = min(heading + self._shift, 6)
            return f"<h{level}>{lead}{text}</h{level}>"
        if not label:
            return f"<p>{text}</p>"
        depth = whole(value(first(properties, "numPr"), "ilvl")) + 1
        return f'<p style="margin-left:{16 * min(depth, 9)}pt">{lead}{text}</p>'

    def _runs(self, element: Element, story: _Story, found: _ParagraphParts) -> None:
        for child in element:
            if child.tag == "r":
                self._run(child, story, found)
            elif child.tag == "fldSimple" and _PAGE_FIELDS.match(child.get("instr", "")):
                continue
            elif child.tag in _WRAPPERS:
                self._runs(child, story, found)
            elif child.tag == "oMath":
                found.html.append(escape(formula_text(child)))
            elif child.tag == "AlternateContent":
                self._runs(_chosen(child), story, found)

    def _run(self, run: Element, story: _Story, found: _ParagraphParts) -> None:
        properties = first(run, "rPr")
        if is_on(first(properties, "vanish")):
            return
        held, found.html = found.html, []
        for child in run:
            self._piece(child, story, found)
        html = "".join(found.html)
        found.html = held
        if not html or (found.muted and html != _BREAK):
            return
        aligned = value(properties, "vertAlign")
        for tag, on in (
            ("b", is_on(first(properties, "b"))),
            ("i", is_on(first(properties, "i"))),
            ("sup", aligned == "superscript"),
            ("sub", aligned == "subscript"),
        ):
            if on and html.strip() and _BREAK not in html:
                html = f"<{tag}>{html}</{tag}>"
        found.html.append(html)

    def _piece(self, child: Element, story: _Story, found: _ParagraphParts) -> None:
        tag = child.tag
        if tag == "t":
            found.html.append(escape(child.text or ""))
        elif tag in ("tab", "ptab"):
            found.html.append(" \u00a0 ")
        elif tag in ("br", "cr"):
            found.html.append(_BREAK if child.get("type") == "page" else "<br/>")
        elif tag == "noBreakHyphen":
            found.html.append("\u2011")
        elif tag == "sym":
            found.html.append(_symbol(child.get("char", "")))
        elif tag == "fldChar":
            _field(child.get("fldCharType", ""), found)
        elif tag == "instrText" and found.field_code is not None:
            found.field_code += child.text or ""
        elif tag == "ruby":
            self._runs(child, story, found)
        elif tag in ("footnoteReference", "endnoteReference"):
            self._note(story.notes.get(tag[0] + child.get("id", "")), story, found)
        elif tag == "commentReference":
            self._comment(story.comments.get(child.get("id", "")), story, found)
        elif tag in ("drawing", "pict", "object"):
            found.after.extend(self._drawing(child, story))
        elif tag == "AlternateContent":
            for piece in _chosen(child):
                self._piece(piece, story, found)

    def _note(self, note: Element | None, story: _Story, found: _ParagraphParts) -> None:
        if note is None:
            return
        self._noted += 1
        found.html.append(f"<sup>[{self._noted}]</sup>")
        text = self._words(note, story)
        if text:
            found.after.append(f'<p class="small">[{self._noted}] {escape(text)}</p>')

    def _comment(self, comment: Element | None, story: _Story, found: _ParagraphParts) -> None:
        if comment is None:
            return
        text = self._words(comment, story)
        author = comment.get("author", "").strip()
        if text:
            by = f"Comment by {author}: " if author else "Comment: "
            found.after.append(f'<p class="small">{escape(by + text)}</p>')

    def _words(self, element: Element, story: _Story) -> str:
        """The plain text of a note."""
        found = _ParagraphParts()
        for paragraph in element.iter("p"):
            self._runs(paragraph, _Story(story.part), found)
            found.html.append(" ")
        return " ".join(re.sub(r"<[^>]*>", " ", "".join(found.html)).split())

    def _drawing(self, drawing: Element, story: _Story) -> Iterator[str]:
        """Pictures, charts, text boxes and diagrams anchored in a run."""
        targets = self._package.targets(story.part)
        alt = next((e.get("descr", "") for e in drawing.iter("docPr")), "")
        extent = next((e.get("cx") for e in drawing.iter("extent")), "")
        width = whole(extent) / EMU
        images = [e.get("r:embed", "") for e in drawing.iter("blip")]
        images += [e.get("r:id", "") for e in drawing.iter("imagedata")]
        for name in images:
            target = targets.get(name)
            if target is not None and target.kind == "image":
                data = self._package.picture(target.part) or b""
                yield self.pictures.html(data, alt, width if len(images) == 1 else 0.0)
        for item in drawing.iter():
            target = targets.get(item.get("r:id", item.get("r:dm", "")))
            if target is None or target.part not in self._package.container:
                continue
            if item.tag == "chart":
                yield from chart_html(read_chart(self._package, target.part), alt)
            elif item.tag == "relIds":
                for text in drawn_text(self._package.root(target.part)):
                    yield f"<p>{escape(text)}</p>"
        for box in _outermost(drawing, "txbxContent"):
            yield from self._blocks(box, story)

    def _table(self, table: Element, story: _Story) -> Iterator[str]:
        rows = list(_flat_rows(table))
        grid: list[list[Cell]] = []
        open_: dict[int, tuple[int, int]] = {}  # cells merged downwards: column to row and place
        heads = _header_rows(table, rows)
        for n, row in enumerate(rows):
            cells: list[Cell] = []
            column = whole(value(row, "trPr", "gridBefore"))
            if column:
                cells.append(Cell("", columns=min(column, 1000)))
            for cell in _flat(row, "tc"):
                columns = max(1, min(whole(value(cell, "tcPr", "gridSpan"), 1), 1000))
                merged = first(cell, "tcPr", "vMerge")
                if merged is not None and merged.get("val", "continue") == "continue":
                    if column in open_:
                        up, place = open_[column]
                        old = grid[up][place]
                        grid[up][place] = Cell(old.html, old.columns, old.rows + 1, old.head)
                    else:
                        cells.append(Cell("", columns))
                else:
                    open_.pop(column, None)
                    if merged is not None:
                        open_[column] = (n, len(cells))
                    cells.append(Cell(self._cell(cell, story), columns, head=n < heads))
                column += columns
            grid.append(cells)
        yield from table_html(grid)

    def _cell(self, cell: Element, story: _Story) -> str:
        """Paragraphs of a cell as lines; a table inside it as rows of text."""
        lines = []
        for block in self._cell_blocks(cell, story):
            bare = re.sub(r"^<(?:p|h\d)[^>]*>|</(?:p|h\d)>$", "", block)
            if bare.strip() and block != _BREAK:
                lines.append(bare)
        return "<br/>".join(lines)

    def _cell_blocks(self, cell: Element, story: _Story) -> Iterator[str]:
        for child in cell:
            if child.tag == "tbl":
                for row in _flat_rows(child):
                    parts = [self._cell(c, story) for c in _flat(row, "tc")]
                    yield " | ".join(p for p in parts if p)
            elif child.tag == "p":
                yield from self._paragraph(child, story)
            elif child.tag in _WRAPPERS:
                yield from self._cell_blocks(child, story)


def _chosen(alternatives: Element) -> Element:
    """Of an AlternateContent, the newer form; the older repeats the same content."""
    choice = alternatives.find("Choice")
    if choice is not None and len(choice):
        return choice
    fallback = alternatives.find("Fallback")
    return fallback if fallback is not None else Element("Fallback")


def _outermost(element: Element, tag: str) -> Iterator[Element]:
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag == "AlternateContent":
            yield from _outermost(_chosen(child), tag)
        else:
            yield from _outermost(child, tag)


def _flat(element: Element, tag: str) -> Iterator[Element]:
    """Children of a kind, also inside content controls and tracked changes."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _flat(child, tag)


def _flat_rows(table: Element) -> Iterator[Element]:
    for row in _flat(table, "tr"):
        if first(row, "trPr", "del") is None:
            yield row


def _header_rows(table: Element, rows: list[Element]) -> int:
    """Rows that Word repeats on each page; else the first, where the table's look sets it apart
    and it holds no numbers alone."""
    repeated = 0
    for row in rows:
        if not is_on(first(row, "trPr", "tblHeader")):
            break
        repeated += 1
    if repeated or len(rows) < 2:
        return min(repeated, len(rows) - 1)
    look = first(table, "tblPr", "tblLook")
    if look is None:
        return 0
    first_row = look.get("firstRow") in ("1", "true") or bool(_hexadecimal(look.get("val")) & 0x20)
    texts = ["".join(c.itertext()).strip() for c in _flat(rows[0], "tc")]
    worded = len(texts) > 1 and all(any(map(str.isalpha, t)) or not t for t in texts)
    return int(first_row and worded)


def _hexadecimal(text: str | None) -> int:
    try:
        return int(text or "0", 16)
    except ValueError:
        return 0


def _symbol(code: str) -> str:
    """A character of a symbol font; those have places that mean nothing in other fonts."""
    number = _hexadecimal(code)
    if 0xF000 <= number <= 0xF0FF:
        number -= 0xF000
        return {0xB7: "•", 0xA7: "▪", 0xFC: "✓", 0xFB: "✗", 0xE0: "→"}.get(number, "")
    return escape(chr(number)) if 32 <= number < 0x110000 else ""


def _field(kind: str, found: _ParagraphParts) -> None:
    """Begin, middle and end of a field: its code is not shown, its result is."""
    if kind == "begin":
        found.field_code = ""
    elif kind == "separate":
        found.muted = bool(_PAGE_FIELDS.match(found.field_code or ""))
        found.field_code = None
    elif kind == "end":
        found.muted, found.field_code = False, None
