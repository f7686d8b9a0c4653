"""The report: what it refuses, what it says, and that it needs nothing but itself."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from markupsafe import escape
from PIL import Image

from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.evals.dataset import DatasetError
from octavo.evals.metrics.abstention import curve
from octavo.evals.provenance import NEEDED
from octavo.evals.report.page import report
from octavo.evals.report.plot_data import (
    first_ten_by_stage,
    known,
    operating_point,
    recall_by_depth,
    reliability,
    worst,
)
from octavo.evals.report.read_runs import read_runs
from octavo.evals.report.report_command import report as command
from octavo.evals.report.result_rows import parse, read_history
from octavo.index.source import Source
from tests.conftest import PUMP, WHALES, text_pdf

pytest.importorskip("matplotlib", reason="needs the extra evals")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
ROW: dict[str, Any] = {
    "date": "2026-11-22T05:00:00+00:00",
    "commit": "6f7b2e8cadf3",
    "command": "octavo eval run --dataset set --out out",
    "machine": "Linux x86_64, 2 cores",
    "config": "4f0a2c9d1e55",
    "dataset": "set",
    "data": "77aa01b3c9de",
    "profile": "builtin",
    "unit": "page",
    "n": 4,
    "questions": 4,
    "complete": True,
    "errors": [],
    "metrics": {"nDCG@10": 0.40769, "AUROC": 2 / 3, "search p50 ms": 123.4, "box area F1": 0.25},
    "intervals": {"nDCG@10": [0.1234, 0.8765]},
}
EVIL = "<script>alert('x')</script> & \"q\""


def question(key: str, ndcg: float | None, rank: int | None, **more: Any) -> dict[str, Any]:
    gold = {} if ndcg is None else {"pump.pdf#p1": 1}
    return {
        "query-id": key,
        "text": f"text of {key}",
        "doc": "pump.pdf",
        "image": False,
        "kinds": ["table"],
        "gold": gold,
        "metrics": {} if ndcg is None else {"nDCG@10": ndcg, "Recall@5": float(ndcg > 0)},
        "first": ["whales.pdf#p1"],
        "stages": {"encode": 8.0, "search": 16.0},
        "search ms": 24.0,
        "answer ms": 100.0,
        "ranks": {} if rank is None else {"words": rank + 8, "final": rank},
        **more,
    }


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))


def make_run(folder: Path, row: dict[str, Any] | None = None, full: bool = True) -> Path:
    """Three judged questions with gold at rank 1, 3 and nowhere, and one that is open."""
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps(ROW | (row or {})))
    if not full:
        return folder
    questions = [
        question("q1", 1.0, 1),
        question("q2", 0.5, 3, text=EVIL, kinds=["table", "figure"]),
        question("q3", 0.0, None, **{"gold boxes": [box([72, 72, 300, 90])]}),
        question("q4", None, None),
    ]
    write(folder / "questions.jsonl", questions)
    ranking = {"q1": ["pump.pdf#p1", "a#p1"], "q2": ["a#p1", "a#p2", "pump.pdf#p1"], "q3": ["a#p1"]}
    (folder / "run.trec").write_text(
        "".join(
            f"{q}\tQ0\t{item}\t{n}\t{1 / n}\toctavo\n"
            for q, items in ranking.items()
            for n, item in enumerate(items, 1)
        )
    )
    decisions = [("q1", True, 0.95, True), ("q2", True, 0.65, False), ("q3", False, 0.3, None)]
    rows: list[dict[str, Any]] = [
        {"query-id": q, "answered": a, "confidence": c, **({} if r is None else {"correct": r})}
        for q, a, c, r in [*decisions, ("q4", True, 0.61, None)]
    ]
    write(folder / "abstain.jsonl", rows)
    write(folder / "boxes.jsonl", [{"query-id": "q3", **box([72, 100, 300, 130])}])
    cited = [{"doc": "pump.pdf", "page": 1, "bbox": [0, 0, 9, 9], "kind": "table"}]
    answer = {"query-id": "q3", "answered": True, "answer": EVIL, "gold": ["46"]}
    write(folder / "answers.jsonl", [{**answer, "citations": cited}])
    return folder


def box(bbox: list[float]) -> dict[str, Any]:
    return {"doc": "pump.pdf", "page": 1, "bbox": bbox}


def ablation(folder: Path, **changed: Any) -> Path:
    change = {"nDCG@10": {"b_minus_a": -0.0123, "low": -0.02, "high": -0.004, "p": 0.0301}}
    variants = [
        {"name": "full", "metrics": ROW["metrics"], "difference": {}, "search p50 ms": 123.4},
        {"name": "without <late>", "metrics": {"nDCG@10": 0.3954}, "difference": change,
         "search p50 ms": 61.7},
    ]  # fmt: skip
    row = {k: v for k, v in ROW.items() if k not in ("metrics", "intervals")}
    folder.mkdir(exist_ok=True)
    (folder / "ablation.json").write_text(
        json.dumps({**row, "base": "full", "variants": variants, **changed})
    )
    return folder


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def section(html: str, anchor: str) -> str:
    found = re.search(rf'<section id="{anchor}">(.*?)</section>', html, re.DOTALL)
    assert found, f"no section {anchor}"
    return found[1]


@pytest.mark.parametrize("name", NEEDED)
def test_a_row_without_provenance_is_refused_by_name(name: str, tmp_path: Path) -> None:
    row = {k: v for k, v in ROW.items() if k != name}
    with pytest.raises(DatasetError, match=f"rows.jsonl:7: has no '{name}'"):
        parse(row, "rows.jsonl:7")
    folder = make_run(tmp_path / "a", full=False)
    (folder / "result.json").write_text(json.dumps(row))
    done = CliRunner().invoke(command, [str(folder), "--out", str(tmp_path / "r.html")])
    assert done.exit_code == 1
    assert f"a/result.json: has no '{name}'" in done.output
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"n": "4"}, "'n' is '4'"),
        ({"errors": "none"}, "'errors' is 'none'"),
        ({"config": ""}, "has no 'config'"),
        ({"metrics": {"nDCG@10": "high"}}, "'metrics.nDCG@10' is 'high'"),
        ({"metrics": {"nDCG@10": float("nan")}}, "'metrics.nDCG@10' is nan"),
        ({"intervals": {"nDCG@10": [1]}}, r"has no 'intervals.nDCG@10.1'"),
        ({"intervals": {"nDCG@10": ["0", "1"]}}, "'intervals.nDCG@10.0' is '0'"),
        ({"intervals": [1]}, r"'intervals' is \[1\]; expected a valid dictionary"),
        ({"metrics": [1]}, r"'metrics' is \[1\]; expected a valid dictionary"),
        ({"metrics": {"nDCG@10": 10**400}}, "'metrics.nDCG@10' is 1000"),
        ({"questions": "abc"}, "'questions' is 'abc'; expected a valid integer"),
        ({"questions": [4]}, "'questions' is"),
        ({"documents": "x"}, "'documents' is 'x'; expected a valid integer"),
        ({"complete": "no"}, "'complete' is 'no'; expected a valid boolean"),
        ({"errors": [1]}, "'errors.0' is 1"),
        ({"generator": 1}, "'generator' is 1; expected a valid string"),
    ],
)
def test_damaged_rows_are_told(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        parse(ROW | changed, "x")


DEEP = b"[" * 100_000


def q1(**fields: Any) -> bytes:
    return json.dumps({"query-id": "q1", **fields}).encode() + b"\n"


@pytest.mark.parametrize(
    ("file", "data", "message"),
    [
        ("result.json", DEEP, "result.json: not a JSON file"),
        ("result.json", b"\xff\x00", "result.json: not a JSON file"),
        ("run.trec", b"q1\tQ0\ta\t1\t1\tx\n\xff\x00\n", "run.trec:2: not UTF-8"),
        ("questions.jsonl", b"\xff\n", "questions.jsonl:1: not UTF-8"),
        ("questions.jsonl", DEEP, "questions.jsonl:1: not JSON"),
        ("questions.jsonl", q1(stages=[1]), "questions.jsonl:1: 'stages' is [1]"),
        ("questions.jsonl", q1(stages={"chunks": "x"}), "1: 'stages.chunks' is 'x'"),
        ("questions.jsonl", q1(stages={"cross": 10**400}), "1: 'stages.cross' is 1"),
        ("questions.jsonl", q1(ranks=3), "questions.jsonl:1: 'ranks' is 3"),
        ("questions.jsonl", q1(ranks={"final": 1.5}), "'ranks.final' is 1.5"),
        ("questions.jsonl", q1(metrics={"nDCG@10": float("nan")}), "'metrics.nDCG@10' is nan"),
        ("questions.jsonl", q1(gold="a#p1"), "questions.jsonl:1: 'gold' is 'a#p1'"),
        ("questions.jsonl", q1(kinds="table"), "questions.jsonl:1: 'kinds' is 'table'"),
        ("questions.jsonl", q1(first=[1]), "questions.jsonl:1: 'first.0' is 1"),
        ("questions.jsonl", q1(text=7), "questions.jsonl:1: 'text' is 7"),
        ("questions.jsonl", q1(error=7), "questions.jsonl:1: 'error' is 7"),
        ("questions.jsonl", q1(**{"gold boxes": 7}), "questions.jsonl:1: 'gold boxes' is 7"),
        ("boxes.jsonl", q1(doc="a", page="x", bbox=[0, 0, 1, 1]), "boxes.jsonl:1: "),
        ("abstain.jsonl", q1(answered=True, confidence="x"), "abstain.jsonl:1: 'confidence' is"),
        ("abstain.jsonl", q1(answered="no", confidence=0.5), "abstain.jsonl:1: 'answered' is 'no'"),
        ("abstain.jsonl", q1(answered=True, confidence=1, correct=1), "'correct' is 1"),
        ("answers.jsonl", q1(citations=3), "answers.jsonl:1: 'citations' is 3"),
        ("answers.jsonl", q1(citations=["a"]), "answers.jsonl:1: 'citations.0' is 'a'"),
        ("answers.jsonl", q1(gold=3), "answers.jsonl:1: 'gold' is 3"),
        ("ablation.json", b"\xff", "ablation.json: not a JSON file"),
        ("ablation.json", json.dumps(ROW | {"variants": 5}).encode(), "'variants' is 5"),
        ("ablation.json", json.dumps(ROW | {"variants": [{"name": "a", "difference": {"m": 1}}]})
         .encode(), "'variants.0.difference.m' is 1"),
        ("rows.jsonl", b"\xff\x00\n", "rows.jsonl:1: not UTF-8"),
    ],
)  # fmt: skip
def test_damaged_files_end_the_command_with_one_message(
    file: str, data: bytes, message: str, tmp_path: Path
) -> None:
    folder = make_run(tmp_path / "a")
    (folder / file).write_bytes(data)
    more = ["--rows", str(folder / file)] if file == "rows.jsonl" else []
    done = CliRunner().invoke(command, [str(folder), "--out", str(tmp_path / "r.html"), *more])
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {folder / file}")
    assert message in done.output
    assert done.output.count("\n") == 1
    assert not (tmp_path / "r.html").exists()


def test_only_newlines_end_lines(tmp_path: Path) -> None:
    """U+2028 stands in a command line or an id, and cuts neither."""
    file = tmp_path / "rows.jsonl"
    rows = [ROW | {"command": "octavo eval\u2028run"}, ROW]
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows))
    taken, refused = read_history(file)
    assert ([r.where for r in taken], refused) == ([f"{file}:1", f"{file}:2"], [])
    folder = make_run(tmp_path / "a")
    (folder / "run.trec").write_text("q1\tQ0\tpump\u2028.pdf#p1\t1\t1.0\toctavo\n")
    (run,) = read_runs([folder])
    assert run.ranking == {"q1": ("pump\u2028.pdf#p1",)}


def test_half_a_character_does_not_stop_the_page(tmp_path: Path) -> None:
    folder, out = make_run(tmp_path / "a", {"command": "octavo \ud800 eval"}), tmp_path / "r.html"
    assert CliRunner().invoke(command, [str(folder), "--out", str(out)]).exit_code == 0
    assert "octavo ? eval" in out.read_text(encoding="utf-8")


def test_a_line_nested_too_deep_is_a_refused_row(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(DEEP + b"\n" + json.dumps(ROW).encode() + b"\n")
    taken, refused = read_history(file)
    assert [r.where for r in taken] == [f"{file}:2"]
    assert refused[0].startswith(f"{file}:1: not JSON: ")


def test_the_other_rows_of_a_history_are_used(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    bad = {k: v for k, v in ROW.items() if k != "config"}
    lines = [json.dumps(ROW), "", json.dumps(bad), "{broken", "[1]", json.dumps(ROW | {"n": 9})]
    file.write_text("\n".join(lines) + "\n")
    taken, refused = read_history(file)
    assert [r.where.rpartition("/")[2] for r in taken] == ["rows.jsonl:1", "rows.jsonl:6"]
    assert [r.rpartition("/")[2][:13] for r in refused] == [
        "rows.jsonl:3:", "rows.jsonl:4:", "rows.jsonl:5:",
    ]  # fmt: skip
    folder = make_run(tmp_path / "a")
    page = section(report([folder], rows=file).html, "history")
    assert page.count("<svg") == 2  # another n: not in one plot
    assert "3 rows REFUSED" in page
    assert "rows.jsonl:3: has no &#39;config&#39;" in page
    out = tmp_path / "r.html"
    done = CliRunner().invoke(command, [str(folder), "--rows", str(file), "--out", str(out)])
    assert done.exit_code == 0
    assert "rows.jsonl:3: has no 'config'" in done.output


def test_the_numbers_by_hand(tmp_path: Path) -> None:
    (run,) = read_runs([make_run(tmp_path / "a")])
    means, low, high = recall_by_depth(run)
    assert len(means) == 100
    assert means[:3] + means[-1:] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])
    assert (low[0], high[0]) == (0, 1)  # too few documents to be drawn whole
    stages = {b.name: b.value for b in first_ten_by_stage(run)}
    assert stages == pytest.approx({"words": 1 / 3, "final": 2 / 3})
    assert operating_point(run) == pytest.approx((3 / 4, 2 / 3))  # q2 is wrong, q4 is open
    bins = reliability(run)
    assert [b for bin_ in bins for b in bin_] == pytest.approx([0.63, 0.0, 2, 0.95, 1.0, 1])
    assert curve(known(run)) == pytest.approx([0, 1 / 2, 2 / 3])  # the refused q3 is not known
    shown, zeros = worst(run, 2)
    assert ([q.id for q in shown], zeros) == (["q3", "q2"], 1)


def test_the_page_says_exactly_what_the_run_says(tmp_path: Path) -> None:
    html = report([make_run(tmp_path / "a")]).html
    said = text_of(section(html, "metrics"))
    assert "nDCG@10 0.408 0.123 to 0.876" in said
    assert "AUROC 0.667" in said
    assert "box area F1 0.250" in said
    assert "search p50 ms 123" in said
    origin = text_of(section(html, "provenance"))
    for value in (*(ROW[k] for k in NEEDED if k not in ("n", "errors")), ROW["data"]):
        assert value in origin
    assert "complete: 4 of 4 questions" in origin
    assert "first 1 0.333 first 2 0.333 first 5 0.667" in text_of(section(html, "depth"))
    assert "encode 8.0 8.0 search 16.0 16.0" in text_of(section(html, "latency"))
    assert "75.0% answered, 66.7% of them errors" in section(html, "risk")
    kinds = section(html, "modality")
    assert "0.500 (n 3)" in kinds  # table: 1, 0.5, 0
    assert "0.500 (n 1)" in kinds  # figure: 0.5
    assert "100.0% (n 1)" in kinds  # what is cited
    assert "answerable was taken from the gold" in section(html, "risk")
    order = re.findall(r'<section id="([a-z]+)"', html)
    assert order == [
        "provenance", "metrics", "comparison", "ablation", "depth", "ranks", "latency", "risk",
        "cost", "modality", "documents", "worst",
    ]  # fmt: skip


def test_what_is_missing_leaves_its_section_out_with_the_reason(tmp_path: Path) -> None:
    html = report([make_run(tmp_path / "a", {"intervals": {}}, full=False)]).html
    assert "Without intervals: the rows hold none." in html
    for anchor in ("comparison", "ablation", "depth", "ranks", "latency", "risk", "worst"):
        part = section(html, anchor)
        assert "Left out: " in part
        assert "<svg" not in part


def test_text_of_questions_and_answers_is_escaped(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", {"errors": [EVIL], "dataset": EVIL, "profile": "$x_{<i>}$"})
    html = report([ablation(folder, dataset=EVIL)]).html
    assert "<script" not in html
    assert "<i>" not in html
    assert "without <late>" not in html
    assert html.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &#34;q&#34;") >= 3
    assert "$x_{&lt;i&gt;}$" in section(html, "risk")  # in an SVG, and no formula


def test_a_partial_run_is_marked_in_words(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", {"questions": 9, "complete": False, "errors": ["q7: gone"]})
    html = report([folder]).html
    assert html.count('<strong class="bad">PARTIAL: 4 of 9 questions</strong>') == 2
    assert '<strong class="bad">1 ERROR</strong>' in html
    assert "PARTIAL" not in report([make_run(tmp_path / "b")]).html


def test_a_run_stopped_while_it_was_judged_is_partial(tmp_path: Path) -> None:
    why = "judging interrupted after 1 of 3 answers"
    changed = {"complete": False, "errors": [why]}
    file = tmp_path / "rows.jsonl"
    write(file, [ROW | changed])
    html = report([make_run(tmp_path / "a", changed)], rows=file).html
    assert html.count("PARTIAL: stopped after 4 questions were asked") == 3
    assert why in html


def with_a_failed_question(folder: Path) -> Path:
    changed = {"n": 5, "questions": 5, "errors": ["q5: the store is gone"]}
    make_run(folder, changed)
    more = {"stages": {}, "first": [], "doc": "whales.pdf", "error": "the store is <gone>"}
    with (folder / "questions.jsonl").open("a") as file:
        file.write(json.dumps(question("q5", 0.0, None, **more)) + "\n")
    return folder


def test_failed_questions_count_as_missed(tmp_path: Path) -> None:
    folder = with_a_failed_question(tmp_path / "a")
    (run,) = read_runs([folder])
    assert run.failed == 1
    assert recall_by_depth(run)[0][:3] == pytest.approx([1 / 4, 1 / 4, 2 / 4])
    stages = {b.name: b.value for b in first_ten_by_stage(run)}
    assert stages == pytest.approx({"words": 1 / 4, "final": 2 / 4})
    shown, zeros = worst(run, 2)
    assert ([q.id for q in shown], zeros) == (["q3", "q5"], 2)
    html = report([folder]).html
    assert html.count('<strong class="bad">PARTIAL: 5 of 5 questions, 1 failed</strong>') == 2
    assert "whales.pdf 0.000 1" in text_of(section(html, "documents"))
    assert "failed the store is &lt;gone&gt;" in text_of(section(html, "worst"))
    assert "failed, and not drawn: 1" in section(html, "risk")
    assert "0.375 (n 4)" in section(html, "modality")  # table: 1, 0.5, 0, 0


def test_a_run_whose_questions_all_failed_has_recall_0(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", {"errors": ["q1: gone"]})
    for name in ("abstain.jsonl", "answers.jsonl", "boxes.jsonl"):
        (folder / name).unlink()
    (folder / "run.trec").write_text("")
    more = {"stages": {}, "first": [], "error": "gone"}
    write(folder / "questions.jsonl", [question(f"q{n}", 0.0, None, **more) for n in range(4)])
    html = report([folder]).html
    assert "first 1 0.000" in text_of(section(html, "depth"))
    assert "PARTIAL: 4 of 4 questions, 4 failed" in html


def test_metrics_of_abstention_may_have_intervals(tmp_path: Path) -> None:
    bounds = {"nDCG@10": [0.1234, 0.8765], "AUROC": [0.5, 0.75]}
    html = report([make_run(tmp_path / "a", {"intervals": bounds})]).html
    assert "AUROC 0.667 0.500 to 0.750" in text_of(section(html, "metrics"))


def test_two_runs_over_the_same_data_are_compared(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a"), make_run(tmp_path / "b", {"profile": "other"})
    html = report([a, b]).html
    part = text_of(section(html, "comparison"))
    assert "A builtin against B other, 4 questions" in part
    assert "nDCG@10 0.500 0.500 +0.0000 +0.0000 to +0.0000 1.0000 0 / 0 / 3" in part
    assert "no difference shown" in part


@pytest.mark.parametrize("changed", [{"data": "000000000000"}, {"n": 3}, {"dataset": "other"}])
def test_runs_that_cannot_be_compared_share_no_plot(
    changed: dict[str, Any], tmp_path: Path
) -> None:
    html = report([make_run(tmp_path / "a"), make_run(tmp_path / "b", changed)]).html
    assert "Not all of these runs are comparable" in html
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        assert not ("A builtin" in svg and "B builtin" in svg)
    assert "A builtin" in section(html, "data1-depth")
    assert "B builtin" not in section(html, "data1-metrics")
    assert "two are compared" in section(html, "data2-comparison")


def test_an_ablation_is_drawn_with_its_own_questions_only(tmp_path: Path) -> None:
    run = ablation(make_run(tmp_path / "a"))
    part = section(report([run]).html, "ablation")
    assert "-0.012 (p 0.030)" in part
    assert "without &lt;late&gt; -0.012 (-0.020 to -0.004) 61.7" in text_of(part)
    cost = section(report([run]).html, "cost")
    assert "nDCG@10 0.395 at 62 ms" in cost
    assert "full:" not in cost  # the run itself is that point
    other = ablation(tmp_path / "other", n=5, complete=False)
    html = report([make_run(tmp_path / "b")], ablation=other).html
    assert "Left out: no ablation over these questions" in section(html, "ablation")
    assert "-0.012 (p 0.030)" in section(html, "other-ablation-ablation")
    assert "PARTIAL: it was stopped" in section(html, "other-ablation-ablation")
    assert "nDCG@10 0.395" not in section(html, "cost")
    (other / "ablation.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"ablation\.json: has no 'date'"):
        report([run], ablation=other)


def test_times_of_two_machines_share_no_plot(tmp_path: Path) -> None:
    a, b = make_run(tmp_path / "a"), make_run(tmp_path / "b", {"machine": "another"})
    cost = section(report([a, b]).html, "cost")
    assert cost.count("<svg") == 2
    assert "times of two machines are not compared" in cost


def test_the_page_is_the_same_bytes_and_needs_no_network(tmp_path: Path) -> None:
    folder = ablation(make_run(tmp_path / "a"))
    html = report([folder]).html
    assert html == report([folder]).html
    for place in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert place.startswith(("#", "data:image/")), place
    assert "url(http" not in html
    assert "@import" not in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', html)) <= set(ids)


def pictures(html: str) -> list[Image.Image]:
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    assert all(len(base64.b64decode(f)) <= 60_000 for f in found)
    return [Image.open(io.BytesIO(base64.b64decode(f))).convert("RGB") for f in found]


def test_worst_questions_come_with_their_pages(tmp_path: Path) -> None:
    service = Service(Settings(index=tmp_path / "index"), create=True)
    sources = [
        Source(f"{name}.pdf", name, lambda text=text: text_pdf([text]))  # type: ignore[misc]
        for name, text in (("pump", PUMP), ("whales", WHALES))
    ]
    list(service.ingest(sources))
    folder = make_run(tmp_path / "a", {"index": str(tmp_path / "index")})
    held = report([folder], worst=1).html
    service.close()
    assert "No pictures: the index cannot be opened" in held  # it was in use
    assert not pictures(held)
    gold, found = pictures(report([folder], worst=1).html)
    scale = gold.height / 842

    def warmth(x: float, y: float) -> int:
        """Red minus blue at a place in points."""
        pixel = gold.getpixel((round(x * scale), round(y * scale)))
        assert isinstance(pixel, tuple)
        return int(pixel[0] - pixel[2])

    assert warmth(250, 82) > 40, "the gold box is tinted yellow"
    assert warmth(290, 125) < -40, "the found one blue"
    assert abs(warmth(290, 400)) < 10
    assert found.size == gold.size
    without = report([make_run(tmp_path / "b")], worst=1).html
    assert "the run does not name its index" in without
    assert len(pictures(report([tmp_path / "b"], worst=1, index=str(tmp_path / "index")).html)) == 2
    own = make_run(tmp_path / "c", {"index": str(tmp_path / "index"), "profile": "my-own"})
    assert len(pictures(report([own], worst=1).html)) == 2
    none = report([tmp_path / "b"], worst=1, index=str(tmp_path / "no")).html
    assert "No pictures: the index cannot be opened: there is no index at" in none


def browser(folder: Path, page: Path, *options: str) -> str:
    return subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--virtual-time-budget=5000", f"--user-data-dir={folder}/browser", *options,
            page.as_uri(),
        ],
        capture_output=True, text=True, timeout=90, check=True,
        env={**os.environ, "HOME": str(folder)},
    ).stdout  # fmt: skip


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
def test_a_browser_shows_it_and_no_width_scrolls_sideways(tmp_path: Path) -> None:
    page = tmp_path / "r.html"
    text = report([ablation(make_run(tmp_path / "a"))]).html
    page.write_text(text)
    shot = tmp_path / "shot.png"
    assert "<title>Octavo: set</title>" in browser(tmp_path, page, "--dump-dom")
    browser(tmp_path, page, "--window-size=1280,900", f"--screenshot={shot}")
    pixels = np.asarray(Image.open(shot).convert("L"))
    assert pixels.shape == (900, 1280)
    assert pixels.min() < 100, "there is ink on it"
    frames = "".join(
        f'<iframe width="{width}" height="600" srcdoc="{escape(text)}"></iframe>'
        for width in (400, 760, 1400)
    )
    around = tmp_path / "around.html"
    around.write_text(
        f"<body>{frames}<script>onload = () => document.title = [...document.querySelectorAll("
        "'iframe')].map(f => f.contentDocument.documentElement).map(e => e.scrollWidth <= "
        "e.clientWidth && e.scrollHeight > 3000).join()</script>"
    )
    assert "<title>true,true,true</title>" in browser(tmp_path, around, "--dump-dom")


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, [str(tmp_path), "--out", str(tmp_path / "r.html")])
    assert done.exit_code == 1
    assert "result.json is missing: give the --out folder of an eval run" in done.output
    folder = make_run(tmp_path / "a")
    (folder / "run.trec").write_text("q1 Q0 a 1\n")
    with pytest.raises(DatasetError, match=r"run\.trec:1: expected six fields"):
        report([folder])
    (folder / "boxes.jsonl").write_text('{"query-id": "q1", "doc": "a", "page": 1, "bbox": [1]}\n')
    with pytest.raises(DatasetError, match=r"has no 'bbox\.1'"):
        report([folder])
