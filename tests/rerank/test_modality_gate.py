"""Text that is beside the point does not outrank pictures that look right."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from octavo.api.model_profile import RerankSettings, read_profile
from octavo.rerank.final_score import by_final_score
from octavo.rerank.modality_gate import GateBounds, modality_gate
from octavo.rerank.rerank import RerankOptions, Scorers, rerank
from octavo.retrieve.query import Candidate, Candidates, Stage
from tests.support.stores import SIZES, place

WEIGHTS = {"text": 1.0, "words": 1.0, "maxsim": 1.0, "joint": 0.2}


def candidate(name: str, **scores: float) -> Candidate:
    return Candidate(name, 0.0, tuple(Stage(s, 1, v) for s, v in scores.items()))


def candidates(maxsim: float) -> list[Candidate]:
    """A photo with a letter on it that OCR read, and two without text; the second looks right."""
    return [
        candidate("read", text=0.2, words=7.5, maxsim=maxsim, joint=0.05),
        candidate("plain", joint=0.10),
        candidate("right", joint=0.20),
    ]


ONE: GateBounds = {"maxsim": (0.35, 0.5)}
BOTH: GateBounds = {**ONE, "text": (0.3, 0.5)}


def order(maxsim: float, gate: GateBounds) -> list[str]:
    return [c.id for c in by_final_score(candidates(maxsim), WEIGHTS, gate)]


def test_pictures_are_ranked_by_looks_where_no_text_is_about_the_question() -> None:
    assert order(0.25, ONE) == ["right", "plain", "read"]
    assert order(0.25, {})[0] == "read"


def test_text_that_answers_keeps_its_place_and_its_scores() -> None:
    assert order(0.6, ONE) == order(0.6, {})
    with_rule, without = (by_final_score(candidates(0.6), WEIGHTS, t) for t in (ONE, {}))
    assert [c.score for c in with_rule] == [c.score for c in without]


def test_between_the_two_it_is_a_mixture() -> None:
    assert modality_gate(candidates(0.425), ONE) == pytest.approx(0.5)
    assert modality_gate(candidates(0.1), ONE) == 0.0
    assert modality_gate([candidate("plain", joint=0.1)], ONE) == 1.0  # nothing was scored


def test_the_surer_of_two_stages_counts() -> None:
    few_words = [candidate("chart", text=0.44, maxsim=0.38, joint=0.02)]
    assert modality_gate(few_words, ONE) == pytest.approx(0.2)
    assert modality_gate(few_words, BOTH) == pytest.approx(0.7)
    assert modality_gate(candidates(0.25), BOTH) == 0.0
    assert modality_gate([candidate("no tokens", text=0.4)], BOTH) == pytest.approx(0.5)


def test_a_question_that_names_what_is_there_asks_text() -> None:
    named = [*candidates(0.1), candidate("Figure 1", text=0.1, named=0.25)]
    assert modality_gate(named, ONE) == 1.0


def test_the_built_in_profile_has_it_and_others_do_not() -> None:
    assert read_profile("builtin").rerank.modality_gate == {
        "maxsim": (0.4, 0.53),
        "text": (0.3, 0.45),
    }
    assert read_profile("light").rerank.modality_gate == {}
    with pytest.raises(ValidationError, match="the second greater than the first"):
        RerankSettings(modality_gate={"maxsim": (0.5, 0.35)})
    assert set(RerankSettings().weights()) == set(RerankOptions().weights)


def test_it_does_not_touch_questions_with_a_picture(tmp_path: object) -> None:
    from pathlib import Path

    with place("edge", Path(str(tmp_path))) as open_place:
        store = open_place.open(SIZES)
        items = tuple(candidates(0.25))
        options = RerankOptions(depth=0, gate=ONE, weights=WEIGHTS)
        alone = rerank(Candidates("a dog", items), store, Scorers(), options).items
        shown = rerank(Candidates("a dog", items), store, Scorers(), options, image=b"png").items
    assert alone[0].id == "right"
    assert shown[0].id == "read"
