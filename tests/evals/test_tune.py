"""Fitting weights and calibrating confidence: laws, hand-made cases, and a real index."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from octavo.api.cli.main import cli
from octavo.api.model_profile import read_profile
from octavo.api.service import Service
from octavo.evals.dataset import GoldQuestion, read_dataset
from octavo.evals.evaluate import RunListener, ask_and_judge
from octavo.evals.experiments.ablate import FULL, variants
from octavo.evals.experiments.calibrate import Sample, calibrate, platt, raw
from octavo.evals.experiments.tune import ScoreSheet, fit, ndcg, sheets, stage_names, tune
from octavo.evals.metrics.abstention import AbstentionDecision
from octavo.evals.provenance import provenance
from octavo.generate.calibration import Calibration, logit
from tests.evals.test_run import beir

PHOTOS = [GoldQuestion("1", "", image=Path("photo.jpg"))]


def sheet(n: int, scores: list[list[float]], gold: int) -> ScoreSheet:
    """A question whose candidates are pages 0, 1, ... of which `gold` is the right one."""
    rows = np.array(scores)
    gains = np.eye(len(rows))[gold]
    items = tuple((i,) for i in range(len(rows)))
    present = np.ones(rows.shape[1], bool)
    return ScoreSheet(GoldQuestion(str(n), "?", document=f"d{n}"), rows, present, items, gains, 1.0)


def test_a_sheet_is_scored_as_the_pipeline_scores() -> None:
    one = sheet(0, [[1.0, 0.0], [0.0, 1.0], [0.4, 0.4]], 1)
    assert ndcg(one, np.array([1.0, 2.0])) == 1.0
    assert ndcg(one, np.array([1.0, 1.0])) == pytest.approx(1 / math.log2(3))  # a tie: by id
    assert ndcg(one, np.array([1.0, 0.0])) == pytest.approx(1 / math.log2(4))


def test_a_stage_that_knows_wins_and_a_useless_one_goes() -> None:
    dice = np.random.default_rng(1)
    found = []
    for n in range(40):
        scores = dice.random((8, 2))
        gold = int(scores[:, 1].argmax())
        found.append(sheet(n, scores.tolist(), gold))
    weights = fit(found, np.array([1.0, 0.1]))
    assert weights[1] > 5 * weights[0]
    assert np.mean([ndcg(s, weights) for s in found]) > 0.99


def test_noise_is_not_called_better() -> None:
    dice = np.random.default_rng(2)
    names = stage_names(read_profile("builtin"))
    found = [
        sheet(n, dice.random((9, len(names))).tolist(), int(dice.integers(9))) for n in range(50)
    ]
    tuned = tune(found, read_profile("builtin"))
    assert tuned.fitted > tuned.after  # what it was fitted on flatters
    assert tuned.verdict != "better"


def test_sheets_of_a_real_index_score_what_eval_run_scores(
    service: Service, tmp_path: Path
) -> None:
    dataset = read_dataset(beir(tmp_path / "set"))
    list(service.ingest(dataset.sources))
    found = sheets(dataset, service)
    p = service.profile.rerank.model_dump()
    now = np.array([p[n.replace("-", "_")] for n in stage_names(service.profile)])
    result = ask_and_judge(dataset, service, tmp_path / "out", provenance(), RunListener())
    assert np.mean([ndcg(s, now) for s in found]) == pytest.approx(result.metrics["nDCG@10"])


def test_platt_finds_the_slope_it_was_drawn_with() -> None:
    dice = np.random.default_rng(0)
    x = dice.normal(0, 2, 4000)
    y = (dice.random(4000) < 1 / (1 + np.exp(-(0.7 * x - 0.4)))).astype(float)
    how = platt(x, y)
    assert how.slope == pytest.approx(0.7, abs=0.06)
    assert how.shift == pytest.approx(-0.4, abs=0.08)
    assert platt(x, 1 - y).slope == 0.0  # never turned round


def samples(n: int, knows: bool) -> list[Sample]:
    dice = np.random.default_rng(5)
    found = []
    for i in range(n):
        answerable = bool(dice.random() < 0.7)
        middle = 0.75 if answerable and knows else 0.55
        confidence = float(np.clip(dice.normal(middle, 0.08), 0.01, 0.99))
        found.append(Sample(confidence, AbstentionDecision(answerable, True, confidence), f"d{i}"))
    return found


def test_calibration_is_judged_on_what_it_was_not_fitted_on() -> None:
    found = calibrate(samples(400, knows=True))
    assert found.after["calibration error"] < 0.08 < found.before["calibration error"]
    assert found.after["refusal recall"] > 0.7
    assert "refusal recall" in found.before  # nothing was refused before
    assert found.before["refusal recall"] == 0.0
    strict = calibrate(samples(400, knows=True), refuse=0.95)
    assert strict.threshold > found.threshold
    assert strict.after["refusal recall"] == pytest.approx(0.95, abs=0.05)


def test_calibration_needs_both_kinds() -> None:
    with pytest.raises(ValueError, match="of 2 questions 2 are answerable"):
        calibrate([Sample(0.5, AbstentionDecision(True, True, 0.5), "a")] * 2)


def test_calibration_on_few_questions_of_one_kind_is_refused() -> None:
    rows = [Sample(0.5, AbstentionDecision(n > 0, True, 0.5), "only") for n in range(10)]
    with pytest.raises(ValueError, match="needs more of both"):
        calibrate(rows)


def test_a_calibration_is_undone_exactly() -> None:
    how = Calibration(0.7, -0.4)
    assert raw(how.apply(0.3), how) == pytest.approx(0.3)
    assert Calibration().apply(0.123) == 0.123
    assert logit(0.5) == 0.0
    assert how.apply(0.0) > 0


def test_variants_leave_out_what_the_profile_has_and_no_more() -> None:
    names = [v.name for v in variants(read_profile("builtin"))]
    assert names[0] == FULL
    assert "without late interaction" in names
    assert "without cross-encoder" not in names
    assert "without cross-encoder" in [v.name for v in variants(read_profile("light"))]
    assert "words (BM25) only" not in [v.name for v in variants(read_profile("builtin"), PHOTOS)]


def test_the_commands_write_rows_and_profiles_that_load(tmp_path: Path) -> None:
    where = ["--dataset", str(beir(tmp_path / "set")), "--index", str(tmp_path / "index")]
    for what, file in (("ablate", "ablation.json"), ("tune", "tuned.json")):
        done = CliRunner().invoke(cli, ["eval", what, *where, "--out", str(tmp_path / "o")])
        assert done.exit_code == 0, done.output
        row = json.loads((tmp_path / "o" / file).read_text())
        assert {"date", "commit", "config", "machine", "n", "errors"} <= set(row)
    ablation = json.loads((tmp_path / "o" / "ablation.json").read_text())
    assert ablation["variants"][0]["name"] == FULL
    assert ablation["variants"][1]["difference"]["nDCG@10"]["p"] == 1.0
    assert read_profile(str(tmp_path / "o" / "tuned.toml")).name == "builtin-tuned"


def test_calibrate_on_a_set_without_unanswerable_questions_says_so(tmp_path: Path) -> None:
    where = ["--dataset", str(beir(tmp_path / "set")), "--index", str(tmp_path / "index")]
    done = CliRunner().invoke(cli, ["eval", "calibrate", *where, "--out", str(tmp_path / "o")])
    assert done.exit_code == 1
    assert "of 0 questions 0 are answerable" in done.output
