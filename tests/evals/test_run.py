"""Evaluation: metrics equal to trec_eval's and to the independent scorer."""

from __future__ import annotations

import importlib.util
import json
import math
import random
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from octavo.api.service import Service
from octavo.evals.cli.options import DatasetOptions
from octavo.evals.dataset import Dataset, DatasetError, GoldQuestion, read_dataset
from octavo.evals.evaluate import RunListener, evaluate
from octavo.evals.metrics.granularity import items_of
from octavo.evals.metrics.llm_judge import Judge, Verdict
from octavo.evals.metrics.retrieval import means, percentile, retrieval_metrics
from octavo.evals.run_files import write_run
from octavo.evals.statistics.compare import compare
from octavo.index.source import Source
from octavo.ingest.document import Box, Chunk, Region
from octavo.retrieve.query import Hit, Query
from tests.conftest import PUMP, SHARED, WHALES, text_pdf

SCORER = SHARED / "score.py"


def test_metrics_by_hand() -> None:
    qrels = {"q1": {"a": 1, "b": 1, "z": 0}, "q2": {"c": 1}, "q3": {"d": 0}}
    values = means(retrieval_metrics({"q1": ["x", "a", "z", "b"], "q3": ["d"]}, qrels))
    dcg = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    assert values["nDCG@10"] == pytest.approx(dcg / 2)  # q2 is missing and scores 0
    assert values["MRR@10"] == pytest.approx(0.25)
    assert values["Recall@5"] == pytest.approx(0.5)
    assert retrieval_metrics({}, {}) == {}


def load_scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", SCORER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not SCORER.exists(), reason="the shared scorer is not here")
def test_metrics_agree_with_the_independent_scorer(tmp_path: Path) -> None:
    dice = random.Random(7)
    items = [f"d{n}" for n in range(60)]
    qrels = {f"q{n}": {i: dice.randint(0, 2) for i in dice.sample(items, 9)} for n in range(40)}
    runs = {f"q{n}": dice.sample(items, 30) for n in range(38)}
    write_run(runs, tmp_path)
    scorer = load_scorer()
    theirs, _ = scorer.retrieval(
        {q: {i: float(v) for i, v in rel.items()} for q, rel in qrels.items()},
        scorer.read_run(tmp_path / "run.trec"),
    )
    ours = means(retrieval_metrics(runs, qrels))
    shared = {name: value for name, value in theirs.items() if "@" in name}
    assert len(shared) == 6
    for name, value in shared.items():
        assert ours[name] == pytest.approx(value, abs=1e-9), name


def test_percentiles() -> None:
    assert percentile([], 0.5) == 0
    assert percentile([0.003, 0.001, 0.002], 0.5) == 2
    assert percentile([n / 1000 for n in range(1, 101)], 0.95) == 95


def hit(name: str, pages: list[int], score: float) -> Hit:
    regions = tuple(Region("d", p, Box(0, 0, 1, 1)) for p in pages)
    return Hit(Chunk("i", "d", "text", 0, "", regions), name, score, ())


def test_folding_keeps_each_page_once_at_its_best() -> None:
    hits = [hit("a", [1], 0.9), hit("a", [2, 3], 0.8), hit("a", [1], 0.7), hit("b", [1], 0.6)]
    assert items_of(hits, "page") == ("a#p1", "a#p2", "a#p3", "b#p1")
    assert items_of(hits, "document") == ("a", "b")


def beir(folder: Path) -> Path:
    (folder / "qrels").mkdir(parents=True)
    corpus = [
        {"_id": "1", "title": "Pump", "text": PUMP},
        {"_id": "2", "title": "", "text": WHALES},
    ]
    queries = [{"_id": "q1", "text": "What do whales eat?"}, {"_id": "q9", "text": "not judged"}]
    write(folder / "corpus.jsonl", corpus)
    write(folder / "queries.jsonl", queries)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\t2\t1\n")
    return folder


