"""Octavo beside other systems: the measuring itself, with Octavo's own driver and no other."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from evals.compare import compare
from evals.dataset import DatasetError
from evals.metrics import means, retrieval
from evals.peers import __main__ as command
from evals.peers.child import PeerError, run_driver
from evals.peers.environments import child_environment, clean, constraints_of, python_of
from evals.peers.measure import Bench, measure
from evals.peers.protocol import folded, spanned
from evals.peers.selection import read_run, select
from evals.peers.systems import REFERENCE, SYSTEMS, System, chosen
from evals.peers.table import table
from evals.provenance import Provenance
from tests.conftest import PUMP, ROOT, SHARED, WHALES, text_pdf

SCORER = SHARED / "score.py"
ORIGIN = Provenance("2026-01-01T00:00:00+00:00", "abc", "python -m evals.peers", "a machine")
NO_OCR = next(s for s in SYSTEMS if s.name == "octavo-no-ocr")
QUESTIONS = {
    "q1": ("How much oil does the bearing housing take?", "a-pump.pdf", ["a-pump.pdf#p1"]),
    "q2": ("What does the blue whale eat?", "b-whales.pdf", ["b-whales.pdf#p2"]),
    "q3": ("Which is first?", "b-whales.pdf", ["a-pump.pdf#p1", "b-whales.pdf#p2"]),
    "q4": ("Who is the mayor?", "a-pump.pdf", []),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two PDFs of two pages; one question on each, one on both, one on none."""
    folder = tmp_path_factory.mktemp("peers") / "set"
    (folder / "pdfs").mkdir(parents=True)
    (folder / "pdfs" / "a-pump.pdf").write_bytes(text_pdf([PUMP, "Spare parts are listed here."]))
    (folder / "pdfs" / "b-whales.pdf").write_bytes(text_pdf(["A book about the sea.", WHALES]))
    rows = [{"_id": q, "text": t, "doc": d} for q, (t, d, _) in QUESTIONS.items()]
    (folder / "queries.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    gold = [f"{q}\t{page}\t1\n" for q, (_, _, pages) in QUESTIONS.items() for page in pages]
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(gold))
    return folder


def bench(dataset: Path, tmp_path: Path, limit: int = 0) -> Bench:
    return Bench(select(dataset, None, limit), tmp_path, tmp_path / "runs", 2, 120, ORIGIN)


@pytest.fixture(scope="module")
def measured(dataset: Path) -> tuple[Bench, dict[str, Any]]:
    shared = bench(dataset, dataset.parent)
    return shared, measure(shared, NO_OCR, Path(sys.executable), 1)


def test_the_first_documents_and_the_questions_judged_on_them_alone(dataset: Path) -> None:
    everything = select(dataset, None, 0)
    assert [d.name for d in everything.documents] == ["a-pump.pdf", "b-whales.pdf"]
    assert list(everything.questions) == ["q1", "q2", "q3"]  # q4 has no gold
    first = select(dataset, None, 1)
    assert [d.name for d in first.documents] == ["a-pump.pdf"]
    assert first.questions == {"q1": (QUESTIONS["q1"][0], "a-pump.pdf")}  # q3 needs both
    assert first.qrels == {"q1": {"a-pump.pdf#p1": 1}}
    assert first.data != everything.data
    assert select(dataset, None, 1).data == first.data


