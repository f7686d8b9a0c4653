"""DOCX: headings, numbered paragraphs, tables, pictures, notes and comments, in reading order.

Word stores no pages, so these are ours: A4, a new one at each page break. Running headers stand
once at the beginning, footers once at the end, footnotes and comments after their paragraph.
Deleted, struck-out and hidden text is left out, text of tracked insertions is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures, escape
from octavo.ingest.formats.table_html import table_html
from octavo.ingest.office.docx_drawings import drawn_blocks
from octavo.ingest.office.docx_elements import WRAPPERS, children_of, chosen, outermost
from octavo.ingest.office.docx_imports import imported_blocks
from octavo.ingest.office.docx_notes import Story, comments_by_id, notes_by_reference
from octavo.ingest.office.docx_runs import (
    PAGE_BREAK,
    PAGE_FIELDS,
    STRUCK,
    ParagraphContent,
    read_field_mark,
    run_html,
    symbol_html,
)
from octavo.ingest.office.docx_tables import rows_of, table_cells
from octavo.ingest.office.formulas import formula_text
from octavo.ingest.office.list_numbering import Numbering
from octavo.ingest.office.office_package import (
    Package,
    attribute_of,
    find_child,
    is_on,
    to_int,
)
from octavo.ingest.office.paragraph_styles import ParagraphStyle, read_styles
from octavo.ingest.office.run_formats import RunFormats
from octavo.ingest.text.raised_text import plain_html
from octavo.ingest.text.symbol_fonts import office_text


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
            if block == PAGE_BREAK:
                return
            yield block
        ended = True

    while not ended:
        yield run()


class _BodyReader:
    """`pictures`: those of the document that this one is inside of."""

    def __init__(self, package: Package, pictures: Pictures | None = None) -> None:
        self._package = package
        self._main = package.main_part()
        self._is_imported = pictures is not None
        self.pictures = pictures or Pictures(package.bounds)
        styles = self._related_root("styles")
        self._styles = read_styles(styles)
        self._run_formats = RunFormats(styles)
        self._numbering = Numbering(self._related_root("numbering"))
        self._heading_shift = 0  # headings go one down where the document has a title
        self._note_count = 0

    def _related_root(self, kind: str) -> Element | None:
        parts = self._package.related(self._main, kind)
        return self._package.root(parts[0]) if parts else None

    def blocks(self) -> Iterator[str]:
        root = self._package.root(self._main)
        story = Story(
            self._main,
            notes_by_reference(self._related_root("footnotes"), self._related_root("endnotes")),
            comments_by_id(self._related_root("comments")),
        )
        titles = [i for i, s in self._styles.items() if s.title]
        self._heading_shift = int(
            any(attribute_of(p, "pPr", "pStyle") in titles for p in root.iter("p"))
        )
        body = find_child(root, "body")
        yield from self._headers_or_footers("header")
        yield from self._blocks(body if body is not None else root, story)
        yield from self._headers_or_footers("footer")

    def _headers_or_footers(self, kind: str) -> Iterator[str]:
        """Headers or footers, each text once; those that hold only a page number not at all."""
        seen = set()
        for part in self._package.related(self._main, kind):
            for block in self._blocks(self._package.root(part), Story(part)):
                words = re.sub(r"<[^>]*>", "", block)
                new = words not in seen and (any(map(str.isalpha, words)) or "<img" in block)
                if new and block != PAGE_BREAK:
                    seen.add(words)
                    yield block.replace("<p>", '<p class="small">')

    def _blocks(self, element: Element, story: Story) -> Iterator[str]:
        for child in element:
            if child.tag == "p":
                yield from self._paragraph(child, story)
            elif child.tag == "tbl":
                yield from table_html(table_cells(child, lambda cell: self._cell(cell, story)))
            elif child.tag in WRAPPERS:
                yield from self._blocks(child, story)
            elif child.tag == "AlternateContent":
                yield from self._blocks(chosen(child), story)
            elif child.tag == "altChunk":
                yield from self._imported(child, story)

    def _imported(self, chunk: Element, story: Story) -> Iterator[str]:
        target = self._package.targets(story.part).get(chunk.get("r:id", ""))
        if target is None or target.part not in self._package.container:
            yield "<p>[Part of the document left out: it is missing from the file]</p>"
            return
        data = self._package.container.read(target.part)
        yield from imported_blocks(target.part, data, self.pictures, self._imported_docx)

    def _imported_docx(self, data: bytes) -> Iterator[str]:
        """A DOCX inside this one. Raises DocumentError for one inside that: they could go on."""
        if self._is_imported:
            raise DocumentError("is a document in a document in a document, which is not read")
        package = Package(data, self._package.bounds)
        yield from _BodyReader(package, self.pictures).blocks()

    def _paragraph(self, paragraph: Element, story: Story) -> Iterator[str]:
        properties = find_child(paragraph, "pPr")
        content = ParagraphContent(style=attribute_of(properties, "pStyle"))
        if is_on(find_child(properties, "pageBreakBefore")):
            yield PAGE_BREAK
        self._runs(paragraph, story, content)
        style = self._styles.get(attribute_of(properties, "pStyle"), ParagraphStyle())
        label = self._label(properties, style, bool("".join(content.html).strip()))
        parts = "".join(content.html).split(PAGE_BREAK)
        for n, part in enumerate(parts):
            if n:
                yield PAGE_BREAK
            text = part.strip()
            if text:
                yield self._paragraph_html(text, label, style, properties)
                label = ""
        yield from content.after
        section = find_child(properties, "sectPr")
        if section is not None and attribute_of(section, "type") != "continuous":
            yield PAGE_BREAK

    def _label(self, properties: Element | None, style: ParagraphStyle, filled: bool) -> str:
        numbering = find_child(properties, "numPr")
        number = attribute_of(numbering, "numId") or style.number
        level = attribute_of(numbering, "ilvl")
        if not filled or number in ("", "0"):
            return ""
        return self._numbering.label(number, to_int(level) if level else style.level)

    def _paragraph_html(
        self, text: str, label: str, style: ParagraphStyle, properties: Element | None
    ) -> str:
        outline = attribute_of(properties, "outlineLvl")
        heading = to_int(outline, 9) + 1 if outline else style.heading
        lead = f"{escape(label)} " if label else ""
        if style.title:
            return f"<h1>{text}</h1>"
        if 1 <= heading <= 9:
            level = min(heading + self._heading_shift, 6)
            return f"<h{level}>{lead}{text}</h{level}>"
        if not label:
            return f"<p>{text}</p>"
        depth = to_int(attribute_of(find_child(properties, "numPr"), "ilvl")) + 1
        return f'<p style="margin-left:{16 * min(depth, 9)}pt">{lead}{text}</p>'

    def _runs(self, element: Element, story: Story, content: ParagraphContent) -> None:
        for child in element:
            if child.tag == "r":
                self._run(child, story, content)
            elif child.tag == "fldSimple" and PAGE_FIELDS.match(child.get("instr", "")):
                continue
            elif child.tag in WRAPPERS:
                self._runs(child, story, content)
            elif child.tag == "oMath":
                content.html.append(escape(formula_text(child)))
            elif child.tag == "AlternateContent":
                self._runs(chosen(child), story, content)

    def _run(self, run: Element, story: Story, content: ParagraphContent) -> None:
        properties = find_child(run, "rPr")
        run_format = self._run_formats.of(properties, content.style)
        if run_format.hidden:
            return
        outer_html, content.html = content.html, []
        outer_font, content.font = content.font, run_format.font
        for child in run:
            if not run_format.struck or child.tag not in STRUCK:
                self._piece(child, story, content)
        html = "".join(content.html)
        content.html, content.font = outer_html, outer_font
        if html and (not content.muted or html == PAGE_BREAK):
            content.html.append(run_html(html, properties, run_format))

    def _piece(self, child: Element, story: Story, content: ParagraphContent) -> None:
        tag = child.tag
        if tag == "t":
            content.html.append(escape(office_text(child.text, content.font)))
        elif tag in ("tab", "ptab"):
            content.html.append(" \u00a0 ")
        elif tag in ("br", "cr"):
            content.html.append(PAGE_BREAK if child.get("type") == "page" else "<br/>")
        elif tag == "noBreakHyphen":
            content.html.append("\u2011")
        elif tag == "sym":
            content.html.append(symbol_html(child.get("char", ""), child.get("font", "")))
        elif tag == "fldChar":
            read_field_mark(child, content)
        elif tag == "instrText" and content.field_code is not None:
            content.field_code += child.text or ""
        elif tag == "ruby":
            self._runs(child, story, content)
        elif tag in ("footnoteReference", "endnoteReference"):
            self._note(story.notes.get(tag[0] + child.get("id", "")), story, content)
        elif tag == "commentReference":
            self._comment(story.comments.get(child.get("id", "")), story, content)
        elif tag in ("drawing", "pict", "object"):
            content.after.extend(self._drawing(child, story))
        elif tag == "AlternateContent":
            for piece in chosen(child):
                self._piece(piece, story, content)

    def _note(self, note: Element | None, story: Story, content: ParagraphContent) -> None:
        if note is None:
            return
        self._note_count += 1
        content.html.append(f"<sup>[{self._note_count}]</sup>")
        text = self._words(note, story)
        if text:
            content.after.append(f'<p class="small">[{self._note_count}] {text}</p>')

    def _comment(self, comment: Element | None, story: Story, content: ParagraphContent) -> None:
        if comment is None:
            return
        text = self._words(comment, story)
        author = comment.get("author", "").strip()
        if text:
            by = f"Comment by {author}: " if author else "Comment: "
            content.after.append(f'<p class="small">{escape(by)}{text}</p>')

    def _words(self, element: Element, story: Story) -> str:
        """The text of a note, as HTML without tags."""
        content = ParagraphContent()
        for paragraph in element.iter("p"):
            self._runs(paragraph, Story(story.part), content)
            content.html.append(" ")
        html = plain_html("".join(content.html)).replace("<br/>", " ")
        return " ".join(re.sub(r"<[^>]*>", "", html).split())

    def _drawing(self, drawing: Element, story: Story) -> Iterator[str]:
        """Pictures, charts, diagrams and text boxes anchored in a run."""
        yield from drawn_blocks(self._package, story.part, drawing, self.pictures)
        for box in outermost(drawing, "txbxContent"):
            yield from self._blocks(box, story)

    def _cell(self, cell: Element, story: Story) -> str:
        """Paragraphs of a cell as lines; a table inside it as rows of text."""
        lines = []
        for block in self._cell_blocks(cell, story):
            bare = re.sub(r"^<(?:p|h\d)[^>]*>|</(?:p|h\d)>$", "", block)
            if bare.strip() and block != PAGE_BREAK:
                lines.append(bare)
        return "<br/>".join(lines)

    def _cell_blocks(self, cell: Element, story: Story) -> Iterator[str]:
        for child in cell:
            if child.tag == "tbl":
                for row in rows_of(child):
                    parts = [self._cell(c, story) for c in children_of(row, "tc")]
                    yield " | ".join(p for p in parts if p)
            elif child.tag == "p":
                yield from self._paragraph(child, story)
            elif child.tag == "altChunk":
                yield from self._imported(child, story)
            elif child.tag in WRAPPERS:
                yield from self._cell_blocks(child, story)
