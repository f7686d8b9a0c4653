"""Running headers and footers: found by place and text, no headings, kept once."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import Block, Box, Line, PageContent, PageStatus
from octavo.ingest.text.running_headers import without_running_lines


def block(*lines: Line, heading: int = 100) -> Block:
    return Block("text", Box(72, 0, 523, 842), lines, heading=heading)


def line(text: str, y: float, size: float = 10.0) -> Line:
    return Line(text, Box(72, y, 523, y + size), size, bold=True)


def page(number: int, *blocks: Block) -> PageContent:
    return PageContent(number, 595, 842, PageStatus(number, "text"), blocks)


def body(number: int) -> Block:
    return block(*(line(f"Text {number}.{n}.", 200 + 14 * n) for n in range(3)), heading=0)


def headings(pages: list[PageContent]) -> list[list[str]]:
    """Of each page, the text of its headings."""
    return [
        [" ".join(x.text for x in b.lines) for b in p.blocks if b.heading]
        for p in without_running_lines(pages)
    ]


def test_a_header_on_every_page_is_no_heading_and_is_kept_once() -> None:
    pages = [page(n, block(line("Annual Report 2024", 30)), body(n)) for n in range(1, 5)]
    assert headings(pages) == [[], [], [], []]
    made = list(chunk_pages("d", pages))
    assert [c.section for c in made] == [()] * 4
    assert made[0].text.startswith("Annual Report 2024\n")
    assert not any("Annual Report" in c.text for c in made[1:])


def test_left_and_right_pages_and_numbers_that_count_pages() -> None:
    texts = ["Chapter 2", "The Pump", "Chapter 2", "The Pump", "Chapter 2", "The Pump"]
    pages = [
        page(n, block(line(t, 30)), body(n), block(line(f"Page {n + 8} of 90", 800)))
        for n, t in enumerate(texts, 1)
    ]
    assert headings(pages) == [[], [], [], [], [], []]


def test_what_is_no_running_line() -> None:
    """Other numbers, another place, twice only, outside the margin, as large as a title."""
    rows = [
        [("Results 7", 30, 10.0), ("Twice", 60, 10), ("Middle", 400, 10), ("Title", 10, 30)],
        [("Results 9", 30, 10.0), ("Twice", 60, 10), ("Middle", 400, 10), ("Title", 10, 30)],
        [("Results 4", 30, 10.0), ("Three", 60, 10), ("Middle", 400, 10), ("Title", 10, 30)],
    ]
    pages = [page(n, *(block(line(*x)) for x in row), body(n)) for n, row in enumerate(rows, 1)]
    assert headings(pages) == [[text for text, *_ in row] for row in rows]


def test_a_heading_under_a_running_header_in_one_block_stays_one() -> None:
    pages = [
        page(n, block(line("Manual", 40), line(f"{'ABC'[n]} Seals", 60)), body(n)) for n in range(3)
    ]
    assert headings(pages) == [["A Seals"], ["B Seals"], ["C Seals"]]


TEXTS = st.sampled_from(["Report", "Page 1", "Page 2", "3", "•", "Seals"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.tuples(TEXTS, st.sampled_from([20, 40, 400, 810])), max_size=4)))
def test_lines_go_only_where_an_earlier_page_has_them(rows: list[list[tuple[str, int]]]) -> None:
    pages = [
        page(n, *([block(*(line(t, y) for t, y in row))] if row else []))
        for n, row in enumerate(rows, 1)
    ]
    made = list(without_running_lines(iter(pages)))
    assert [p.number for p in made] == [p.number for p in pages]
    for n, (before, after) in enumerate(zip(pages, made, strict=True)):
        kept = [x for b in after.blocks for x in b.lines]
        gone = [x for b in before.blocks for x in b.lines if not any(x is k for k in kept)]
        assert kept == [x for b in before.blocks for x in b.lines if any(x is k for k in kept)]
        for lost in gone:
            assert not 90 < lost.box.y0 < 750
            earlier = [x for p in pages[:n] for b in p.blocks for x in b.lines]
            assert any(_alike(x, lost) for x in earlier)


def _alike(one: Line, other: Line) -> bool:
    return one.text.split()[0] == other.text.split()[0] or (
        one.text.isdigit() and other.text.isdigit()
    )


def test_it_reads_no_more_than_four_pages_ahead() -> None:
    read: list[int] = []

    def pages() -> Iterator[PageContent]:
        for n in range(1, 10):
            read.append(n)
            yield page(n, body(n))

    assert next(iter(without_running_lines(pages()))).number == 1
    assert read == [1, 2, 3, 4, 5]
