"""Reranking and answering: convex scores by hand, sentences, rows, abstention, composition."""

from __future__ import annotations

import io
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from octavo.api.service import Service
from octavo.generate.evidence_units import evidence_units
from octavo.index.chunk_vectors import Encoders
from octavo.index.source import Source
from octavo.index.store import Filter
from octavo.ingest.document import Box, Chunk, Region, Span, bounding
from octavo.ingest.text.sentences import sentences
from octavo.rerank.convex_combination import convex_combination
from octavo.retrieve.options import SearchOptions
from octavo.retrieve.query import Candidate, Hit, Query, Stage
from octavo.retrieve.subqueries import text_subqueries
from tests.conftest import PUMP, WHALES, picture, text_pdf


def candidate(name: str, **scores: float) -> Candidate:
    stages = tuple(Stage(stage, 1, score) for stage, score in scores.items())
    return Candidate(name, 0.0, stages)


def test_convex_by_hand() -> None:
    items = [
        candidate("a", text=0.9, words=4.0),
        candidate("b", text=0.5, words=8.0),
        candidate("c", text=0.7),
    ]
    weights = {"text": 1.0, "words": 3.0, "maxsim": 5.0}
    # text over 0.5..0.9: 1, 0, 0.5; words over 4..8: 0, 1, absent; maxsim reached nothing
    assert convex_combination(items, weights) == pytest.approx([0.25, 0.75, 0.125])
    assert convex_combination([], weights) == []
    assert convex_combination([candidate("a", text=0.3)], weights) == [1.0]


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 30)), min_size=1, max_size=20), st.randoms()
)
def test_the_order_of_candidates_does_not_matter(
    rows: list[tuple[float, float]], random: Random
) -> None:
    items = [candidate(str(n), text=t, words=w) for n, (t, w) in enumerate(rows)]
    weights = {"text": 1.0, "words": 2.0}
    straight = dict(zip((c.id for c in items), convex_combination(items, weights), strict=True))
    mixed = list(items)
    random.shuffle(mixed)
    turned = dict(zip((c.id for c in mixed), convex_combination(mixed, weights), strict=True))
    assert turned == straight


def test_sentences_are_cut_at_ends_and_not_at_abbreviations() -> None:
    text = "See Fig. 3 for e.g. Seals. Torque is 8.5 N·m. Is it dry?\nNext block"
    parts = [text[a:b] for a, b in sentences(text)]
    assert parts == ["See Fig. 3 for e.g. Seals.", "Torque is 8.5 N·m.", "Is it dry?", "Next block"]


@given(st.text(alphabet="ab .?!\n•AB12", max_size=120))
def test_sentences_lose_nothing(text: str) -> None:
    kept = "".join(text[a:b] for a, b in sentences(text))
    assert sorted(kept.replace(" ", "").replace("\n", "")) == sorted(
        text.replace(" ", "").replace("\n", "")
    )


def region(y: float) -> Region:
    return Region("d" * 64, 3, Box(72, y, 500, y + 12))


def table_hit() -> Hit:
    rows = ["Table 4. Torques", "Fastener | Torque", "Impeller bolt | 85 N·m"]
    text = "\n".join(rows)
    spans, start = [], 0
    for n, row in enumerate(rows):
        spans.append(Span(start, start + len(row), region(100 + 20 * n)))
        start += len(row) + 1
    chunk = Chunk(
        "i", "d" * 64, "table", 0, text, (region(100),), spans=tuple(spans),
        header=rows[1], caption=rows[0],
    )  # fmt: skip
    return Hit(chunk, "m.pdf", 1.0, ())


def test_a_table_row_is_quoted_with_its_column_names_and_its_own_box() -> None:
    (unit,) = evidence_units(table_hit(), 0)
    assert unit.text == "Fastener: Impeller bolt; Torque: 85 N·m"
    assert unit.regions == (region(140),)


def put(service: Service, name: str, data: bytes) -> None:
    (result,) = service.ingest([Source(name, name, lambda: data)])
    assert result.outcome == "added", result.reason


def test_citations_are_regions_of_stored_chunks(service: Service) -> None:
    put(service, "pump.pdf", text_pdf([PUMP]))
    query = Query("How often must the oil be changed?")
    searched, hits = service.hits(query, 10)
    answer = service.answer(query, searched, hits)
    assert "4000 hours" in answer.sentences[0].text
    stored = [s.region for h in hits for s in h.chunk.spans]
    for sentence in answer.sentences:
        for citation in sentence.citations:
            for cited in citation.regions:
                lines = [r.box for r in stored if r.page == cited.page]
                assert cited.box.inside(bounding(lines).grow(0.1)) > 0.99
                assert any(line.clip(cited.box).area > 0 for line in lines)