def write(file: Path, rows: list[dict[str, str]]) -> None:
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))


def test_a_beir_folder_is_evaluated_end_to_end(service: Service, tmp_path: Path) -> None:
    dataset = read_dataset(beir(tmp_path / "set"))
    assert [q.id for q in dataset.questions] == ["q1"]
    result = evaluate(dataset, service, tmp_path / "out")
    assert result.metrics["nDCG@10"] == 1.0
    assert (result.n, result.documents, result.errors) == (1, 2, ())
    row = json.loads((tmp_path / "out" / "result.json").read_text())
    assert {"date", "commit", "command", "machine", "n", "errors", "metrics"} <= set(row)
    line = (tmp_path / "out" / "run.trec").read_text().split("\n")[0].split("\t")
    assert line[:4] == ["q1", "Q0", "2", "1"]
    again = evaluate(dataset, service, tmp_path / "out2")
    assert "ingest pages/s" not in again.metrics  # nothing was new


def test_pages_boxes_and_abstentions_are_written(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    (folder / "pdfs").mkdir(parents=True)
    (folder / "pdfs" / "pump.pdf").write_bytes(text_pdf([PUMP, WHALES]))
    rows = [
        {"_id": "q1", "text": "What does the blue whale eat?", "answerable": True},
        {"_id": "q2", "text": "Who is the mayor of Vienna?", "answerable": False},
    ]  # fmt: skip
    (folder / "queries.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tpump.pdf#p2\t1\n")
    (folder / "boxes.jsonl").write_text("")
    result = evaluate(read_dataset(folder), service, tmp_path / "out")
    assert result.metrics["Recall@1"] == 1.0
    boxes = [json.loads(x) for x in (tmp_path / "out" / "boxes.jsonl").read_text().splitlines()]
    assert boxes[0]["page"] == 2
    assert boxes[0]["bbox"][0] == pytest.approx(72, abs=1)
    lines = (tmp_path / "out" / "abstain.jsonl").read_text().splitlines()
    assert [json.loads(x)["answered"] for x in lines] == [True, False]


def test_within_asks_each_question_of_its_own_document(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    (folder / "pdfs").mkdir(parents=True)
    (folder / "pdfs" / "pump.pdf").write_bytes(text_pdf([PUMP]))
    (folder / "pdfs" / "whales.pdf").write_bytes(text_pdf([PUMP, WHALES]))
    rows = [{"_id": "q1", "text": "What does the blue whale eat?", "doc": "pump.pdf"}]
    (folder / "queries.jsonl").write_text(json.dumps(rows[0]) + "\n")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\twhales.pdf#p2\t1\n")
    (folder / "boxes.jsonl").write_text("")
    everywhere = DatasetOptions(folder, None, None, None).read()
    within = DatasetOptions(folder, None, None, None, within=True).read()
    assert evaluate(everywhere, service, tmp_path / "a").metrics["Recall@1"] == 1.0
    assert evaluate(within, service, tmp_path / "b").metrics["Recall@10"] == 0.0
    assert within.name == "pages within"
    assert within.data != everywhere.data
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "What does a whale eat?"}\n')
    with pytest.raises(DatasetError, match="name no document, first 'q1'"):
        DatasetOptions(folder, None, None, None, within=True).read()


def test_an_error_in_one_question_is_kept_and_the_others_go_on(
    service: Service, tmp_path: Path
) -> None:
    questions = (GoldQuestion("q1", ""), GoldQuestion("q2", "whales"))
    source = Source("w.txt", "w", lambda: WHALES.encode())
    dataset = Dataset("d", "document", questions, {"q2": {"w.txt": 1}}, (source,))
    result = evaluate(dataset, service, tmp_path / "out")
    assert result.n == 2
    assert result.errors == ("q1: the query is empty: give a text, an image, or both",)


def test_the_command_prints_the_metrics(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "octavo", "eval", "run", "--dataset", str(beir(tmp_path / "set")),
         "--out", str(tmp_path / "out"), "--index", str(tmp_path / "index")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "nDCG@10" in done.stdout
    assert "1 questions, 2 documents" in done.stdout


def test_ctrl_c_leaves_a_partial_result_that_says_so(service: Service, tmp_path: Path) -> None:
    questions = tuple(GoldQuestion(f"q{n}", t) for n, t in enumerate(["whales", "krill", "pump"]))
    qrels = {f"q{n}": {"w.txt": 1} for n in range(3)}
    source = Source("w.txt", "w", lambda: WHALES.encode())
    dataset = Dataset("d", "document", questions, qrels, (source,))

    def stop(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    result = evaluate(dataset, service, tmp_path / "out", RunListener(question=stop))
    assert (result.complete, result.n, result.questions) == (False, 2, 3)
    assert result.errors == ("interrupted after 2 of 3 questions",)
    assert result.metrics["Recall@1"] == 1.0  # of the two that were asked
    row = json.loads((tmp_path / "out" / "result.json").read_text())
    assert row["complete"] is False
    lines = (tmp_path / "out" / "questions.jsonl").read_text().splitlines()
    assert [json.loads(line)["query-id"] for line in lines] == ["q0", "q1"]


def test_levels_time_and_answers_are_told(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    (folder / "pdfs").mkdir(parents=True)
    (folder / "pdfs" / "pump.pdf").write_bytes(text_pdf([PUMP, WHALES]))
    row = {"_id": "q1", "text": "What does the blue whale eat?", "doc": "pump.pdf",
           "answer": "krill", "answerable": True}  # fmt: skip
    (folder / "queries.jsonl").write_text(json.dumps(row) + "\n")
    (folder / "qrels.tsv").write_text("q1\tpump.pdf#p2\t1\n")
    box = {"query-id": "q1", "doc": "pump.pdf", "page": 2, "bbox": [70, 70, 470, 90]}
    missed = {"query-id": "q1", "doc": "pump.pdf", "page": 2, "bbox": [400, 700, 500, 780]}
    (folder / "boxes.jsonl").write_text(json.dumps(box) + "\n" + json.dumps(missed) + "\n")
    result = evaluate(read_dataset(folder), service, tmp_path / "out")
    m = result.metrics
    assert m["document nDCG@10"] == m["nDCG@10"] == 1.0
    assert m["chunk Recall@100"] == 0.5  # no chunk meets the second box, and that counts
    assert m["answer contains"] == m["answer correct"] == 1.0
    assert m["citation precision"] == m["citation recall"] == 1.0
    assert m["citation box recall"] == 0.5
    assert m["coverage"] == 1.0
    assert m["risk of what is answered"] == 0.0
    assert result.intervals["answer correct"] == (1.0, 1.0)
    told = json.loads((tmp_path / "out" / "questions.jsonl").read_text())
    assert set(told["stages"]) == {"encode", "search", "maxsim", "chunks", "answer"}
    searching = sum(v for k, v in told["stages"].items() if k != "answer")
    assert searching <= told["search ms"]
    assert told["ranks"]["final"] == 1
    answered = json.loads((tmp_path / "out" / "answers.jsonl").read_text())
    assert answered["gold"] == ["krill"]
    assert answered["citations"][0]["page"] == 2


def small(tmp_path: Path, *texts: str) -> Dataset:
    questions = tuple(GoldQuestion(f"q{n}", t) for n, t in enumerate(texts))
    qrels = {q.id: {"w.txt": 1} for q in questions}
    source = Source("w.txt", "w", lambda: WHALES.encode())
    return Dataset("d", "document", questions, qrels, (source,))


def test_a_failed_question_counts_and_does_not_stop_comparisons(
    service: Service, tmp_path: Path
) -> None:
    dataset = small(tmp_path, "whales", "")
    result = evaluate(dataset, service, tmp_path / "a")
    assert (result.n, result.metrics["Recall@1"]) == (2, 0.5)
    rows = [json.loads(x) for x in (tmp_path / "a" / "questions.jsonl").read_text().splitlines()]
    assert rows[1]["error"].startswith("the query is empty")
    assert rows[1]["metrics"]["nDCG@10"] == 0.0
    evaluate(small(tmp_path, "whales", "krill"), service, tmp_path / "b")
    shutil.copy(tmp_path / "a" / "result.json", tmp_path / "b" / "result.json")  # as if one set
    assert compare(tmp_path / "a", tmp_path / "b", ["Recall@1"]).differences[0].wins == 1


def test_other_data_is_not_compared(service: Service, tmp_path: Path) -> None:
    evaluate(small(tmp_path, "whales"), service, tmp_path / "a")
    evaluate(small(tmp_path, "krill"), service, tmp_path / "b")
    with pytest.raises(DatasetError, match="other questions, judgements or documents"):
        compare(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("metrics", [[1], None, "x", {"nDCG@10": "x"}, {"nDCG@10": float("nan")}])
def test_damaged_runs_are_told(tmp_path: Path, metrics: object) -> None:
    row = json.dumps({"query-id": "q1", "metrics": metrics})
    (tmp_path / "questions.jsonl").write_text(row + "\n")
    with pytest.raises(DatasetError, match="'metrics"):
        compare(tmp_path, tmp_path)


def test_an_index_with_other_documents_is_refused(service: Service, tmp_path: Path) -> None:
    list(service.ingest([Source("p.txt", "p", lambda: PUMP.encode())]))
    with pytest.raises(DatasetError, match=r"1 documents that are not of d, such as 'p.txt'"):
        evaluate(small(tmp_path, "whales"), service, tmp_path / "out")


def test_nothing_of_an_earlier_run_stays_beside_a_new_one(service: Service, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("answers.jsonl", "abstain.jsonl", "result.json"):
        (out / name).write_text("old")

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(small(tmp_path, "whales"), service, out, RunListener(ingest=stop))
    assert list(out.iterdir()) == []
    evaluate(small(tmp_path, "whales"), service, out)
    assert {p.name for p in out.iterdir()} == {"result.json", "questions.jsonl", "run.trec"}


def test_confidence_is_written_in_full(service: Service, tmp_path: Path) -> None:
    question = GoldQuestion("q1", "What do whales eat?", answerable=True)
    source = Source("w.txt", "w", lambda: WHALES.encode())
    dataset = Dataset("d", "document", (question,), {"q1": {"w.txt": 1}}, (source,))
    evaluate(dataset, service, tmp_path / "out")
    row = json.loads((tmp_path / "out" / "abstain.jsonl").read_text())
    answer = service.ask(Query("What do whales eat?"))
    assert round(row["confidence"], 3) == round(answer.confidence, 3)
    assert row["confidence"] != round(row["confidence"], 6)


def test_judging_that_is_stopped_keeps_what_was_asked(service: Service, tmp_path: Path) -> None:
    questions = tuple(
        GoldQuestion(f"q{n}", t, answers=("krill",), answerable=True)
        for n, t in enumerate(["What do whales eat?", "What do blue whales eat?"])
    )
    source = Source("w.txt", "w", lambda: WHALES.encode())
    dataset = Dataset("d", "document", questions, {"q0": {"w.txt": 1}}, (source,))

    class Busy:
        name = "busy@localhost"

        def verdict(self, *_: object) -> Verdict:
            return Verdict(True)

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    model = cast(Judge, Busy())
    result = evaluate(dataset, service, tmp_path / "out", RunListener(verdict=stop), model)
    assert result.complete is False
    assert result.errors == ("judging interrupted after 1 of 2 answers",)
    assert result.metrics["answer judged correct"] == 1.0
    assert len((tmp_path / "out" / "answers.jsonl").read_text().splitlines()) == 2
