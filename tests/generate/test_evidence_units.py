"""Sentences in other scripts, and rows of tables that repeat a word of the caption."""

from __future__ import annotations

import pytest

from octavo.generate.evidence_units import evidence_units
from octavo.ingest.document import Box, Chunk, ChunkKind, Region, Span
from octavo.ingest.text.sentences import sentences
from octavo.retrieve.query import Hit


def hit(kind: ChunkKind, lines: list[str], header: str = "", caption: str = "") -> Hit:
    spans, start = [], 0
    for n, text in enumerate(lines):
        region = Region("d", 1, Box(72, 20 * n, 523, 20 * n + 12))
        spans.append(Span(start, start + len(text), region))
        start += len(text) + 1
    regions = tuple(s.region for s in spans)
    chunk = Chunk(
        "i", "d", kind, 0, "\n".join(lines), regions,
        spans=tuple(spans), header=header, caption=caption,
    )  # fmt: skip
    return Hit(chunk, "m.pdf", 1.0, ())


@pytest.mark.parametrize(
    "parts",
    [
        ["Насос качает воду.", "Масло меняют раз в год."],
        ["Die Pumpe läuft.", "Öl nachfüllen!", "Über 90 °C abschalten."],
        ["המשאבה עובדת.", "החלף שמן כל שנה."],
        ["هل المضخة جافة؟", "غير الزيت كل سنة."],
    ],
)
def test_sentences_end_in_every_script(parts: list[str]) -> None:
    text = " ".join(parts)
    assert [text[a:b] for a, b in sentences(text)] == parts


def test_a_small_letter_begins_no_sentence() -> None:
    for text in ("Art. état neuf", "ca. über 90 Grad", "см. масло"):
        assert sentences(text) == [(0, len(text))]


def test_chinese_sentences_are_quoted() -> None:
    text = "泵的油每四千小时更换一次。密封件每年检查。"
    quotes = [u.text for u in evidence_units(hit("text", [text]), 0)]
    assert quotes == ["泵的油每四千小时更换一次。", "密封件每年检查。"]


def test_a_row_that_says_a_word_of_the_caption_is_quoted() -> None:
    rows = ["Table 4. Torques", "Fastener | Torque", "Bolt | 85", "Torques"]
    quotes = list(evidence_units(hit("table", rows, rows[1], rows[0]), 0))
    assert [u.text for u in quotes] == ["Fastener: Bolt; Torque: 85", "Torques"]
