"""Search and answers in Chinese, Japanese and Korean: 120 texts, 240 questions, facts invented."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.source import Source
from octavo.retrieve.query import Query

LANGUAGES = ("zh", "ja", "ko")
DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Fact:
    name: str
    text: str
    keywords: str
    question: str


def facts(language: str) -> list[Fact]:
    lines = (DATA / f"unspaced_{language}.tsv").read_text(encoding="utf-8").splitlines()
    return [Fact(f"{language}{n}.txt", *line.split("\t")) for n, line in enumerate(lines)]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("unspaced") / "index"
    with closing(Service(Settings(index=folder), create=True)) as service:
        rows = [f for language in LANGUAGES for f in facts(language)]
        sources = [Source(f.name, f"/x/{f.name}", f.text.encode) for f in rows]
        assert [r.outcome for r in service.ingest(sources)] == ["added"] * len(rows)
        yield service


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_right_text_comes_first(texts: Service, language: str) -> None:
    rows = facts(language)
    assert len(rows) == 40
    for kind in ("keywords", "question"):
        found = [texts.search(Query(getattr(f, kind)), 1).hits[0].name == f.name for f in rows]
        assert sum(found) / len(found) >= 0.95, kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_are_answered(texts: Service, language: str) -> None:
    rows = facts(language)[::8]
    answers = [texts.ask(Query(f.question)).sentences for f in rows]
    said = [bool(a) and a[0].text.strip() == f.text for a, f in zip(answers, rows, strict=True)]
    assert sum(said) >= len(said) - 1


@pytest.mark.parametrize(
    "question", ["火星的卫星有几颗？", "台風の進路はどこですか？", "고래의 수명은 얼마인가요?"]
)
def test_what_no_text_speaks_of_is_not_answered(texts: Service, question: str) -> None:
    assert not texts.ask(Query(question)).sentences
