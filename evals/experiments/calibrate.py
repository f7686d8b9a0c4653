"""Confidence fitted to how often the documents do answer, and the threshold to abstain under.

Logistic regression on the logit of the confidence (Platt 1999), questions on one document in the
same fold; everything told is of questions that were not fitted on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from octavo.api.model_profile import Profile
from octavo.evals.metrics.abstention import AbstentionDecision, refusal
from octavo.evals.run import RunOutcome
from octavo.evals.statistics.resampling_units import FOLDS, splits
from octavo.generate.calibration import Calibration, logit

_Floats = npt.NDArray[np.float64]

_STEPS = 50  # of Newton's method; it settles within ten


@dataclass(frozen=True, slots=True)
class Sample:
    """One answered question: its raw confidence, and what the set says of it. `group`: questions
    of one group (document) stay together."""

    confidence: float
    decision: AbstentionDecision
    group: str


@dataclass(frozen=True, slots=True)
class CalibrationFit:
    """`calibration` and `threshold` fitted on everything. `before` is with the profile as it is,
    `after` with what was fitted on the other folds."""

    calibration: Calibration
    threshold: float
    before: dict[str, float]
    after: dict[str, float]
    n: int


def calibrate(samples: Sequence[Sample], refuse: float | None = None) -> CalibrationFit:
    """`refuse`: the share of unanswerable questions that must be refused; by default the threshold
    is where right refusals and right answers, as shares of their kind, sum to most (Youden 1950).

    Raises ValueError where there are no answerable or no unanswerable questions.
    """
    answerable = sum(s.decision.answerable for s in samples)
    if not 0 < answerable < len(samples):
        raise ValueError(
            f"calibration needs questions that the documents answer and such that they do not; of "
            f"{len(samples)} questions {answerable} are answerable"
        )
    parts = list(splits([s.group for s in samples]))
    for n, (rest, _) in enumerate(parts, 1):
        if len({samples[i].decision.answerable for i in rest}) < 2:
            raise ValueError(
                f"without the questions of fold {n} of {FOLDS} there are none of one kind: "
                f"{answerable} of {len(samples)} are answerable; calibration needs more of both"
            )
    after: list[AbstentionDecision] = []
    for rest, held in parts:
        how, threshold = _fitted([samples[i] for i in rest], refuse)
        after += [_decided(samples[i], how, threshold) for i in held]
    how, threshold = _fitted(samples, refuse)
    return CalibrationFit(
        calibration=how,
        threshold=threshold,
        before=_told([s.decision for s in samples]),
        after=_told(after),
        n=len(samples),
    )


def samples(outcome: RunOutcome, profile: Profile) -> list[Sample]:
    """Of what was asked with this profile, whose own calibration is undone."""
    current = Calibration(*(profile.generate.calibration or ()))
    return [
        Sample(
            raw(a.answer.confidence, current),
            AbstentionDecision(a.question.answerable, not a.answer.abstained, a.answer.confidence),
            a.question.document or a.question.id,
        )
        for a in outcome.asked
        if a.answer is not None and a.question.answerable is not None
    ]


def raw(confidence: float, calibration: Calibration) -> float:
    """The confidence before `calibration` was applied to it."""
    if calibration == Calibration() or calibration.slope == 0:
        return confidence
    return 1 / (1 + math.exp(-(logit(confidence) - calibration.shift) / calibration.slope))


def calibrated_profile(profile: Profile, fit: CalibrationFit) -> Profile:
    """The profile with what was fitted."""
    how = (round(fit.calibration.slope, 4), round(fit.calibration.shift, 4))
    update = {"calibration": how, "threshold": round(fit.threshold, 4)}
    return profile.model_copy(update={"generate": profile.generate.model_copy(update=update)})


def _told(decisions: Sequence[AbstentionDecision]) -> dict[str, float]:
    values = refusal(decisions)
    answered = [d for d in decisions if d.answerable]
    values["answerable but refused"] = sum(not d.answered for d in answered) / len(answered)
    return values


def _decided(sample: Sample, how: Calibration, threshold: float) -> AbstentionDecision:
    confidence = how.apply(sample.confidence)
    return replace(sample.decision, confidence=confidence, answered=confidence >= threshold)


def _fitted(samples: Sequence[Sample], refuse: float | None) -> tuple[Calibration, float]:
    x = np.array([logit(s.confidence) for s in samples])
    y = np.array([float(s.decision.answerable) for s in samples])
    how = platt(x, y)
    confidences = [how.apply(s.confidence) for s in samples]
    return how, _threshold(confidences, y.tolist(), refuse)


def platt(x: _Floats, y: _Floats) -> Calibration:
    """Slope and shift of `P(y = 1) = sigmoid(slope * x + shift)`, by Newton's method.

    Targets are drawn a little from 0 and 1 as in Platt (1999), so that a set without errors has a
    finite slope. A slope under 0 is taken as 0: the confidence says nothing, and is not turned
    round.
    """
    up = float(y.sum())
    down = len(y) - up
    target = np.where(y > 0, (up + 1) / (up + 2), 1 / (down + 2))
    features = np.stack([x, np.ones_like(x)], axis=1)
    weights = np.zeros(2)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
        gradient = features.T @ (p - target)
        hessian = (features * (p * (1 - p))[:, None]).T @ features + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    slope, shift = float(weights[0]), float(weights[1])
    if slope < 0:
        mean = float(target.mean())
        return Calibration(0.0, math.log(mean / (1 - mean)))
    return Calibration(slope, shift)


def _threshold(
    confidences: Sequence[float], answerable: Sequence[float], refuse: float | None
) -> float:
    """Of all places between two confidences, the best; see `calibrate`."""
    levels = sorted(set(confidences))
    places = [0.0, *((a + b) / 2 for a, b in pairwise(levels)), 1.0]
    c, y = np.array(confidences), np.array(answerable) > 0
    best, chosen = -1.0, 0.0
    for place in places:
        refused = c < place
        right, wrong = float(refused[~y].mean()), float(refused[y].mean())
        if refuse is not None and right >= refuse:
            return place
        if right - wrong > best + 1e-12:
            best, chosen = right - wrong, place
    return chosen
