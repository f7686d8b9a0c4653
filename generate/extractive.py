"""The built-in answerer: quotes the sentences, table rows or figures that answer best.

It cannot misquote, and it cannot reason. A question whose answer must be counted, summed or
concluded from several places gets the nearest evidence, or an abstention.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from generate.answer import Answer, Citation, Sentence, Watch
from generate.calibrated import Calibration
from generate.units import Unit, units
from index.encode import TextEncoder
from index.words import query_words
from retrieve.query import Hit, Query
from retrieve.query_bounds import recognised, shortened

_EVIDENCE = 8  # hits whose sentences are rated
_ALIKE = 4  # of them pictures, where the question has one: more look like it and say nothing
_SENTENCES = 3  # quoted at most
_NEAR = 0.86  # a further sentence must reach this share of the best one's score
_MAX_UNITS = 120  # embedded for one answer: about 0.2 s on two cores
#: Rating of a unit. Chosen on mmlong (development set, 287 questions with short answers): the
#: gold answer stands in the three best units of 49, in the best of 30; with 0.6 / 0.4 and no
#: look at numbers of 42 and 24. In 104 it stands in any of the eight hits.
_COSINE, _COVERAGE, _RANK, _NO_NUMBER = 0.4, 0.6, 0.02, 0.15
_ASKS_NUMBER = re.compile(
    r"\b(how (many|much|long|often|far|old|high|deep|fast|large|big)|when|"
    r"wh(at|ich) (year|date|percentage|per ?cent|share|number|amount|value|time)|"
    r"percentage|rate|total|torque|pressure|temperature|efficiency|speed|weight|price)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Confidence:
    """Logistic weights of the highest cosine of any unit and the best unit's word coverage.

    Fitted on mmlong (350 answerable questions, 77 not) and 160 questions on other subjects, all
    development sets. Five-fold AUROC 0.96 against other subjects, but 0.57 against questions on
    the subject that the documents do not answer: the built-in answerer tells the first from what
    it can answer, hardly the second. At the threshold it refuses 98 % of foreign questions, 36 %
    of the unanswerable ones on the subject, and 25 % of the answerable (20 % of those that it
    would have answered right). Tried without gain: MaxSim, BM25 and text cosine of the best hit,
    coverage weighted by rarity in the evidence.
    """

    bias: float = -3.9
    cosine: float = 6.0
    coverage: float = 1.64
    threshold: float = 0.45
    calibration: Calibration = field(default_factory=Calibration)


@dataclass(frozen=True, slots=True)
class _Rated:
    unit: Unit
    cosine: float  # to the part of the question that it fits least
    whole: float  # to the question as it was searched
    coverage: float
    lacks_number: bool

    @property
    def score(self) -> float:
        # The hit's rank breaks near ties: retrieval saw the whole chunk, this only the sentence.
        known = _COSINE * self.cosine + _COVERAGE * self.coverage - _RANK * self.unit.rank
        return known - (_NO_NUMBER if self.lacks_number else 0.0)


class Extractive:
    """Satisfies `Generator`."""

    name = "extractive"

    def __init__(self, text: TextEncoder, confidence: Confidence | None = None) -> None:
        self._text = text
        self._confidence = confidence or Confidence()

    def answer(
        self, query: Query, searched: str, hits: Sequence[Hit], watch: Watch | None = None
    ) -> Answer:
        """Done within a fraction of a second: nothing is streamed, nothing can be stopped."""
        evidence = _evidence(query, hits)
        if not evidence:
            return Answer((), 0.0, "The index has nothing that matches.", ())
        if not query.text.strip():
            return self._what_is_this(evidence)
        rated = self._rate(query, searched, evidence)
        if not rated:
            return Answer((), 0.0, "What was found has no text to quote.", evidence)
        best = rated[0]
        confidence = self._confident(rated)
        if confidence < self._confidence.threshold:
            return Answer((), confidence, _why(best), evidence)
        chosen = [r for r in rated if r.score >= _NEAR * best.score][:_SENTENCES]
        return Answer(tuple(_sentence(r) for r in _distinct(chosen)), confidence, "", evidence)

    def _rate(self, query: Query, searched: str, evidence: Sequence[Hit]) -> list[_Rated]:
        """Units by how well they fit the question; a composed one has two parts, the user's words
        and what the picture was recognised as, and a unit must fit both: the figure's own caption
        fits the second part perfectly and answers nothing."""
        found = [u for rank, hit in enumerate(evidence) for u in units(hit, rank)][:_MAX_UNITS]
        if not found:
            return []
        asked = shortened(query.text).text
        rest = recognised(query.text, searched)
        parts = [asked, rest] if rest else [searched]
        questions = self._text.embed_queries([*parts, searched])
        cosines = self._text.embed_texts([u.match for u in found]) @ questions.T
        terms = [set(query_words(p).indices) for p in parts]
        number = _ASKS_NUMBER.search(asked) is not None
        rated = [
            _Rated(
                unit,
                float(fits[:-1].min()),
                float(fits[-1]),
                sum(_coverage(t, unit) for t in terms) / len(terms),
                number and not any(c.isdigit() for c in unit.text),
            )
            for unit, fits in zip(found, cosines, strict=True)
        ]
        return sorted(rated, key=lambda r: (-r.score, r.unit.rank, r.unit.text))

    def _confident(self, rated: Sequence[_Rated]) -> float:
        c = self._confidence
        cosine = max(r.whole for r in rated)
        logit = c.bias + c.cosine * cosine + c.coverage * rated[0].coverage
        return c.calibration.apply(1 / (1 + math.exp(-logit)))

    def _what_is_this(self, evidence: tuple[Hit, ...]) -> Answer:
        """An image alone: the figure that resembles it, if one does."""
        top = evidence[0]
        likeness = next((s.score for s in top.trace if s.name == "image"), 0.0)
        confidence = float(np.clip((likeness - 0.4) / 0.5, 0.0, 1.0))
        if likeness < _LIKE:
            reason = f"No figure resembles the image (best likeness {likeness:.2f} of 1)."
            return Answer((), confidence, reason, evidence)
        shown = list(units(top, 0)) or [Unit(top, 0, "[page]", "", top.chunk.regions)]
        text = shown[0].text
        if top.chunk.context:
            text = f"{text} {top.chunk.context}"
        sentence = Sentence(text, (_citation(shown[0]),), likeness)
        return Answer((sentence,), confidence, "", evidence)


#: Likeness from which an image counts as found; see `retrieve.search.SAME_THING`.
_LIKE = 0.6


def _evidence(query: Query, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The best hits; of a question with a picture not all of them pictures."""
    if query.image is None or not query.text.strip():
        return tuple(hits[:_EVIDENCE])
    pictures = [h.chunk.id for h in hits if h.chunk.image is not None]
    left_out = set(pictures[_ALIKE:])
    return tuple([h for h in hits if h.chunk.id not in left_out][:_EVIDENCE])


def _coverage(asked: set[int], unit: Unit) -> float:
    """Share of the question's terms in the unit; those only elsewhere in its chunk count half."""
    if not asked:
        return 0.0
    near = asked & set(query_words(unit.match).indices)
    far = (asked - near) & set(query_words(unit.hit.chunk.text).indices)
    return (len(near) + 0.5 * len(far)) / len(asked)


def _why(best: _Rated) -> str:
    return (
        "The documents do not seem to answer this: the nearest sentence has "
        f"{best.coverage:.0%} of the question's words and a likeness of {best.cosine:.2f} of 1."
    )


def _sentence(rated: _Rated) -> Sentence:
    support = max(0.0, min(1.0, rated.score))
    return Sentence(rated.unit.text, (_citation(rated.unit),), round(support, 3))


def _citation(unit: Unit) -> Citation:
    return Citation(unit.hit.name, unit.hit.chunk.kind, unit.regions)


def _distinct(rated: Sequence[_Rated]) -> list[_Rated]:
    """The same text from two places is quoted once."""
    seen: set[str] = set()
    kept = []
    for r in rated:
        key = " ".join(r.unit.text.lower().split())
        if key not in seen:
            seen.add(key)
            kept.append(r)
    return kept
