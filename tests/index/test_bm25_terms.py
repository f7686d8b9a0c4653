"""Terms of word search beside the engine's English ones, which do not move."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qdrant_edge import Bm25, Bm25Config

from octavo.api.encoder_factory import manifest_of
from octavo.api.model_profile import read_profile
from octavo.index.analysis.compounds import compound_parts
from octavo.index.analysis.languages import languages_of, probable_languages
from octavo.index.analysis.ngrams import question_ngrams
from octavo.index.chunk_vectors import Encoders
from octavo.index.encoders.bm25 import (
    NAME,
    document_words,
    query_words,
    question_terms,
    text_terms,
)
from octavo.index.manifest import check_manifest
from octavo.index.store import StoreError

ENGLISH = [
    "The impeller of the bilge pump is held by four bolts. Tighten them crosswise.",
    "Cells lacking the receptor don't respond to TNF-alpha; naïve cells do (see Table II).",
    "Berth fees are paid at the harbour office before noon, unless the office is closed.",
    "Torque | Bolt | Grease\nhigh | inner | none",
]


def engine() -> Bm25:
    return Bm25(Bm25Config(k=1.2, b=0.75, avg_len=90.0, language="english", ascii_folding=True))


@pytest.mark.parametrize("text", ENGLISH[:3])
def test_english_text_has_the_engines_terms_and_no_others(text: str) -> None:
    expected = engine().embed_document(text)
    found = document_words(text)
    assert dict(zip(found.indices, found.values, strict=True)) == dict(
        zip(expected.indices, expected.values, strict=True)
    )
    assert set(query_words(text).indices) == set(engine().embed_query(text).indices)


@pytest.mark.parametrize("text", [*ENGLISH, "Bolt 41 takes 1,250 N on 3 May 2021, see AB-12/4."])
def test_values_move_no_term_of_the_engine(text: str) -> None:
    expected = engine().embed_document(text)
    found = document_words(text)
    weights = dict(zip(found.indices, found.values, strict=True))
    assert all(weights[i] == v for i, v in zip(expected.indices, expected.values, strict=True))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Wann öffnet die Werft am Montag?", "de"),
        ("Où se trouve le bureau du port ?", "fr"),
        ("¿Dónde está la oficina del puerto?", "es"),
        ("Dove si trova l'ufficio del porto?", "it"),
        ("Wat is de hoogte van het dak?", "nl"),
        ("Сколько стоит место у причала?", "ru"),
        ("Onde fica a sede da empresa e quem é o diretor?", "pt"),
        ("Vad är höjden på taket och när byggdes det?", "sv"),
    ],
)
def test_the_language_of_a_question(text: str, code: str) -> None:
    found = probable_languages(text)
    assert found.codes[:1] == (code,)
    assert not found.english


def test_without_function_words_any_language_may_be_meant() -> None:
    assert languages_of("Pumpe Wartung").codes == ()
    assert {"de", "fr", "es"} <= set(probable_languages("Pumpe Wartung").codes)
    assert languages_of("the price of the pump").english


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Segelboote", "Ein Segelboot liegt am Steg und ist mit dem Seil festgemacht."),
        ("capitaine", "Les capitaines sont dans le bureau du port avec leurs papiers."),
        ("marinero", "Los marineros están en el puerto con sus barcos."),
        ("Ausschuss", "Der Prüfungsausschuss ist in der Werft und tagt nicht."),
        ("Gebühren", "Die Hafengebühr ist bei der Einfahrt zu zahlen und nicht später."),
        ("лодки", "У причала стоит лодка, и на ней нет паруса."),
        ("Hermes", "Die Wartung ist von der Firma Hermes übernommen worden."),
    ],
)
def test_other_forms_and_parts_of_words_are_found(question: str, text: str) -> None:
    assert set(query_words(question).indices) & set(document_words(text).indices)
    assert all(row & text_terms(text) for row in question_terms(question))


def test_compounds_are_taken_apart_and_short_words_are_not() -> None:
    for compound, parts in (
        ("Straßenreinigung", {"straßen", "reinigung"}),
        ("Schlauchkupplung", {"schlauch", "kupplung"}),
        ("Wartungsvertrag", {"wartung", "vertrag"}),
    ):
        assert parts <= set(compound_parts(compound))
    assert not list(compound_parts("Hafen und Werft"))
    assert len(list(compound_parts("Donaudampfschifffahrtsgesellschaftskapitän" * 9))) <= 24


@pytest.mark.parametrize(
    ("question", "grams"),
    [
        ("停泊费是多少？", ["停泊", "泊费"]),
        ("積載量はいくらですか？", ["積載", "載量"]),
        ("접안료는 얼마인가요?", ["접안", "안료"]),
        ("港", ["港"]),
        ("ねじ", ["ねじ"]),
    ],
)
def test_a_question_looks_for_its_content(question: str, grams: list[str]) -> None:
    assert [row[0] for row in question_ngrams(question)] == grams


def test_latin_words_beside_other_scripts_are_words() -> None:
    text = document_words("このPCはUSBで充電する。")
    assert set(query_words("USB").indices) & set(text.indices)
    assert set(query_words("ค่าธรรมเนียม").indices) & set(
        document_words("เรือต้องจ่ายค่าธรรมเนียมท่าเรือทุกวัน").indices
    )


def test_an_index_with_other_terms_is_refused(encoders: Encoders) -> None:
    current = manifest_of(read_profile("builtin"), encoders)
    assert current.models["words"] == NAME
    older = {role: name for role, name in current.models.items() if role != "words"}
    for models in (older, older | {"words": "bm25 english"}):
        with pytest.raises(StoreError, match=r"(?s)model words: the index has .*octavo reindex"):
            check_manifest(replace(current, models=models), current, "here", "octavo reindex here")
    check_manifest(current, current, "here", "octavo reindex here")