def test_documents_of_another_folder(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b-whales.pdf").write_bytes(text_pdf(["", WHALES]))
    assert list(select(dataset, tmp_path / "other", 0).questions) == ["q2"]
    (tmp_path / "other" / "b-whales.pdf").unlink()
    with pytest.raises(DatasetError, match=r"no question of .* on the 0 PDFs"):
        select(dataset, tmp_path / "other", 0)
    with pytest.raises(DatasetError, match="is not a folder"):
        select(dataset, tmp_path / "none", 0)


def test_systems_by_name() -> None:
    assert chosen("") == SYSTEMS
    assert SYSTEMS[0].name == REFERENCE
    assert [s.name for s in chosen("txtai, octavo")] == ["octavo", "txtai"]
    with pytest.raises(DatasetError, match="unknown system 'milvus'; known systems: octavo, "):
        chosen("milvus")


def test_every_system_has_its_driver_and_its_requirements() -> None:
    for system in SYSTEMS:
        assert importlib.util.find_spec(system.module) is not None
        assert (ROOT / "evals" / "peers" / f"{system.environment}.txt").is_file()


def test_pages_of_a_text_and_pages_once() -> None:
    assert spanned(3, "end of three\ffour\f \fsix") == [3, 4, 6]
    assert spanned(3, "\fthree") == [3]  # a break at the beginning is counted in the number
    assert spanned(3, "") == []
    assert folded(["a#p2", "a#p1", "a#p2"]) == ["a#p2", "a#p1"]


def test_octavo_measured_in_a_process_of_its_own(measured: tuple[Bench, dict[str, Any]]) -> None:
    shared, row = measured
    assert (row["system"], row["round"], row["n"], row["documents"]) == ("octavo-no-ocr", 1, 3, 2)
    assert (row["pages"], row["errors"], row["commit"]) == (4, [], "abc")
    assert row["settings"]["ocr"] is False
    assert row["versions"]["octavo"]
    metrics = row["metrics"]
    run = read_run(shared.runs / "octavo-no-ocr-1" / "run.trec")
    assert run["q1"][0] == "a-pump.pdf#p1"
    assert run["q2"][0] == "b-whales.pdf#p2"
    scored = means(retrieval(run, shared.selection.qrels))["nDCG@10"]
    assert metrics["nDCG@10"] == pytest.approx(scored, abs=1e-6)
    assert metrics["Recall@10"] == 1.0
    assert metrics["search p50 ms"] <= metrics["search p95 ms"] < 1000 * metrics["cold start s"]
    assert metrics["index MB/1000 pages"] < metrics["with originals MB/1000 pages"]
    assert metrics["ingest memory MB"] > 50
    assert not (shared.runs / "octavo-no-ocr-1" / "index").exists()


@pytest.mark.skipif(not SCORER.exists(), reason="the shared scorer is not here")
def test_a_run_scores_as_the_independent_scorer_scores_it(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("score", SCORER)
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    items = [["x#p1", "a b#p2", "x#p3"], ["x#p9"], []]
    lines = [
        f"q{n}\tQ0\t{item}\t{rank}\t{1 / rank:.6f}\thaystack\n"
        for n, found in enumerate(items)
        for rank, item in enumerate(found, 1)
    ]
    (tmp_path / "run.trec").write_text("".join(lines))
    qrels = {"q0": {"a b#p2": 1, "x#p3": 1}, "q1": {"x#p9": 1}, "q2": {"x#p1": 1}}
    ours = means(retrieval(read_run(tmp_path / "run.trec"), qrels))
    theirs, _ = scorer.retrieval(qrels, scorer.read_run(tmp_path / "run.trec"))
    dcg = (1 / math.log2(3) + 1 / math.log2(4)) / (1 + 1 / math.log2(3))
    assert ours["nDCG@10"] == pytest.approx((dcg + 1 + 0) / 3)
    for name in ("nDCG@10", "Recall@1", "Recall@5", "Recall@10", "MRR@10"):
        assert ours[name] == pytest.approx(theirs[name], abs=1e-9), name


def test_a_damaged_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "run.trec").write_text("q1\tQ0\ta#p1\t1\t1.0\tx\nq1 Q0\n")
    with pytest.raises(DatasetError, match=r"run\.trec:2: expected six fields, found 1"):
        read_run(tmp_path / "run.trec")


def test_a_driver_that_crashes_has_a_row_and_the_others_go_on(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "python_of", lambda *_: Path(sys.executable))
    broken = System("broken", "evals.peers.nothing", "octavo", "no such driver")
    shared = bench(dataset, tmp_path, limit=1)
    rows = command.run_all(shared, (broken, NO_OCR), tmp_path, 1, tmp_path / "rows.jsonl")
    assert [r["system"] for r in rows] == ["broken", "octavo-no-ocr"]
    assert rows[0]["metrics"] == {}
    assert rows[0]["errors"][0].startswith("broken ingest: ended with code 1 (")
    assert "No module named evals.peers.nothing" in rows[0]["errors"][0]
    assert rows[1]["metrics"]["nDCG@10"] == 1.0
    written = [json.loads(x) for x in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert written == rows
    needed = {"date", "commit", "command", "config", "machine", "n", "errors"}
    assert all(needed <= set(r) for r in rows)


def test_two_runs_can_be_compared_question_by_question(
    measured: tuple[Bench, dict[str, Any]],
) -> None:
    shared, _ = measured
    other = shared.runs / "worse-1"
    other.mkdir()
    lines = (shared.runs / "octavo-no-ocr-1" / "questions.jsonl").read_text().splitlines()
    worse = [json.loads(x) | {"metrics": {"nDCG@10": 0.0}} for x in lines]
    (other / "questions.jsonl").write_text("".join(json.dumps(r) + "\n" for r in worse))
    found = compare(shared.runs / "octavo-no-ocr-1", other, ["nDCG@10"])
    assert (found.n, found.documents, found.differences[0].losses) == (3, 3, 3)


def said(body: str, tmp_path: Path, limit: float = 30) -> tuple[dict[str, float], float]:
    outcome = run_driver(
        [sys.executable, "-c", body], child_environment({}), tmp_path, tmp_path / "log", limit
    )
    return outcome.seconds, outcome.memory_mb


END = 'print(\'{"event": "end", "memory_mb": 1}\', flush=True)\n'


def test_a_driver_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match=r"ended with code -9 \(it said nothing\)"):
        said("import time; time.sleep(60)", tmp_path, 0.5)


def test_a_driver_that_says_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PeerError, match=r"code 0 \(last words\)"):
        said("import sys; print('last words', file=sys.stderr)", tmp_path)


