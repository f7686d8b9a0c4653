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

from octavo.generate.answer import Answer, Citation, Sentence, Watch
from octavo.generate.calibration import Calibration
from octavo.generate.evidence_units import EvidenceUnit, evidence_units
from octavo.generate.unit_terms import UnitTerms
from octavo.index.encoders.bm25 import (
    code_terms,
    date_terms,
    question_terms,
    value_terms,
)
from octavo.index.encoders.encoder import TextEncoder, reads
from octavo.retrieve.query import Hit, Query
from octavo.retrieve.understanding.query_bounds import image_caption, shortened

_EVIDENCE = 8  # hits whose sentences are scored
_MAX_PICTURES = 4  # of them pictures, where the question has one: more look like it and say nothing
_SENTENCES = 3  # quoted at most
_MIN_SHARE = 0.86  # a further sentence must reach this share of the best one's score
_MAX_UNITS = 120  # embedded for one answer: about 0.2 s on two cores
#: Weights of a unit's score. Chosen on mmlong (development set, 287 questions with short
#: answers): the gold answer stands in the three best units of 49, in the best of 30; with 0.6 / 0.4
#: and no `_NO_NUMBER` of 42 and 24. In 104 it stands in any of the eight hits.
_COSINE, _COVERAGE, _RANK, _NO_NUMBER = 0.4, 0.6, 0.02, 0.15
_ASKS_NUMBER = re.compile(
    r"\b(how (many|much|long|often|far|old|high|deep|fast|large|big)|when|"
    r"wh(at|ich) (year|date|percentage|per ?cent|share|number|amount|value|time)|"
    r"percentage|rate|total|torque|pressure|temperature|efficiency|speed|weight|price|"
    r"wann|wie ?(viele?|hoch|lang|weit|schwer|teuer|oft)|combien|quand|cuánt[oa]s?|cuándo|"
    r"quant[oaie]|quando|hoeveel|wanneer)\b"
    r"|얼마|몇|언제|いくら|いつ|いくつ|何[年月日時人個本台枚回名度]|多少|几|幾|何时|何時|什么时候|什麼時候|多[久长長高大重远遠]",
    re.IGNORECASE,
)
_NO_CODE = 0.3  # less for a unit without the code that is asked about, or the day


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

    `code` is added where the best unit has the codes that the question names, `no_code` where it
    has not: "AB-12/4" alone has hardly a cosine, and what is said of AB-12/3 answers nothing.
    `words_bias` and `words_coverage` are for questions in a script that the encoder cannot read,
    whose cosines say nothing: half of the words must be there.
    """

    bias: float = -3.9
    cosine: float = 6.0
    coverage: float = 1.64
    code: float = 1.5
    no_code: float = -4.0
    words_bias: float = -4.4
    words_coverage: float = 8.0
    threshold: float = 0.45
    calibration: Calibration = field(default_factory=Calibration)


@dataclass(frozen=True, slots=True)
class _ScoredUnit:
    unit: EvidenceUnit
    cosine: float  # to the part of the question that it fits least
    whole: float  # to the question as it was searched
    coverage: float
    lacks_number: bool
    lacks_code: bool
    lacks_day: bool
    lacks_value: bool

    @property
    def score(self) -> float:
        """Weighted sum of cosine and coverage, less the penalties."""
        # The hit's rank breaks near ties: retrieval saw the whole chunk, this only the sentence.
        known = _COSINE * self.cosine + _COVERAGE * self.coverage - _RANK * self.unit.rank
        known -= _NO_NUMBER if self.lacks_number else 0.0
        return known - (_NO_CODE if self.lacks_code or self.lacks_day else 0.0)


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
            return self._describe_image(evidence)
        scored = self._score(query, searched, evidence)
        if not scored:
            return Answer((), 0.0, "What was found has no text to quote.", evidence)
        best = scored[0]
        confidence = self._answerability(query, scored)
        if confidence < self._confidence.threshold:
            return Answer((), confidence, _reason(best), evidence)
        chosen = [r for r in scored if r.score >= _MIN_SHARE * best.score]
        # "What weighs 1000 kg?": what weighs 12,500 kg is near in words and no second answer.
        chosen = [r for r in chosen if best.lacks_value or not r.lacks_value][:_SENTENCES]
        return Answer(tuple(_sentence(r) for r in _distinct(chosen)), confidence, "", evidence)

    def _score(self, query: Query, searched: str, evidence: Sequence[Hit]) -> list[_ScoredUnit]:
        """Units by how well they fit the question; a composed one has two parts, the user's words
        and what the picture was recognised as, and a unit must fit both: the figure's own caption
        fits the second part perfectly and answers nothing."""
        candidates = [u for rank, hit in enumerate(evidence) for u in evidence_units(hit, rank)][
            :_MAX_UNITS
        ]
        if not candidates:
            return []
        question = shortened(query.text).text
        caption = image_caption(query.text, searched)
        parts = [question, caption] if caption else [searched]
        questions = self._text.embed_queries([*parts, searched])
        cosines = self._text.embed_texts([u.match for u in candidates]) @ questions.T
        if not reads(self._text, question):
            cosines = np.zeros_like(cosines)
        terms = UnitTerms()
        wanted = [question_terms(p) for p in parts]
        codes, values = code_terms(question), value_terms(question)
        days = date_terms(question)
        if not any(terms.has_all(days, unit) for unit in candidates):
            days = frozenset()  # the heading may have it, or another sentence
        asks_number = _ASKS_NUMBER.search(question) is not None
        scored = [
            _ScoredUnit(
                unit,
                float(fits[:-1].min()),
                float(fits[-1]),
                sum(terms.coverage(w, unit) for w in wanted) / len(wanted),
                asks_number and not any(c.isdigit() for c in unit.text),
                not terms.has_all(codes, unit),
                not terms.has_all(days, unit),
                not terms.has_all(values, unit),
            )
            for unit, fits in zip(candidates, cosines, strict=True)
        ]
        return sorted(scored, key=lambda r: (-r.score, r.unit.rank, r.unit.text))

    def _answerability(self, query: Query, scored: Sequence[_ScoredUnit]) -> float:
        c = self._confidence
        question = shortened(query.text).text
        if reads(self._text, question):
            cosine = max(r.whole for r in scored)
            logit = c.bias + c.cosine * cosine + c.coverage * scored[0].coverage
        else:
            logit = c.words_bias + c.words_coverage * scored[0].coverage
        if code_terms(question):
            logit += c.no_code if scored[0].lacks_code else c.code
        return c.calibration.apply(1 / (1 + math.exp(-logit)))

    def _describe_image(self, evidence: tuple[Hit, ...]) -> Answer:
        """An image alone: the figure that resembles it, if one does."""
        top = evidence[0]
        similarity = next((s.score for s in top.trace if s.name == "image"), 0.0)
        confidence = float(np.clip((similarity - 0.4) / 0.5, 0.0, 1.0))
        if similarity < _MIN_SIMILARITY:
            reason = f"No figure resembles the image (best likeness {similarity:.2f} of 1)."
            return Answer((), confidence, reason, evidence)
        quotable = list(evidence_units(top, 0)) or [
            EvidenceUnit(top, 0, "[page]", "", top.chunk.regions)
        ]
        text = quotable[0].text
        if top.chunk.context:
            text = f"{text} {top.chunk.context}"
        sentence = Sentence(text, (_citation(quotable[0]),), similarity)
        return Answer((sentence,), confidence, "", evidence)


#: Cosine from which an image counts as found; see `octavo.retrieve.search.SAME_FIGURE`.
_MIN_SIMILARITY = 0.6


def _evidence(query: Query, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The best hits; of a question with a picture not all of them pictures."""
    if query.image is None or not query.text.strip():
        return tuple(hits[:_EVIDENCE])
    pictures = [h.chunk.id for h in hits if h.chunk.image is not None]
    left_out = set(pictures[_MAX_PICTURES:])
    return tuple([h for h in hits if h.chunk.id not in left_out][:_EVIDENCE])


def _reason(best: _ScoredUnit) -> str:
    return (
        "The documents do not seem to answer this: the nearest sentence has "
        f"{best.coverage:.0%} of the question's words and a likeness of {best.cosine:.2f} of 1."
    )


def _sentence(scored: _ScoredUnit) -> Sentence:
    support = max(0.0, min(1.0, scored.score))
    return Sentence(scored.unit.text, (_citation(scored.unit),), round(support, 3))


def _citation(unit: EvidenceUnit) -> Citation:
    return Citation(unit.hit.name, unit.hit.chunk.kind, unit.regions)


def _distinct(scored: Sequence[_ScoredUnit]) -> list[_ScoredUnit]:
    """The same text from two places is quoted once."""
    texts: set[str] = set()
    kept = []
    for r in scored:
        key = " ".join(r.unit.text.lower().split())
        if key not in texts:
            texts.add(key)
            kept.append(r)
    return kept
