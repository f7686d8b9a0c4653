"""Comparing runs, boxes and abstentions: by hand, and against the independent scorer."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from octavo.evals.cli.eval_command import eval_
from octavo.evals.dataset import DatasetError, read_boxes
from octavo.evals.metrics.abstention import (
    AbstentionDecision,
    auroc,
    calibration_error,
    refusal,
    risk_coverage,
)
from octavo.evals.metrics.boxes import iou, score_boxes, union_area
from octavo.evals.run_files import write_rows
from octavo.evals.statistics.compare import FILE, bootstrap, compare, holm, randomization
from octavo.evals.statistics.resampling_units import folds, units
from octavo.ingest.document import Box
from tests.evals.test_run import SCORER, load_scorer

RNG = np.random.default_rng
NAMES = [str(n) for n in range(40)]


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_randomization_is_exact_on_a_small_case() -> None:
    """Five gains of 1: of 2^5 sign patterns 2 are as extreme."""
    assert randomization(np.ones(5), list("abcde"), RNG(0)) == pytest.approx(2 / 32, abs=0.006)
    assert randomization(np.zeros(9), list("abcdefghi"), RNG(0)) == 1.0
    assert randomization(np.array([1.0, -1.0]), ["a", "b"], RNG(0)) == pytest.approx(1.0, abs=0.001)


def test_chance_is_rarely_called_a_difference() -> None:
    noise = RNG(3).normal(size=(60, 40))
    assert sum(randomization(row, NAMES, RNG(1)) < 0.05 for row in noise) <= 7  # 3 expected


def test_a_bootstrap_draws_whole_documents() -> None:
    gained = np.repeat([0.0, 1.0], 50)
    alone = bootstrap(gained, [str(n) for n in range(100)], RNG(0))
    by_document = bootstrap(gained, [str(n // 20) for n in range(100)], RNG(0))
    assert alone[0] > 0.35
    assert by_document[0] <= 0.1
    assert by_document[1] >= 0.9


def test_a_test_flips_whole_documents() -> None:
    """Six documents that gain as one are six coins, whatever their number of questions."""
    gained = np.ones(120)
    alone = randomization(gained, [str(n) for n in range(120)], RNG(0))
    by_document = randomization(gained, [str(n // 20) for n in range(120)], RNG(0))
    assert alone < 0.001
    assert by_document == pytest.approx(2 / 64, abs=0.006)


def test_few_documents_are_no_sample_of_documents() -> None:
    """One question of twenty lost: with one document the interval would have no width."""
    gained = np.zeros(20)
    gained[3] = -1.0
    low, high = bootstrap(gained, ["only"] * 20, RNG(0))
    assert low < -0.05 < high == 0.0
    assert units(["a"] * 20) == [str(n) for n in range(20)]
    assert units(list("abcde")) == list("abcde")


def test_folds_keep_documents_together_and_are_all_filled() -> None:
    names = [f"d{n // 4}" for n in range(160)]
    found = folds(names)
    assert set(found) == set(range(5))
    assert all(len({f for f, n in zip(found, names, strict=True) if n == d}) == 1 for d in names)
    assert folds(["only"] * 10) == [0, 1, 2, 3, 4] * 2


def run(folder: Path, values: dict[str, float], doc: str = "") -> Path:
    folder.mkdir()
    write_rows(
        [
            {"query-id": q, "text": f"text {q}", "doc": doc, "metrics": {"nDCG@10": v, "x": 0.5}}
            for q, v in values.items()
        ],
        folder / FILE,
    )
    return folder


def test_two_runs_are_compared_with_a_verdict_and_the_changes(tmp_path: Path) -> None:
    dice = random.Random(0)
    base = {f"q{n}": dice.random() * 0.5 for n in range(80)}
    a = run(tmp_path / "a", base)
    b = run(tmp_path / "b", {q: v + (0.3 if q != "q7" else -0.1) for q, v in base.items()})
    found = compare(a, b)
    first, second = found.differences
    assert (first.metric, first.wins, first.losses, first.ties) == ("nDCG@10", 79, 1, 0)
    assert first.verdict == "B is better"
    assert first.low < first.difference < first.high
    assert first.difference == pytest.approx((79 * 0.3 - 0.1) / 80)
    assert (second.metric, second.verdict, second.p) == ("x", "no difference shown", 1.0)
    assert len(found.changed) == 10
    assert compare(b, a).differences[0].verdict == "B is worse"
    assert compare(a, b) == found  # the seed is fixed

    done = CliRunner().invoke(eval_, ["compare", str(a), str(b)], env={"COLUMNS": "140"})
    assert done.exit_code == 0
    assert "B is better" in done.output
    assert "79/1/0" in done.output
    done = CliRunner().invoke(eval_, ["compare", str(a), str(b), "--json"])
    assert json.loads(done.output)["n"] == 80


def test_runs_that_cannot_be_compared_are_told(tmp_path: Path) -> None:
    a = run(tmp_path / "a", {"q1": 1.0})
    b = run(tmp_path / "b", {"q2": 1.0})
    with pytest.raises(DatasetError, match=r"different questions, 2 of them, such as 'q1'"):
        compare(a, b)
    with pytest.raises(DatasetError, match="not the --out folder"):
        compare(a, tmp_path)
    with pytest.raises(DatasetError, match="'MRR' is not in both runs"):
        compare(a, a, ["MRR"])


def test_boxes_by_hand() -> None:
    a, b = Box(0, 0, 10, 10), Box(5, 0, 15, 10)
    assert iou(a, b) == pytest.approx(50 / 150)
    assert iou(a, Box(20, 20, 30, 30)) == 0
    assert union_area([a, b, a]) == pytest.approx(150)
    one = score_boxes({("d", 1): [a, Box(50, 50, 60, 60)]}, {("d", 1): [b, a], ("d", 2): [a]})
    assert one.best == (1.0, 0.0)
    assert one.recall == 0.5
    assert one.precision == pytest.approx(100 / 250)
    assert one.area_recall == pytest.approx(100 / 200)
    assert one.f1 == pytest.approx(2 * 100 / (200 + 250))
    with pytest.raises(ValueError, match="no gold box"):
        score_boxes({}, {})


corner = st.integers(0, 20)
box = st.tuples(corner, corner, st.integers(1, 9), st.integers(1, 9)).map(
    lambda t: Box(t[0], t[1], t[0] + t[2], t[1] + t[3])
)


@pytest.mark.skipif(not SCORER.exists(), reason="the shared scorer is not here")
@given(st.lists(box, min_size=1, max_size=5), st.lists(box, max_size=6))
def test_boxes_agree_with_the_independent_scorer(gold: list[Box], found: list[Box]) -> None:
    ours = score_boxes({("d", 1): gold}, {("d", 1): found})
    flat = [[[b.x0, b.y0, b.x1, b.y1] for b in boxes] for boxes in (gold, found)]
    theirs, _ = load_scorer().score_boxes({("d", 1): flat[0]}, {("d", 1): flat[1]})
    expected = [
        theirs[k]
        for k in (
            "box_recall@IoU0.5", "mean_best_IoU", "area_precision", "area_recall", "area_F1",
        )
    ]  # fmt: skip
    mine = [ours.recall, ours.mean_best, ours.precision, ours.area_recall, ours.f1]
    assert mine == pytest.approx(expected, abs=1e-9)


def test_abstention_by_hand() -> None:
    rows = [
        AbstentionDecision(True, True, 0.9),
        AbstentionDecision(True, False, 0.2),
        AbstentionDecision(False, False, 0.1),
        AbstentionDecision(False, True, 0.6),
    ]
    values = refusal(rows)
    assert values["refusal precision"] == values["refusal recall"] == 0.5
    assert values["AUROC"] == 0.75
    assert values["risk-coverage area"] == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    assert values["calibration error"] == pytest.approx((0.1 + 0.8 + 0.1 + 0.6) / 4)
    assert auroc([], [0.5]) is None
    assert refusal([]) == {}
    assert calibration_error([]) is None


@pytest.mark.skipif(not SCORER.exists(), reason="the shared scorer is not here")
def test_abstention_agrees_with_the_independent_scorer() -> None:
    dice = random.Random(5)
    rows = {
        f"q{n}": AbstentionDecision(
            dice.random() < 0.8,
            dice.random() < 0.7,
            dice.randint(0, 9) / 10,
            dice.choice([True, False, None]),
        )
        for n in range(200)
    }
    theirs = load_scorer().abstain(
        {q: d.answerable for q, d in rows.items()},
        {q: (d.answered, d.confidence, d.correct) for q, d in rows.items()},
    )
    ours = refusal(list(rows.values()))
    assert ours["refusal precision"] == pytest.approx(theirs["refusal_precision"], abs=1e-9)
    assert ours["refusal recall"] == pytest.approx(theirs["refusal_recall"], abs=1e-9)
    assert ours["AUROC"] == pytest.approx(theirs["AUROC_confidence_vs_answerable"], abs=1e-9)
    assert risk_coverage(list(rows.values())) == pytest.approx(
        theirs["risk_coverage_area"], abs=1e-9
    )


def test_gold_boxes_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "boxes.jsonl"
    row = {"query-id": "q1", "doc": "a.pdf", "page": 2, "bbox": [1, 2, 3, 4]}
    file.write_text(json.dumps(row) + "\n")
    found = read_boxes(file, {"q1"}, {"a.pdf"})
    assert found == {"q1": {("a.pdf", 2): [Box(1, 2, 3, 4)]}}
    with pytest.raises(DatasetError, match="question 'q1' is not in"):
        read_boxes(file, {"q2"}, {"a.pdf"})
    with pytest.raises(DatasetError, match=r"'a\.pdf' names no file"):
        read_boxes(file, {"q1"}, {"b.pdf"})
    file.write_text(json.dumps({**row, "bbox": [1, 2, 3]}) + "\n")
    with pytest.raises(DatasetError, match="expected a page and bbox"):
        read_boxes(file, {"q1"}, {"a.pdf"})
    assert read_boxes(tmp_path / "none.jsonl", set(), set()) == {}
