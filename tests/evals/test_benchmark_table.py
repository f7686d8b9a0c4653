"""`make bench`: docs/benchmarks.md is made of whole results, and loses no line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from octavo.evals.benchmarks import benchmark_table
from octavo.evals.benchmarks.benchmark_table import (
    ENTRIES,
    kept_lines,
    main,
    published,
    replaced,
    table,
)
from tests.conftest import ROOT

METRICS = {
    "nDCG@10": 0.7399, "Recall@1": 0.595, "Recall@5": 0.807, "Recall@10": 0.862, "MRR@10": 0.707,
    "search p50 ms": 28.5, "search p95 ms": 93.5,
}  # fmt: skip


def row(**changed: Any) -> dict[str, Any]:
    return {
        "n": 300, "questions": 300, "complete": True, "errors": [], "metrics": METRICS,
        "intervals": {"nDCG@10": [0.695, 0.785]}, "index": "/home/me/bench/scifact/index",
        "command": "octavo eval run --dataset /home/me/scifact --out /tmp/o", **changed,
    }  # fmt: skip


def test_a_line_of_the_table() -> None:
    line = table([(ENTRIES[1], row())]).splitlines()[2]
    assert line == (
        "| SciFact, claims: the abstract among 5,183 | 300 | **0.740** (0.695 to 0.785) | 0.679 "
        "| 0.595 / 0.807 / 0.862 | 0.707 | 28 / 94 |"
    )


def test_only_what_is_between_the_marks_is_replaced() -> None:
    text = "a\n<!-- measured: make bench -->\nold\n<!-- end -->\nb\n"
    assert replaced(text, "new") == text.replace("old", "new")
    with pytest.raises(ValueError, match="no <!-- measured"):
        replaced("nothing", "new")


def test_no_folder_of_this_machine_is_kept() -> None:
    kept = published(row())
    assert kept["index"] == "index"
    assert kept["command"] == "octavo eval run --dataset scifact --out o"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data" / "scifact").mkdir(parents=True)
    (tmp_path / "work" / "scifact").mkdir(parents=True)
    old = "| LIMIT-small, who likes what: the text among 46 | 1,000 | **0.9** | | | | |"
    text = f"x\n<!-- measured: make bench -->\n| h |\n|---|\n{old}\n<!-- end -->\n"
    (tmp_path / "benchmarks.md").write_text(text)
    monkeypatch.setattr(benchmark_table, "PAGE", tmp_path / "benchmarks.md")
    monkeypatch.setattr(benchmark_table, "ROWS", tmp_path / "rows.jsonl")
    return tmp_path


def run(place: Path) -> tuple[int, str]:
    where = ["--data", str(place / "data"), "--work", str(place / "work"), "--keep"]
    done = CliRunner().invoke(main, where)
    return done.exit_code, done.output


def test_sets_that_are_not_here_keep_their_lines(place: Path) -> None:
    (place / "work" / "scifact" / "result.json").write_text(json.dumps(row()))
    for _ in range(2):
        code, said = run(place)
        assert code == 0, said
    text = (place / "benchmarks.md").read_text()
    assert text.count("SciFact") == text.count("LIMIT-small") == 1
    assert text.index("SciFact") < text.index("LIMIT-small")  # in the order of ENTRIES
    assert len((place / "rows.jsonl").read_text().splitlines()) == 1  # told twice, kept once


def test_a_partial_result_makes_no_table(place: Path) -> None:
    partial = row(complete=False, n=3)
    (place / "work" / "scifact" / "result.json").write_text(json.dumps(partial))
    code, said = run(place)
    assert code == 1
    assert "was stopped after 3 of 300 questions" in said
    assert not (place / "rows.jsonl").exists()


def test_the_page_has_the_place_for_the_table() -> None:
    text = (ROOT / benchmark_table.PAGE).read_text(encoding="utf-8")
    assert "| LIMIT-small" in "".join(kept_lines(text, ()))
    assert replaced(text, "new").count("\nnew\n") == 1
