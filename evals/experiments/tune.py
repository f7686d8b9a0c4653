"""Weights of the final score, fitted on a dataset and judged on the part of it not fitted on.

The engine is asked once: every candidate's trace holds its score at each stage, and the final score
is their convex sum (`convex_combination`), so other weights can be tried without asking again.
Coordinate ascent on mean nDCG@10 (Metzler and Croft 2007) over a small grid; five folds, questions
on one document in the same fold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.api.model_profile import Profile
from octavo.api.service import Service
from octavo.evals.dataset import Dataset, GoldQuestion
from octavo.evals.metrics.granularity import items_of
from octavo.evals.run import query_of
from octavo.evals.statistics.compare import bootstrap, randomization
from octavo.evals.statistics.resampling_units import FOLDS, splits
from octavo.retrieve.query import Candidate

GRID = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
_ROUNDS = 3
_CUT = 10

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """One question, ready to be scored again: `scores` (candidates, stages), stretched over 0 to 1
    within the stage; `items` the page or document (as a number) of each candidate, by candidate;
    `gains` of those numbers; `ideal` the best DCG there is."""

    question: GoldQuestion
    scores: _Floats
    present: npt.NDArray[np.bool_]
    items: tuple[tuple[int, ...], ...]
    gains: _Floats
    ideal: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """`weights` fitted on everything. `before`, `after`: mean nDCG@10 with the current weights, and
    with those fitted on the other folds; the interval and p are of the difference."""

    weights: dict[str, float]
    folds: tuple[dict[str, float], ...]
    before: float
    after: float
    fitted: float  # of `weights` on what they were fitted on: too good
    low: float
    high: float
    p: float
    n: int

    @property
    def verdict(self) -> str:
        if self.p >= 0.05:
            return "no difference shown: keep the current weights"
        return "better" if self.after > self.before else "worse: keep the current weights"


def judged(dataset: Dataset) -> list[GoldQuestion]:
    """Questions with a positive judgement."""
    return [
        q for q in dataset.questions if any(v > 0 for v in dataset.qrels.get(q.id, {}).values())
    ]


def sheets(
    dataset: Dataset, service: Service, report: Callable[[int], None] = lambda _: None
) -> list[ScoreSheet]:
    """Asks every judged question once; after Ctrl-C those that were asked are handed out, so fewer
    than are judged. Raises ValueError where none is judged."""
    questions = judged(dataset)
    if not questions:
        raise ValueError(f"{dataset.name} has no judged question to fit on")
    names = stage_names(service.profile)
    filled: list[ScoreSheet] = []
    try:
        for n, question in enumerate(questions, 1):
            candidates = service.ranked(query_of(service, question))[1].items
            filled.append(_sheet(question, candidates, dataset, service, names))
            report(n)
    except KeyboardInterrupt:
        if len(filled) < FOLDS:
            raise
    return filled


def stage_names(profile: Profile) -> tuple[str, ...]:
    """Stages by the names they have in traces, in the order of the profile."""
    return tuple(profile.rerank.weights())


def _sheet(
    question: GoldQuestion,
    candidates: Sequence[Candidate],
    dataset: Dataset,
    service: Service,
    names: Sequence[str],
) -> ScoreSheet:
    # By id, so that a stable sort breaks ties as the pipeline does.
    ordered = sorted(candidates, key=lambda c: c.id)
    hits = {h.chunk.id: h for h in service.hits_of(ordered)}
    scores = np.full((len(ordered), len(names)), np.nan)
    for row, candidate in enumerate(ordered):
        for stage in candidate.trace:
            if stage.name in names:
                scores[row, names.index(stage.name)] = stage.score
    numbers: dict[str, int] = {}
    items = tuple(
        tuple(
            numbers.setdefault(i, len(numbers))
            for i in (items_of([hits[c.id]], dataset.unit) if c.id in hits else ())
        )
        for c in ordered
    )
    gold = {i: v for i, v in dataset.qrels[question.id].items() if v > 0}
    gains = np.array([float(gold.get(i, 0)) for i in numbers] or [0.0])
    ideal = sum(
        g / math.log2(r + 2) for r, g in enumerate(sorted(gold.values(), reverse=True)[:_CUT])
    )
    return ScoreSheet(
        question, _stretched(scores), ~np.isnan(scores).all(axis=0), items, gains, ideal
    )


def _stretched(scores: _Floats) -> _Floats:
    """Min-max within each stage; what a stage did not reach is 0, as in `convex`."""
    out = np.zeros_like(scores)
    for j in range(scores.shape[1]):
        reached = ~np.isnan(scores[:, j])
        if reached.any():
            low, high = scores[reached, j].min(), scores[reached, j].max()
            out[reached, j] = (scores[reached, j] - low) / (high - low) if high > low else 1.0
    return out


def ndcg(sheet: ScoreSheet, weights: _Floats) -> float:
    """nDCG@10 of a question under weights `(stages,)`."""
    used = weights * sheet.present
    total = used.sum()
    if total <= 0 or not len(sheet.scores):
        return 0.0
    # Rounded, so that sums in another order of stages do not break a tie.
    order = np.argsort(-np.round(sheet.scores @ used / total, 12), kind="stable")
    seen: dict[int, None] = {}
    for row in order:
        for item in sheet.items[row]:
            seen.setdefault(item)
        if len(seen) >= _CUT:
            break
    gains = [sheet.gains[i] for i in list(seen)[:_CUT]]
    return float(sum(g / math.log2(r + 2) for r, g in enumerate(gains)) / sheet.ideal)


def tune(
    score_sheets: Sequence[ScoreSheet],
    profile: Profile,
    report: Callable[[int], None] = lambda _: None,
) -> Tuned:
    """Fits on everything, and five times on four fifths to judge it. Reports fits done, of six."""
    names = stage_names(profile)
    now = _current(profile, names)
    documents = [s.question.document or s.question.id for s in score_sheets]
    before = np.array([ndcg(s, now) for s in score_sheets])
    after = np.zeros(len(score_sheets))
    fitted: list[dict[str, float]] = []
    for n, (rest, held) in enumerate(splits(documents), 1):
        weights = fit([score_sheets[i] for i in rest], now) if rest else now
        fitted.append(_named(names, weights))
        for i in held:
            after[i] = ndcg(score_sheets[i], weights)
        report(n)
    best = fit(score_sheets, now)
    report(FOLDS + 1)
    generator = np.random.default_rng(0)
    low, high = bootstrap(after - before, documents, generator)
    return Tuned(
        weights=_named(names, best),
        folds=tuple(fitted),
        before=float(before.mean()),
        after=float(after.mean()),
        fitted=float(np.mean([ndcg(s, best) for s in score_sheets])),
        low=low,
        high=high,
        p=randomization(after - before, documents, generator),
        n=len(score_sheets),
    )


def fit(score_sheets: Sequence[ScoreSheet], start: _Floats) -> _Floats:
    """Coordinate ascent from `start`. A stage that no question reached keeps its weight; a step is
    taken only where it gains, so that equal weights stay as they are."""
    reached = np.any([s.present for s in score_sheets], axis=0)
    weights, best = start.copy(), _mean(score_sheets, start)
    for _ in range(_ROUNDS):
        moved = False
        for j in np.flatnonzero(reached):
            for value in GRID:
                trial = weights.copy()
                trial[j] = value
                gained = _mean(score_sheets, trial)
                if gained > best + 1e-9:
                    weights, best, moved = trial, gained, True
        if not moved:
            break
    return weights


def _mean(score_sheets: Sequence[ScoreSheet], weights: _Floats) -> float:
    return float(np.mean([ndcg(s, weights) for s in score_sheets]))


def _current(profile: Profile, names: Sequence[str]) -> _Floats:
    row: Mapping[str, float] = profile.rerank.model_dump()
    return np.array([float(row[n.replace("-", "_")]) for n in names])


def _named(names: Sequence[str], weights: _Floats) -> dict[str, float]:
    return {n.replace("-", "_"): float(w) for n, w in zip(names, weights, strict=True)}


def tuned_profile(profile: Profile, weights: Mapping[str, float]) -> Profile:
    """The profile with these weights in its final score."""
    return profile.model_copy(update={"rerank": profile.rerank.model_copy(update=dict(weights))})