def test_what_libraries_print_is_passed_over(tmp_path: Path) -> None:
    first = 'print(\'{"event": "first"}\', flush=True)\n'
    body = f"import time\nprint('Loading...')\ntime.sleep(0.3)\n{first}{END}"
    seconds, _ = said(body, tmp_path)
    assert list(seconds) == ["first", "end"]
    assert 0.3 < seconds["first"] <= seconds["end"]


@pytest.mark.skipif(sys.platform != "linux", reason="memory of a session is read from /proc")
def test_memory_counts_the_processes_that_a_driver_starts(tmp_path: Path) -> None:
    hold = "import time; b = bytearray(b'x' * 150_000_000); time.sleep(1.5)"
    body = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {hold!r}])\n{END}"
    _, memory = said(body, tmp_path)
    assert 140 < memory < 400


def test_drivers_get_no_settings_of_ours() -> None:
    given = {"OCTAVO_OCR": "false", "OMP_NUM_THREADS": "1", "PATH": "/bin", "PYTHONHOME": "x"}
    found = child_environment(given)
    assert found["PATH"] == "/bin"
    assert found["HF_HUB_OFFLINE"] == "1"
    assert not {"OCTAVO_OCR", "OMP_NUM_THREADS", "PYTHONHOME"} & set(found)


def row(system: str, metrics: dict[str, float], round_: int = 1) -> dict[str, Any]:
    return {"system": system, "round": round_, "errors": [], "metrics": metrics}


def test_the_table_has_values_and_their_ratio_to_octavo() -> None:
    rows = [
        row("octavo", {"nDCG@10": 0.5, "search p50 ms": 40.0, "ingest pages/s": 0.0}),
        row("haystack", {"nDCG@10": 0.4, "search p50 ms": 50.0, "ingest pages/s": 3.0}),
        row("txtai", {}) | {"errors": ["txtai ingest: ended with code 1 (killed)"]},
    ]
    lines = table(rows).splitlines()
    assert lines[0].split(" | ")[:2] == ["| system", "pages/s"]
    assert lines[2] == "| octavo | 0.0 | - | - | - | - | 40.0 | - | - | 0.500 | - | - |"
    assert lines[3] == (
        "| haystack | 3.0 | - | - | - | - | 50.0 (x 1.25) | - | - | 0.400 (x 0.80) | - | - |"
    )
    assert lines[4] == "| txtai |" + " - |" * 11
    assert lines[5:] == ["", "txtai, round 1: txtai ingest: ended with code 1 (killed)"]


def test_rounds_are_shown_and_their_median_counts() -> None:
    same = {"ingest pages/s": 1.0, "cold start s": 1.0, "search p95 ms": 1.0}
    rows = [
        row("octavo", same | {"search p50 ms": 40.0}),
        row("txtai", same | {"search p50 ms": 20.0}),
        row("octavo", same | {"search p50 ms": 44.0}, 2),
    ]
    lines = table(rows).splitlines()
    assert "| 42.0 |" in lines[2]
    assert "| 20.0 (x 0.48) |" in lines[3]
    assert lines[5:] == [
        "octavo, by round: pages/s 1.0 / 1.0, cold start s 1.0 / 1.0, "
        "p50 ms 40.0 / 44.0, p95 ms 1.0 / 1.0"
    ]


def test_without_octavo_there_are_values_and_no_ratios() -> None:
    assert "(x" not in table([row("txtai", {"nDCG@10": 0.4})])


def test_clean_removes_what_was_made_and_nothing_else(tmp_path: Path) -> None:
    for name in ("environments/octavo", "embedder", "runs/octavo-1", "photos"):
        (tmp_path / name).mkdir(parents=True)
    clean(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["photos"]


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, ...]] = []

    def run(*command: str) -> None:
        made.append(command)
        (tmp_path / "environments" / "txtai").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr("evals.peers.environments._run", run)
    python = python_of(tmp_path, "txtai", False)
    assert [c[1:3] for c in made] == [("-m", "venv"), ("-m", "pip")]
    assert made[1][0] == str(python)
    needed = ROOT / "evals" / "peers" / "txtai.txt"
    assert made[1][-4:] == ("-r", str(needed), "-c", str(constraints_of("txtai")))
    python_of(tmp_path, "txtai", False)
    assert len(made) == 2
    (tmp_path / "environments" / "txtai" / "stamp").write_text("an older list")
    python_of(tmp_path, "txtai", False)
    assert len(made) == 4


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "--dataset is missing"),
        (["--dataset", "none", "--only", "milvus"], "unknown system 'milvus'"),
        (["--dataset", "none"], "dataset none is not a folder"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: list[str], expected: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(command.peers, [*arguments, "--work", str(tmp_path)])
    assert done.exit_code in (1, 2)
    assert expected in done.output
    assert "Traceback" not in done.output
