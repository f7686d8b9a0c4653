"""Chunks: every word kept, tables joined over pages, ids the same on every run."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ingest.chunk import MAX_WORDS, chunk_pages, join_lines
from ingest.document import Block, Box, Chunk, Line, PageContent, PageStatus, Region

A4 = (595.0, 842.0)


def page(number: int, *blocks: Block) -> PageContent:
    return PageContent(number, *A4, PageStatus(number, "text"), blocks)


def line(text: str, y: float = 100.0) -> Line:
    return Line(text, Box(72, y, 523, y + 12), 11.0)


def text_block(*texts: str, heading: int = 0, y: float = 100.0) -> Block:
    lines = tuple(line(t, y + 14 * n) for n, t in enumerate(texts))
    return Block("text", Box(72, y, 523, y + 14 * len(lines)), lines, heading=heading)


def table_block(rows: list[str], y: float, caption: str = "", columns: int = 2) -> Block:
    lines = tuple(replace(line(t, y + 14 * n), bold=n == 0) for n, t in enumerate(rows))
    captions = (line(caption, y - 20),) if caption else ()
    return Block("table", Box(72, y, 523, y + 14 * len(rows)), lines, captions, columns=columns)


def chunks(*pages: PageContent) -> list[Chunk]:
    return list(chunk_pages("d" * 64, pages))


WORD = st.text(alphabet="abcdefgh-XYZ.9", min_size=1, max_size=9)
LINES = st.lists(st.lists(WORD, min_size=1, max_size=30).map(" ".join), min_size=1, max_size=40)


@given(st.lists(LINES, min_size=1, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
def test_no_word_is_lost_and_none_is_invented(blocks: list[list[str]], heads: list[bool]) -> None:
    """Up to words that a line's end had hyphenated, which are put together."""
    content = [
        text_block(*lines, heading=140 if head and len(lines) < 3 else 0)
        for lines, head in zip(blocks, heads, strict=False)
    ]
    made = chunks(page(1, *content))
    given_text = "".join("".join(x.split()) for lines in blocks for x in lines)
    kept = "".join("".join(c.text.split()) for c in made)
    assert kept.replace("-", "") == given_text.replace("-", "")
    for chunk in made:
        assert len(chunk.text.split()) <= MAX_WORDS + 30  # one line may pass the limit
        for span in chunk.spans:
            assert chunk.text[span.start : span.end].strip("-") != "" or "-" in chunk.text


def test_ids_are_the_same_on_every_run() -> None:
    content = page(1, text_block("One."), table_block(["a | b", "1 | 2"], 300))
    assert [c.id for c in chunks(content)] == [c.id for c in chunks(content)]
    assert len({c.id for c in chunks(content)}) == 2


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


def test_hyphenated_words_are_joined_and_spans_stay_true() -> None:
    region = Region("d", 1, Box(0, 0, 1, 1))
    text, spans = join_lines([("the impel-", region), ("ler turns", region)], {0})
    assert text == "the impeller turns"
    assert [text[s.start : s.end] for s in spans] == ["the impel", "ler turns"]
    assert re.sub(r"\s", "", text) == "theimpellerturns"


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
