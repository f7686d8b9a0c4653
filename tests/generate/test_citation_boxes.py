"""Boxes of sentences: narrower than lines and chunks, and against words as they are printed."""

from __future__ import annotations

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.generate.citation_boxes import boxes_of
from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import Box, Chunk, PageContent, Region, Span
from octavo.ingest.read import read_pages
from octavo.ingest.text.char_boxes import char_range_box
from octavo.ingest.text.sentences import sentences

PAGE = Box(0, 0, 595, 842)
STORY = (
    "The pump moves water from the lower tank to the upper one. Its seal is changed every 4000 "
    "hours of work, or at once when it drips. Oil is filled in at the top, where the red cap is, "
    "and let out below. Never run it dry! A dry seal burns in less than a minute, and then the "
    "whole casing has to come off. Ask for part 17. The manual of the motor is a book of its own."
)


def chunk_of(*lines: tuple[str, Box]) -> Chunk:
    """Of lines with a space between them."""
    spans, start = [], 0
    for text, box in lines:
        spans.append(Span(start, start + len(text), Region("d", 1, box)))
        start += len(text) + 1
    text = " ".join(t for t, _ in lines)
    return Chunk("i", "d", "text", 0, text, (Region("d", 1, PAGE),), spans=tuple(spans))


def test_a_sentence_inside_a_line_gets_its_part() -> None:
    line = Box(100, 50, 300, 60)
    chunk = chunk_of(("Short one. And here another.", line))
    (first,), (second,) = (boxes_of(chunk, a, b) for a, b in sentences(chunk.text))
    letter = 200 / 28
    assert first.box.rounded() == [100, 50, round(100 + 11.5 * letter, 2), 60]
    assert second.box.rounded() == [round(100 + 9.5 * letter, 2), 50, 300, 60]


def test_lines_are_joined_where_that_shows_little_else() -> None:
    boxes = [Box(100, y, 300, y + 10) for y in (50, 62, 74, 86)]
    texts = [
        "End of one. The rest",
        "of this stands here on",
        "two whole lines and at",
        "last. Next.",
    ]
    chunk = chunk_of(*zip(texts, boxes, strict=True))
    start = chunk.text.index("The")
    boxes = [r.box for r in boxes_of(chunk, start, chunk.text.index(" Next"))]
    assert len(boxes) == 3
    assert boxes[1] == Box(100, 62, 300, 84)
    assert boxes[0].x1 == 300
    assert boxes[0].x0 > 180
    assert boxes[2].x0 == 100
    assert boxes[2].x1 < 230


def test_the_beginning_of_a_line_in_hebrew_is_at_its_right() -> None:
    line, text = Box(100, 50, 300, 60), "שלום עולם. עוד משפט כאן."
    assert char_range_box(line, text, 0, 10).x1 == 300
    assert char_range_box(line, text, 0, 10).x0 > 150
    assert char_range_box(line, text + " and Latin", 0, 10) == line


@pytest.mark.parametrize("box", [Box(0, 0, 10, 200), Box(0, 0, 400, 300)])
def test_a_turned_line_and_a_box_of_many_lines_stay_whole(box: Box) -> None:
    assert char_range_box(box, "One sentence here. And another.", 0, 18) == box


@given(st.text("ab .שא", min_size=1, max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_portion_lies_in_its_line(text: str, start: int, end: int) -> None:
    line = Box(20, 20, 320, 30)
    if start < min(end, len(text)):
        box = char_range_box(line, text, start, min(end, len(text)))
        assert box.area > 0
        assert box.inside(line) == pytest.approx(1)


def test_boxes_hold_the_words_of_their_sentence_and_few_others() -> None:
    pdf = pymupdf.open()
    pdf.new_page(width=595, height=842).insert_textbox((72, 80, 523, 300), STORY, fontsize=11)
    words = [(Box(*w[:4]), w[4]) for w in pdf[0].get_text("words")]
    pages = [p for p in read_pages(pdf.tobytes(), "pdf", False) if isinstance(p, PageContent)]
    (chunk,) = chunk_pages("d", pages)
    taken = 0
    for start, end in sentences(chunk.text):
        sentence = chunk.text[start:end].split()
        boxes = [r.box for r in boxes_of(chunk, start, end)]
        inside = [t for b, t in words if any(b.inside(x) > 0.6 for x in boxes)]
        assert inside[-len(sentence) :] == sentence or inside[: len(sentence)] == sentence
        assert len(inside) <= len(sentence) + 2
        taken += len(sentence)
    assert taken == len(words)
