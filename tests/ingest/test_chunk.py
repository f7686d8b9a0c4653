"""Chunks: every word kept, tables joined over pages, ids the same on every run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.ingest.chunk import MAX_WORDS, TARGET_WORDS, chunk_pages
from octavo.ingest.chunk_builder import join_lines
from octavo.ingest.document import (
    Block,
    Box,
    Chunk,
    ChunkKind,
    Line,
    PageContent,
    PageStatus,
    Region,
    TableStructure,
)
from octavo.ingest.text.running_headers import without_running_lines
from octavo.ingest.text.word_count import words

WIDTH, HEIGHT = 595.0, 842.0


def page(number: int, *blocks: Block) -> PageContent:
    return PageContent(number, WIDTH, HEIGHT, PageStatus(number, "text"), blocks)


def line(text: str, y: float = 100.0) -> Line:
    return Line(text, Box(72, y, 523, y + 12), 11.0)


def text_block(*texts: str, heading: int = 0, y: float = 100.0) -> Block:
    lines = tuple(line(t, y + 14 * n) for n, t in enumerate(texts))
    return Block("text", Box(72, y, 523, y + 14 * len(lines)), lines, heading=heading)


def table_block(rows: list[str], y: float, caption: str = "", columns: int = 2) -> Block:
    lines = tuple(replace(line(t, y + 14 * n), bold=n == 0) for n, t in enumerate(rows))
    captions = (line(caption, y - 20),) if caption else ()
    headers = tuple(rows[0].split(" | "))
    structure = TableStructure(columns, headers, 1, ("",) * len(rows))
    return Block("table", Box(72, y, 523, y + 14 * len(rows)), lines, captions, table=structure)


def chunks(*pages: PageContent) -> list[Chunk]:
    return list(chunk_pages("d" * 64, pages))


# Laws, over pages of every kind of block


def squeezed(*texts: str) -> str:
    """Without white space, and without hyphens, which are taken out at the end of a line."""
    return re.sub(r"[\s-]", "", "".join(texts))


_WORDS = st.sampled_from(
    [
        "pump",
        "Oil.",
        "3.5",
        "im-",
        "well-known",
        "שלום",
        "مضخة",
        "泵的油每四千小时更换一次。",
        "-",
        "|",
    ]
)
_LONG = st.sampled_from([("w " * 23).strip(), "x" * 600, "泵" * 40, "Row. " * 17])
_TEXT = st.one_of(
    st.lists(_WORDS, max_size=12).map(" ".join), st.text("ab .-\t\n", max_size=9), _LONG
)


@st.composite
def _blocks(draw: st.DrawFn, y: float) -> Block:
    """A block between `y` and 60 points below it."""
    kind: ChunkKind = draw(st.sampled_from(["text", "text", "text", "table", "figure", "page"]))
    texts = draw(st.lists(_TEXT, max_size=8))
    lines = tuple(
        Line(t, Box(72, y + 5 * n, 523, y + 5 * n + 5), 11.0, draw(st.booleans()))
        for n, t in enumerate(texts)
    )
    box = Box(72, y, 523, y + 60)
    if kind == "text":
        return Block("text", box, lines, heading=draw(st.sampled_from([0, 0, 140, 180])))
    caption = (Line(draw(st.sampled_from(["", "Table 5. Faults", "Figure 2"])), box),)
    given_caption = caption if draw(st.booleans()) else ()
    if kind == "table":
        return Block("table", box, lines, given_caption, table=TableStructure(2))
    picture = b"png" if kind == "page" or draw(st.booleans()) else None
    return Block(kind, box, () if kind == "page" else lines, given_caption, image=picture)


@st.composite
def _pages(draw: st.DrawFn) -> list[PageContent]:
    return [
        page(n, *(draw(_blocks(110 + 70 * i)) for i in range(draw(st.integers(0, 5)))))
        for n in range(1, draw(st.integers(1, 4)) + 1)
    ]


def small_chunks(pages: Iterable[PageContent]) -> list[Chunk]:
    """Of at most 20 words, so that small pages fill them."""
    with patch.multiple("octavo.ingest.chunk", TARGET_WORDS=16, MAX_WORDS=20):
        return list(chunk_pages("d" * 64, pages))


def of_kind(pages: Sequence[PageContent], kind: str) -> list[Block]:
    return [b for p in pages for b in p.blocks if b.kind == kind]


@settings(deadline=None, max_examples=40)
@given(_pages())
def test_no_word_is_lost_and_none_is_invented(pages: list[PageContent]) -> None:
    made = small_chunks(pages)
    shown = list(without_running_lines(pages))
    texts = [x.text for b in of_kind(shown, "text") for x in b.lines]
    assert squeezed(*(c.text for c in made if c.kind == "text")) == squeezed(*texts)
    figures = [x.text for b in of_kind(pages, "figure") for x in (*b.caption, *b.lines)]
    assert squeezed(*(c.text for c in made if c.kind == "figure")) == squeezed(*figures)
    rows = [x.text for b in of_kind(pages, "table") for x in (*b.caption, *b.lines)]
    tables = squeezed(*(c.text for c in made if c.kind == "table"))
    # Captions and headers are repeated in each part, or said once for tables that go on.
    uncut = [w for row in rows for w in row.split() if words(w) <= 1]  # others may be cut
    assert all(squeezed(word) in tables for word in uncut)
    assert set(tables) <= set(squeezed(*rows))


@settings(deadline=None, max_examples=40)
@given(_pages())
def test_chunks_fit_and_their_spans_cover_them(pages: list[PageContent]) -> None:
    made = small_chunks(pages)
    assert len({c.id for c in made}) == len(made)
    assert small_chunks(x for x in pages) == made
    for chunk in made:
        assert chunk.kind in ("figure", "page") or words(chunk.text) <= 20
        end = 0
        for span in chunk.spans:
            assert end <= span.start < span.end
            assert not chunk.text[end : span.start].strip()
            end = span.end
            assert span.region.box.inside(Box(0, 0, WIDTH, HEIGHT)) == 1
        assert end == len(chunk.text)
        places = {(r.page, r.box) for r in chunk.regions}
        said = {s.region.page for s in chunk.spans}
        pages_of = {n for n, _ in places}
        # Beside its own pages a table's part has the head that it repeats from the first.
        assert (pages_of <= said or not said) if chunk.kind == "table" else said <= pages_of


def test_ids_are_the_same_on_every_run() -> None:
    content = page(1, text_block("One."), table_block(["a | b", "1 | 2"], 300))
    assert [c.id for c in chunks(content)] == [c.id for c in chunks(content)]
    assert len({c.id for c in chunks(content)}) == 2


# Text


def test_text_follows_headings() -> None:
    made = chunks(
        page(
            1,
            text_block("1 Safety", heading=180),
            text_block("Wear goggles. " * 8, y=150),
            text_block("1.1 Pressure", heading=140, y=300),
            text_block("Vent the casing first. " * 8, y=340),
        ),
        page(2, text_block("Then drain it.")),
    )
    assert [c.section for c in made] == [
        ("1 Safety",), ("1 Safety", "1.1 Pressure"), ("1 Safety", "1.1 Pressure"),
    ]  # fmt: skip
    assert made[0].text.startswith("1 Safety\nWear goggles.")


def test_a_long_paragraph_is_cut_after_a_sentence() -> None:
    """Inside a line too, each part with its share of the line's box."""
    lines = ["The oil is changed every 4000 hours by a person who knows how. It"] * 40
    first, second, *_ = chunks(page(1, text_block(*lines, y=110)))
    assert first.text.endswith("knows how.")
    assert second.text.startswith("It The oil")
    assert len(first.text.split()) > TARGET_WORDS / 2
    cut, rest = first.spans[-1].region.box, second.spans[0].region.box
    assert (cut.x0, rest.x1) == (72, 523)
    assert cut.y0 == rest.y0
    assert 480 < rest.x0 < cut.x1 < 523


