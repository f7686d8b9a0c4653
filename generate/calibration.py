"""Calibrated confidence: logistic recalibration (Platt 1999), and one threshold.

`octavo eval calibrate` fits slope and shift on questions of which it is known whether the
documents answer them; a generator's own scores are rarely probabilities (Guo et al. 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from octavo.generate.answer import Answer, Generator, Watch
from octavo.retrieve.query import Hit, Query

_EDGE = 1e-4  # from 0 and 1, where the logit has no value


@dataclass(frozen=True, slots=True)
class Calibration:
    """`sigmoid(slope * logit(confidence) + shift)`; the default changes nothing."""

    slope: float = 1.0
    shift: float = 0.0

    def apply(self, confidence: float) -> float:
        """The calibrated chance, 0 to 1, of a raw confidence of 0 to 1."""
        if self == Calibration():
            return confidence
        return 1 / (1 + math.exp(-(self.slope * logit(confidence) + self.shift)))


def logit(confidence: float) -> float:
    """Of a confidence kept a little away from 0 and 1."""
    p = min(1 - _EDGE, max(_EDGE, confidence))
    return math.log(p / (1 - p))


class CalibratedGenerator:
    """Satisfies `Generator`: another one's answers with calibrated confidence, and an abstention in
    place of those under `threshold`."""

    def __init__(self, inner: Generator, calibration: Calibration, threshold: float) -> None:
        self.name = inner.name
        self.inner = inner
        self._calibration = calibration
        self._threshold = threshold

    def answer(
        self, query: Query, searched: str, hits: Sequence[Hit], watch: Watch | None = None
    ) -> Answer:
        """See `Generator.answer`."""
        answer = self.inner.answer(query, searched, hits, watch)
        confidence = self._calibration.apply(answer.confidence)
        if answer.abstained or confidence >= self._threshold:
            return replace(answer, confidence=confidence)
        reason = (
            f"An answer was found with confidence {confidence:.2f}; from {self._threshold:.2f} on "
            "it would be given."
        )
        return Answer((), confidence, reason, answer.evidence)
