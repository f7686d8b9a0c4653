"""Where sentences end, and where a full stop ends none."""

from __future__ import annotations

import pytest

from octavo.ingest.text.sentences import sentences

SENTENCES = [
    ["Der Beirat tagt am 7. Juni in Kassel.", "Die Halle bleibt zu."],
    ["Siehe Nr. 12 und Abs. 3 der Satzung.", "Sie gilt ca. 4 Jahre, z. B. für Jollen.", "Ende."],
    ["Die 2. Auflage erschien am 9. Mai.", "Es kostet 45.", "Wir zahlen.", "Er kam am 4.",
     "Dann ging er."],
    ["As in Fig. 4 and No. 9, Borel Inc. Winches are red.", "Borel Inc.", "The firm is old."],
    ["It was built by T. W. Kerr.", "He left.", "Dr. Amos, e.g. Hans, came.", "See pp. 4–5."],
    ["Is it shut?", "No.", "The yard is open.", "Vol. II is lost.", "Plan B.", "Then home."],
    ["The beam is 5 m.", "The mast is 9 m.", "He waits 10 min.", "It rains."],
    ["Die Gebühr (vgl. § 4 Abs. 1 S. 2) beträgt 8 EUR.", "Prof. Dr. L. Beck leitet den Hof."],
    ["Der 2. Vorsitzende ist Herr Lang.", "Es gibt Seile, Taue usw.", "Die Halle ist leer."],
    ["船は九時に出る。", "料金は五百円です！", "「閉めた。」", "以上。"],
    ["办公室在三楼。", "费用是多少？", "五百元。"],
    ["선장이 서명한다.", "요금은 3만원이다.", "끝."],
]  # fmt: skip


@pytest.mark.parametrize("parts", SENTENCES, ids=lambda p: p[0][:20])
@pytest.mark.parametrize("blank", [" ", "\n"])
def test_sentences_are_whole(parts: list[str], blank: str) -> None:
    text = blank.join(parts)
    assert [text[a:b] for a, b in sentences(text)] == parts


def test_full_stops_without_a_blank_end_sentences_where_there_are_none() -> None:
    text = "창고는 비어 있다.배는 떠났다.화물은 없다."
    assert [text[a:b] for a, b in sentences(text)] == [
        "창고는 비어 있다.",
        "배는 떠났다.",
        "화물은 없다.",
    ]
    text = "窗户关着。门开着！「他走了。」灯亮着。"
    assert len(sentences(text)) == 4


def test_the_number_of_an_item_is_no_sentence() -> None:
    text = "1. Care of the winch"
    assert sentences(text) == [(0, len(text))]
