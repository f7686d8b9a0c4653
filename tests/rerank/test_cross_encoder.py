"""The cross-encoder's stage: blocks, a time budget, and an early end that changes nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.index.encoders.encoder import Content, Matrix, ModelLimits
from octavo.index.store import Store
from octavo.rerank.cross_encoder import BLOCK, LOGIT, ScoreBounds, top_is_final
from octavo.rerank.rerank import CROSS, RerankOptions, Scorers, rerank
from octavo.retrieve.query import Candidate, Candidates, Stage
from tests.support.stores import SIZES, A, place, point, stored

WEIGHTS = {"words": 1.0, CROSS: 2.0}


class Reader:
    """Scores by the number in the text, as it is told, and counts how many it read."""

    name = "reader"
    limits = ModelLimits(tokens=512)

    def __init__(self, logits: Sequence[float], seconds: float = 0.0) -> None:
        self.logits, self.seconds, self.read = logits, seconds, 0

    def score_pairs(self, query: Content, contents: Sequence[Content]) -> Matrix:
        time.sleep(self.seconds)
        self.read += len(contents)
        return np.array([self.logits[int(c.text.split()[-1])] for c in contents], np.float32)


def candidates(store: Store, n: int) -> tuple[Candidate, ...]:
    """`n` chunks in the store, the first ones with the best BM25."""
    points = [point(i) for i in range(n)]
    store.begin(A)
    store.upsert(points)
    store.commit(stored(A, n))
    return tuple(
        Candidate(p.chunk.id, 0.0, (Stage("words", i + 1, float(n - i)),))
        for i, p in enumerate(points)
    )


def ranked(
    tmp_path: Path, reader: Reader | None, n: int, options: RerankOptions
) -> tuple[list[str], str]:
    with place("edge", tmp_path) as open_place:
        store = open_place.open(SIZES)
        items = candidates(store, n)
        found = rerank(Candidates("which", items), store, Scorers(cross_encoder=reader), options)
    ids = [c.id for c in items]
    return [str(ids.index(c.id)) for c in found.items], " ".join(found.notes)


def test_all_are_read_and_the_best_pair_wins(tmp_path: Path) -> None:
    logits = [0.0] * 20
    logits[17] = 9.0
    reader = Reader(logits)
    order, note = ranked(tmp_path, reader, 20, RerankOptions(weights=WEIGHTS))
    assert order[:2] == ["17", "0"]
    assert (reader.read, note) == (20, "")


def test_it_stops_where_the_first_can_no_longer_change(tmp_path: Path) -> None:
    logits = [11.0, -11.0] + [-11.0] * 38
    reader = Reader(logits)
    options = RerankOptions(cross_depth=40, keep=1, weights={"words": 2.0, CROSS: 1.0})
    order, note = ranked(tmp_path, reader, 40, options)
    assert order[0] == "0"
    assert reader.read < 40
    assert note == (
        f"cross-encoder: {reader.read} of 40 candidates, the first hits could no longer change"
    )


def test_out_of_time_means_the_best_so_far(tmp_path: Path) -> None:
    reader = Reader([float(i) / 10 for i in range(30)], seconds=0.05)
    order, note = ranked(tmp_path, reader, 30, RerankOptions(cross_seconds=0.01, weights=WEIGHTS))
    assert reader.read == BLOCK
    assert note == f"cross-encoder: {BLOCK} of 30 candidates, after 0.01 s"
    assert sorted(order, key=int) == [str(i) for i in range(30)]  # nobody is lost


def test_a_profile_without_one_says_so(tmp_path: Path) -> None:
    order, note = ranked(tmp_path, None, 4, RerankOptions(weights=WEIGHTS))
    assert order == ["0", "1", "2", "3"]
    assert note == "cross-encoder: the profile has none"


def final(floor: Sequence[float], scores: Sequence[float], gain: float) -> list[int]:
    """By hand: min-max over all scores, then the sum; those beyond have their floor."""
    c = np.array(scores)
    width = c.max() - c.min()
    scaled = (c - c.min()) / width if width > 0 else np.ones(len(c))
    total = np.array(floor, float)
    total[: len(c)] += gain * scaled
    return list(np.argsort(-total, kind="stable"))


logit = st.floats(-LOGIT, LOGIT).map(lambda x: round(x, 3))


@settings(max_examples=300, deadline=None)
@given(
    floor=st.lists(st.floats(0, 3).map(lambda x: round(x, 3)), min_size=6, max_size=12),
    now=st.lists(logit, min_size=3, max_size=5),
    later=st.lists(logit, min_size=1, max_size=12),
    gain=st.floats(0.01, 1),
    keep=st.integers(1, 3),
)
def test_what_is_settled_stays(
    floor: list[float], now: list[float], later: list[float], gain: float, keep: int
) -> None:
    """Whatever the scores to come are, the first `keep` and their order stay."""
    floor = sorted(floor, reverse=True)
    open_ = max(0, len(floor) - len(now) - 1)  # the last one is never read
    to_come = (later * len(floor))[:open_]
    known: list[float | None] = [*now, *([None] * open_)]
    if not top_is_final(known, ScoreBounds(floor, gain, keep)):
        return
    for scores in ([*now, *to_come], [*now, *([LOGIT] * open_)], [*now, *([-LOGIT] * open_)]):
        order = final(floor, scores, gain)[:keep]
        known_scores = list(now)
        alone = np.array(floor[: len(now)]) + gain * (
            np.array(known_scores) - min(known_scores)
        ) / (max(known_scores) - min(known_scores))
        assert order == list(np.argsort(-alone, kind="stable")[:keep])


def test_it_is_settled_at_times() -> None:
    """Else the property above would hold of nothing."""
    assert top_is_final([11.0, -11.0, None], ScoreBounds([2.0, 0.5, 0.4, 0.1], 0.5, 1))
    assert not top_is_final([11.0, -11.0, None], ScoreBounds([2.0, 0.5, 1.99, 0.1], 0.5, 1))
