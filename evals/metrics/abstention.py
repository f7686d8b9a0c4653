"""Whether confidence tells what the documents answer from what they do not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from octavo.evals.statistics.resampling_units import units

_DRAWS = 200  # bootstrap samples: each is sorted anew


@dataclass(frozen=True, slots=True)
class AbstentionDecision:
    """One question: whether it can be answered, was answered, and how sure the system was.
    `correct` is None where no answer could be judged."""

    answerable: bool
    answered: bool
    confidence: float
    correct: bool | None = None

    @property
    def error(self) -> bool:
        """Answering it is a mistake: the documents do not have it, or the answer was wrong."""
        return not self.answerable or self.correct is False


def refusal(decisions: Sequence[AbstentionDecision]) -> dict[str, float]:
    """Precision and recall of refusing what cannot be answered, the AUROC of confidence against
    answerable, the area under the risk-coverage curve (Geifman and El-Yaniv 2017; 0 is best), and
    the expected calibration error; the share that is answered, and of that the share that is wrong,
    where answers were judged. What cannot be computed is left out."""
    refused = [d for d in decisions if not d.answered]
    right = sum(not d.answerable for d in refused)
    open_ = sum(not d.answerable for d in decisions)
    given = [d for d in decisions if d.answered]
    judged = any(d.correct is not None for d in decisions)
    values = {
        "coverage": len(given) / len(decisions) if decisions else None,
        "risk of what is answered": (
            sum(d.error for d in given) / len(given) if judged and given else None
        ),
        "refusal precision": right / len(refused) if refused else None,
        "refusal recall": right / open_ if open_ else None,
        "AUROC": auroc(
            [d.confidence for d in decisions if d.answerable],
            [d.confidence for d in decisions if not d.answerable],
        ),
        "risk-coverage area": risk_coverage(decisions),
        "calibration error": calibration_error(decisions),
    }
    return {name: value for name, value in values.items() if value is not None}


def refusal_intervals(
    decisions: Sequence[AbstentionDecision], groups: Sequence[str], seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap interval of each value of `refusal`; whole groups (documents) are drawn.
    A value that some draws do not have is taken over those that have it."""
    if not decisions:
        return {}
    members: dict[str, list[AbstentionDecision]] = {}
    for name, decision in zip(units(groups), decisions, strict=True):
        members.setdefault(name, []).append(decision)
    rows = list(members.values())
    generator = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {}
    for _ in range(_DRAWS):
        chosen = [d for n in generator.integers(0, len(rows), len(rows)) for d in rows[n]]
        for name, value in refusal(chosen).items():
            drawn.setdefault(name, []).append(value)
    bounds = {name: np.percentile(values, [2.5, 97.5]) for name, values in drawn.items()}
    return {name: (float(low), float(high)) for name, (low, high) in bounds.items()}


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """P(a positive's confidence is greater than a negative's), ties one half (Hanley and McNeil
    1982); None without both."""
    if not positive or not negative:
        return None
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.sum() / 2) / (len(positive) * len(negative))


def curve(decisions: Sequence[AbstentionDecision]) -> list[float]:
    """Error rate among the k most confident, k from 1; inside equal confidence the expected one,
    so that the order of rows has no influence."""
    blocks: dict[float, list[bool]] = {}
    for d in decisions:
        blocks.setdefault(d.confidence, []).append(d.error)
    risks: list[float] = []
    errors = 0.0
    for confidence in sorted(blocks, reverse=True):
        block = blocks[confidence]
        done = len(risks)
        share = sum(block) / len(block)
        risks.extend((errors + share * j) / (done + j) for j in range(1, len(block) + 1))
        errors += sum(block)
    return risks


def risk_coverage(decisions: Sequence[AbstentionDecision]) -> float | None:
    """Mean of `curve`."""
    risks = curve(decisions)
    return math.fsum(risks) / len(risks) if risks else None


def calibration_error(decisions: Sequence[AbstentionDecision], bins: int = 10) -> float | None:
    """Expected calibration error over equal bins of confidence (Guo et al. 2017)."""
    if not decisions:
        return None
    grouped: list[list[AbstentionDecision]] = [[] for _ in range(bins)]
    for d in decisions:
        grouped[min(bins - 1, int(_share(d) * bins))].append(d)
    gaps = [
        abs(math.fsum(_share(d) for d in group) - sum(not d.error for d in group))
        for group in grouped
    ]
    return math.fsum(gaps) / len(decisions)


def _share(decision: AbstentionDecision) -> float:
    """A question that failed has its confidence beyond 0 or 1; see `octavo.evals.scoring`."""
    return min(1.0, max(0.0, decision.confidence))