def test_a_paragraph_of_10000_words_and_a_line_of_500() -> None:
    paragraph = text_block(*["one two three four five six seven eight nine ten"] * 1000)
    made = chunks(page(1, paragraph), page(2, text_block("word " * 500)))
    assert sum(len(c.text.split()) for c in made) == 10_500
    assert max(len(c.text.split()) for c in made) <= MAX_WORDS
    long = [c for c in made if c.page == 2]
    assert [len(c.text.split()) for c in long] == [160, 160, 160, 20]
    assert {s.region.box for c in long for s in c.spans} == {Box(72, 100, 523, 112)}


def test_hyphenated_words_are_joined_and_spans_stay_true() -> None:
    region = Region("d", 1, Box(0, 0, 1, 1))
    text, spans = join_lines([("the impel-", region), ("ler turns", region)], {0})
    assert text == "the impeller turns"
    assert [text[s.start : s.end] for s in spans] == ["the impel", "ler turns"]
    assert re.sub(r"\s", "", text) == "theimpellerturns"


# Figures and tables


def test_a_figure_gets_the_paragraph_that_names_it() -> None:
    figure = Block(
        "figure", Box(72, 300, 523, 500), (line("120.5", 400),),
        (line("Figure 2. Revenue", 510),), image=b"png",
    )  # fmt: skip
    made = chunks(page(1, text_block("Sales rose, see Fig. 2 for each year."), figure))
    chunk = next(c for c in made if c.kind == "figure")
    assert chunk.context == "Sales rose, see Fig. 2 for each year."
    assert chunk.caption == "Figure 2. Revenue"
    assert chunk.image == Region("d" * 64, 1, Box(72, 300, 523, 500))
    assert "120.5" in chunk.text


