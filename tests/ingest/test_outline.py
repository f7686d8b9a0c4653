"""Bookmarks as headings."""

from __future__ import annotations

from dataclasses import replace

import pymupdf

from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import Block, Box, Line, PageContent, PageStatus
from octavo.ingest.read import read_pages
from octavo.ingest.text.outline import Bookmark, read_outline, with_bookmarks


def block(*lines: Line, heading: int = 0) -> Block:
    return Block("text", Box(72, 50, 523, 800), lines, heading=heading)


def line(text: str, y: float, size: float = 10.0) -> Line:
    return Line(text, Box(72, y, 523, y + size), size)


def page(number: int, *blocks: Block) -> PageContent:
    return PageContent(number, 595, 842, PageStatus(number, "text"), blocks)


def headings(content: PageContent) -> list[tuple[str, int]]:
    return [(" ".join(x.text for x in b.lines), b.heading) for b in content.blocks]


def test_it_reads_titles_levels_and_pages() -> None:
    pdf = pymupdf.open()
    for _ in range(3):
        pdf.new_page()
    pdf.set_toc([[1, "1 Safety", 1], [2, "1.1  Pressure!", 3], [1, "–", 3]])
    found = read_outline(pdf)
    assert found == {1: [Bookmark("1safety", 1)], 3: [Bookmark("11pressure", 2)]}
    assert Bookmark("a", 1).heading > Bookmark("a", 2).heading > 1000


def test_a_title_inside_a_block_parts_it() -> None:
    content = page(
        3,
        block(line("Pressure", 20, 8)),  # a running header that says the same
        block(line("as said above.", 50), line("2.1 Pressure", 64, 12), line("Vent it first.", 80)),
    )
    marked = with_bookmarks(content, {3: [Bookmark("pressure", 2)]})
    assert headings(marked) == [
        ("Pressure", 0), ("as said above.", 0), ("2.1 Pressure", 1800), ("Vent it first.", 0),
    ]  # fmt: skip
    assert marked.blocks[2].box == Box(72, 64, 523, 76)


def test_a_title_over_two_lines_and_one_that_is_not_printed() -> None:
    content = page(1, block(line("Care of the", 50), line("casing", 64), line("Wipe it.", 80)))
    marks = [Bookmark("careofthecasing", 1), Bookmark("index", 1)]
    assert headings(with_bookmarks(content, {1: marks})) == [
        ("Care of the casing", 1900), ("Wipe it.", 0),
    ]  # fmt: skip


def test_a_longer_line_that_begins_alike_is_no_title() -> None:
    content = page(1, block(line("Pressure in the tank rises.", 50)))
    assert with_bookmarks(content, {1: [Bookmark("pressure", 1)]}) == content


def test_headings_by_looks_stand_below_bookmarks() -> None:
    content = page(1, block(line("Safety", 50)), block(line("GOGGLES", 70, 200), heading=2000))
    more = page(2, block(line("Wear them.", 50)))
    outline = {1: [Bookmark("safety", 1)]}
    pages = [with_bookmarks(p, outline) for p in (content, more)]
    assert [c.section for c in chunk_pages("d", pages)] == [("Safety",), ("Safety", "GOGGLES")]


def test_nothing_is_touched_without_bookmarks() -> None:
    content = page(1, block(line("Safety", 50), heading=2000))
    assert with_bookmarks(content, {}) is content
    assert with_bookmarks(content, {2: [Bookmark("safety", 1)]}).blocks[0] == replace(
        content.blocks[0], heading=900
    )


def test_a_document_with_bookmarks_is_read_with_them() -> None:
    pdf = pymupdf.open()
    for text in ("Seals", "Oil"):
        content = pdf.new_page()
        content.insert_text((72, 100), f"{text} of the pump", fontsize=11)
        content.insert_text((72, 114), "They are changed every 4000 hours.", fontsize=11)
    pdf.set_toc([[1, "Seals of the pump", 1], [2, "Oil of the pump", 2]])
    pages = [p for p in read_pages(pdf.tobytes(), "pdf", False) if isinstance(p, PageContent)]
    assert [c.section for c in chunk_pages("d", pages)] == [
        ("Seals of the pump",), ("Seals of the pump", "Oil of the pump"),
    ]  # fmt: skip