def test_it_abstains_where_nothing_answers(service: Service) -> None:
    put(service, "pump.pdf", text_pdf([PUMP]))
    answer = service.ask(Query("What is the capital of Mongolia?"))
    assert answer.abstained
    assert answer.confidence < 0.5
    assert answer.evidence  # the nearest is shown


def test_an_empty_index_abstains(service: Service) -> None:
    answer = service.ask(Query("anything"))
    assert answer.abstained
    assert "nothing that matches" in answer.reason
    assert service.search(Query("anything")).hits == []


def test_filters_that_leave_nothing_abstain(service: Service) -> None:
    put(service, "pump.pdf", text_pdf([PUMP]))
    assert service.search(Query("oil", where=Filter(pages=(99,)))).hits == []
    assert service.search(Query("oil", where=Filter(kinds=("table",)))).hits == []


def manual(parts: dict[str, tuple[str, str]]) -> bytes:
    """Pages with a picture of a part and its caption, then a page of torques."""
    import pymupdf

    document = pymupdf.open()
    for n, (name, (color, _)) in enumerate(parts.items(), 1):
        page = document.new_page()
        page.insert_image(pymupdf.Rect(100, 200, 400, 425), stream=shape(name, color))
        page.insert_text((100, 445), f"Figure {n}. {name}", fontsize=10)
    page = document.new_page()
    lines = [f"The {name} is tightened to {torque} N·m." for name, (_, torque) in parts.items()]
    page.insert_textbox(pymupdf.Rect(72, 72, 500, 700), "\n\n".join(lines))
    return bytes(document.tobytes())


def shape(name: str, color: str) -> bytes:
    return picture(color=color) if name != "Cover plate" else _plate(color)


def _plate(color: str) -> bytes:
    image = Image.new("RGB", (320, 240), color)
    for n in range(8):
        image.paste((20, 20, 20), (20 + 36 * n, 60, 34 + 36 * n, 180))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


PARTS = {"Seal ring": ("#4477aa", "12"), "Cover plate": ("#ddcc55", "95")}


def test_a_photo_alone_finds_its_figure(service: Service) -> None:
    put(service, "manual.pdf", manual(PARTS))
    photo = io.BytesIO()
    Image.open(io.BytesIO(_plate("#ddcc55"))).resize((200, 150)).save(photo, "JPEG", quality=60)
    answer = service.ask(Query("", photo.getvalue()))
    assert "Cover plate" in answer.sentences[0].text
    assert answer.sentences[0].citations[0].regions[0].page == 2


def test_a_photo_and_a_question_are_composed(service: Service) -> None:
    put(service, "manual.pdf", manual(PARTS))
    answer = service.ask(Query("what torque for this?", _plate("#ddcc55")))
    assert "95 N·m" in answer.sentences[0].text
    assert "Cover plate" in answer.searched
    stages = {s.stage for h in answer.evidence for s in h.trace}
    assert {"image", "text", "words", "joint", "fused", "maxsim", "final"} <= stages


def test_a_photo_of_something_else_abstains(service: Service) -> None:
    put(service, "whales.txt", WHALES.encode())
    answer = service.ask(Query("", picture()))
    assert answer.abstained


def test_a_query_in_another_script_and_a_very_long_one(service: Service) -> None:
    put(service, "pump.pdf", text_pdf([PUMP]))
    assert service.search(Query("насос подшипник масло")).hits
    assert service.search(Query("oil " * 3000)).hits
    assert service.ask(Query("的")).abstained


def test_a_query_of_stop_words_has_no_words_leg(encoders: Encoders) -> None:
    assert [x.name for x in text_subqueries("of the", encoders, SearchOptions())] == [
        "text",
        "joint",
    ]


def test_an_empty_query_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        Query("  ")


def test_text_that_repeats_query_words_is_not_first_everywhere(service: Service) -> None:
    put(service, "pump.pdf", text_pdf([PUMP]))
    put(service, "stuffed.txt", b"how much oil what valve which animal when closed eat " * 40)
    put(service, "whales.txt", WHALES.encode())
    for question, name in (
        ("How many litres of oil does the bearing housing take?", "pump.pdf"),
        ("Which valve is closed before the motor is stopped?", "pump.pdf"),
        ("What does the largest animal eat?", "whales.txt"),
    ):
        assert service.search(Query(question)).hits[0].name == name
