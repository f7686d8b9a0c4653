"""Words parted at line ends, and lines of scripts without blanks, as they are put together."""

from __future__ import annotations

import pytest

from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import Block, Box, Line, PageContent, PageStatus
from octavo.ingest.text.plain_characters import composed, composed_line


def page(number: int, *lines: str) -> PageContent:
    made = tuple(
        Line(text, Box(72, 100 + 14 * n, 500, 112 + 14 * n), 11.0) for n, text in enumerate(lines)
    )
    blocks = (Block("text", Box(72, 100, 500, 700), made),) if made else ()
    return PageContent(number, 595, 842, PageStatus(number, "text"), blocks)


def text_of(*pages: PageContent) -> str:
    return "\n".join(c.text for c in chunk_pages("d" * 64, pages))


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        (["The new informa-", "tion desk"], "The new information desk"),
        (["Use a self-", "locking nut; self-locking ones last"],
         "Use a self-locking nut; self-locking ones last"),
        (["A wall is load-", "bearing; the load on a bearing"],
         "A wall is load-bearing; the load on a bearing"),
        (["A water-", "proof coat; waterproof, water and proof"],
         "A waterproof coat; waterproof, water and proof"),
        (["A state-of-the-", "art pump"], "A state-of-the-art pump"),
        (["Built by Smith-", "Jones in 1904; Smith-Jones is gone"],
         "Built by Smith-Jones in 1904; Smith-Jones is gone"),
        (["An der Nord-", "und Ostsee"], "An der Nord- und Ostsee"),
        (["Sizes from 3-", "5 mm"], "Sizes from 3- 5 mm"),
        (["Der Hafen‐", "meister kommt"], "Der Hafenmeister kommt"),
    ],
)  # fmt: skip
def test_a_parted_word_is_written_as_the_document_writes_it(lines: list[str], read: str) -> None:
    assert text_of(page(1, *lines)) == read


@pytest.mark.parametrize("other", [1, 2, 4])
def test_words_of_near_pages_count(other: int) -> None:
    pages = [page(n, f"Page {n} of the manual") for n in range(1, 6)]
    pages[2] = page(3, "Open the bleed-", "off valve")
    pages[other - 1] = page(other, "A bleed-off valve is red.")
    assert "Open the bleed-off valve" in text_of(*pages)


@pytest.mark.parametrize(
    ("lines", "read"),
    [
        (["港の使用料は", "一日につき"], "港の使用料は一日につき"),
        (["停泊費每天", "45元。", "押金另付"], "停泊費每天 45元。押金另付"),
        (["ท่าเรือ", "เปิดทุกวัน"], "ท่าเรือเปิดทุกวัน"),
        (["항구는 매일", "열린다"], "항구는 매일 열린다"),
        (["The word 港", "means harbour"], "The word 港 means harbour"),
    ],
)
def test_lines_are_joined_as_their_script_is_written(lines: list[str], read: str) -> None:
    assert text_of(page(1, *lines)) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [("infor\u00admation", "information"), ("cafe\u0301", "café"), ("no\u2060break", "nobreak")],
)
def test_characters_are_those_that_people_type(text: str, read: str) -> None:
    assert composed(text) == read


def test_a_soft_hyphen_that_is_printed_is_a_hyphen() -> None:
    lines = [composed_line("The mixed\u00aduse infor\u00ad"), composed_line("mation desk")]
    assert text_of(page(1, *lines)) == "The mixed-use information desk"
