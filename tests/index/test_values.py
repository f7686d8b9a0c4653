"""Numbers, percentages, dates and codes: one value however it is written."""

from __future__ import annotations

import time

import pytest

from octavo.index.analysis.numbers import find_values
from octavo.index.encoders.bm25 import code_terms, document_words, query_words, value_terms


def terms(text: str, english: bool = True) -> set[str]:
    return {t for value in find_values(text, english) for t in value.terms}


def asked(text: str, english: bool = True) -> list[tuple[str, ...]]:
    return [value.asked for value in find_values(text, english)]


@pytest.mark.parametrize(
    ("forms", "term"),
    [
        (["2400", "2,400", "2 400", "2.400", "2'400", "２４００", "2.4k", "٢٤٠٠",
          "2\u202f400"], "#2400"),
        (["7 %", "7%", "7 per cent", "7 percent", "7 Prozent", "７％", "7 pour cent"], "#7%"),
        (["3.5", "3,5", "3.50", "03.5", "３．５"], "#3.5"),
        (["1250000", "1,250,000", "1.250.000", "1.25 million", "125만", "125万"], "#1250000"),
        (
            ["2023-10-09", "9 October 2023", "October 9, 2023", "9. Oktober 2023", "09.10.2023",
             "9 octobre 2023", "9 de octubre de 2023", "9th of October 2023", "2023年10月9日",
             "2023년 10월 9일", "2023/10/09", "9 Oct. 2023", "9. 10. 2023", "9 октября 2023"],
            "@2023-10-09",
        ),
        (["KT-770", "kt770", "KT 770", "ＫＴ－７７０", "KT\u2011770", "KT/770"], "§kt770"),
    ],
)  # fmt: skip
def test_forms_of_one_value_have_one_term(forms: list[str], term: str) -> None:
    for form in forms:
        assert term in terms(f"It is {form}, they say.", english=False), form
        assert any(term in row for row in asked(f"Which is {form}?", english=False)), form


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("It weighs 31,700 kg.", "#1700"), ("It weighs 31,700 kg.", "#700"),
        ("Bolt C-41", "#41"), ("Seal AB-12/3", "§ab12/4"), ("10² cycles", "#102"),
        ("1.234 in English is no", "#234"), ("on 12 May 2021", "@2021-05-02"),
        ("the 22nd time", "#22"), ("range 5–10", "#510"), ("version 1.2.3", "#1.2"),
    ],
)  # fmt: skip
def test_a_value_is_a_whole(text: str, other: str) -> None:
    assert other not in terms(text)


def test_what_may_be_two_values_is_both() -> None:
    assert {"#4200", "#4.2"} <= terms("4.200 m")
    assert {"@2022-05-06", "@2022-06-05"} <= terms("05/06/2022")
    assert terms("4,200 m", english=True) & {"#4200", "#4.2"} == {"#4200"}
    assert terms("4,200 m", english=False) >= {"#4200", "#4.2"}


def test_codes_are_told_from_words_with_a_number() -> None:
    for code in ("C-41", "QX-88", "AB-12/4", "MX3145", "B52"):
        assert code_terms(f"Which is {code}?"), code
    for word in ("covid-19", "CO2", "FY2020", "3D", "50-shot", "1500 kg", "2021"):
        assert not code_terms(f"Which is {word}?"), word


def test_a_question_looks_for_the_value_and_not_for_its_parts() -> None:
    """The engine's own terms of 1 and 500 would find 12,500 and page 1."""
    for question, text in (
        ("What weighs 1,500 kg?", "The crate of 12,500"),
        ("bolt C-41", "41 newton metres"),
        ("What happened on 2021-05-12?", "room 12, floor 05"),
    ):
        assert not set(query_words(question).indices) & set(document_words(text).indices)


def test_value_terms_meet_the_text() -> None:
    for question, text in (
        ("What weighs 1,500 kg?", "Die Rolle wiegt 1.500 kg."),
        ("Who met on 12 May 2021?", "会議は2021年5月12日"),
        ("What is TR-9/2?", "ＴＲ－９／２ is a valve"),
    ):
        (wanted,) = value_terms(question)
        assert wanted & set(document_words(text).indices)


@pytest.mark.parametrize(
    "part", ["1 111", "a-", "1.", "1 ", "jan ", "1/", "a1", "9", "1,", "A 1", "12 ab", "5 % "]
)
def test_hostile_runs_take_time_in_proportion(part: str) -> None:
    began = time.process_time()
    find_values(part * (20_000 // len(part)))
    assert time.process_time() - began < 5
