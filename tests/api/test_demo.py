"""The sample documents are the same on every run, and the demo answers what it should."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from octavo.api.cli.question_calls import ask_index, save_evidence
from octavo.api.schemas.answers import AnswerOut
from octavo.api.service import Service, sources_of
from octavo.api.settings import Settings
from tests.conftest import ROOT

QUESTIONS: list[dict[str, Any]] = tomllib.loads(
    (ROOT / "examples" / "questions.toml").read_text(encoding="utf-8")
)["question"]


def make(out: Path) -> dict[str, str]:
    script = ROOT / "examples" / "make_examples.py"
    subprocess.run([sys.executable, str(script), str(out)], check=True, capture_output=True)
    files = sorted(p for p in out.rglob("*") if p.is_file())
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("examples")
    make(out)
    return out


@pytest.fixture(scope="module")
def demo(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(Settings(index=tmp_path_factory.mktemp("demo") / "index"), create=True)
    files = [p for p in sorted(build.iterdir()) if p.is_file()]
    results = list(service.ingest(sources_of(files, service.settings)))
    assert [r.outcome for r in results] == ["added"] * 4
    assert not any(r.failed_pages for r in results)
    yield service
    service.close()


def test_the_sample_documents_are_deterministic(build: Path, tmp_path: Path) -> None:
    again = make(tmp_path / "again")
    first = {
        str(p.relative_to(build)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in build.rglob("*")
        if p.is_file()
    }
    assert again == first


def ask(demo: Service, build: Path, question: dict[str, Any]) -> AnswerOut:
    image = build / question["image"] if question.get("image") else None
    return ask_index(demo, question["text"], image)


@pytest.mark.parametrize("question", QUESTIONS, ids=[q["id"] for q in QUESTIONS])
def test_the_demo_answers(demo: Service, build: Path, question: dict[str, Any]) -> None:
    """The expected words stand in the answer, and the expected page is cited."""
    answer = ask(demo, build, question)
    if question.get("unanswerable"):
        assert answer.abstained, answer.sentences
        assert answer.reason
        return
    assert not answer.abstained, answer.reason
    said = " ".join(s.text for s in answer.sentences)
    for words in question["expect_contains"]:
        assert words in said
    cited = {(c.name, r.page) for s in answer.sentences for c in s.citations for r in c.regions}
    assert (question["expect_doc"], question["expect_page"]) in cited


def test_the_evidence_is_drawn(demo: Service, build: Path, tmp_path: Path) -> None:
    torque = next(q for q in QUESTIONS if q["kind"] == "image+text")
    answer = ask(demo, build, torque)
    file = save_evidence(demo, answer, tmp_path / "answer.png")
    assert file is not None
    assert file.read_bytes().startswith(b"\x89PNG")


def test_the_fault_table_is_one_chunk_over_two_pages(demo: Service) -> None:
    manual = demo.named(["pump-manual.pdf"])[0].document.id
    tables = [c for c in demo.page_chunks(manual, 15) if c.kind == "table"]
    assert any({r.page for r in t.regions} == {15, 16} for t in tables)