def test_a_table_that_goes_on_is_one_chunk_with_two_regions() -> None:
    first = table_block(["Symptom | Remedy", "No flow | Prime the pump"], 600, "Table 5. Faults")
    rest = table_block(["Symptom | Remedy", "Noise | Check alignment"], 80, "Table 5 (continued)")
    (table,) = [c for c in chunks(page(6, first), page(7, rest)) if c.kind == "table"]
    assert [r.page for r in table.regions] == [6, 7]
    assert table.text.split("\n")[1:] == [
        "Symptom | Remedy", "No flow | Prime the pump", "Noise | Check alignment",
    ]  # fmt: skip
    assert table.spans[-1].region.page == 7
    assert table.header == "Symptom | Remedy"


def test_two_different_tables_stay_two() -> None:
    first = table_block(["Symptom | Remedy", "No flow | Prime"], 600, "Table 5. Faults")
    other = table_block(["Part | Torque", "Bolt | 85"], 80, "Table 6. Torques")
    made = [c for c in chunks(page(6, first), page(7, other)) if c.kind == "table"]
    assert [c.header for c in made] == ["Symptom | Remedy", "Part | Torque"]


def test_two_tables_with_one_header_keep_both_captions() -> None:
    first = table_block(["Part | Torque", "Bolt | 85"], 600, "Table 5. Casing")
    other = table_block(["Part | Torque", "Nut | 12"], 80, "Table 6. Impeller")
    made = [c for c in chunks(page(6, first), page(7, other)) if c.kind == "table"]
    assert [c.caption for c in made] == ["Table 5. Casing", "Table 6. Impeller"]


def test_a_row_that_stands_in_the_caption_too_is_a_row() -> None:
    rows = ["Fault | 1", *(f"symptom number {n} | remedy {n}" for n in range(60)), "Table | 5"]
    first = table_block(rows, 80, "Table | 5 Faults and what to do")
    made = chunks(page(1, first))
    assert len(made) == 3
    assert [c.text.split("\n").count("Table | 5") for c in made] == [0, 0, 1]


def test_a_long_table_is_split_with_its_header_repeated() -> None:
    rows = ["Valve | Pressure", *(f"valve number {n} | {n} bar" for n in range(150))]
    made = chunks(
        page(1, table_block(rows[:80], 80)), page(2, table_block([rows[0], *rows[80:]], 80))
    )
    assert len(made) > 3
    assert all(len(c.text.split()) <= MAX_WORDS for c in made)
    assert all(c.text.startswith("Valve | Pressure\n") for c in made)
    kept = [x for c in made for x in c.text.split("\n")[1:]]
    assert kept == rows[1:]
    assert {r.page for r in made[0].regions} == {1}
    assert {r.page for r in made[-1].regions} == {2}


def test_a_row_of_1000_words_is_parted_under_the_header() -> None:
    made = chunks(page(1, table_block(["Part | Note", "word " * 1000], 100)))
    assert all(c.text.startswith("Part | Note\n") for c in made)
    assert sum(c.text.split().count("word") for c in made) == 1000
    assert max(len(c.text.split()) for c in made) <= TARGET_WORDS
    assert {s.region.box for c in made for s in c.spans[1:]} == {Box(72, 114, 523, 126)}
