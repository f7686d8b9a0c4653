"""A model's draft to an answer: claims that the evidence supports stay, with page and box.

Nothing of a citation is the model's: its [n] only says which hit to compare first.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from octavo.generate.answer import Answer, Citation, Sentence
from octavo.generate.claims import Claim, is_refusal, read_claims
from octavo.generate.evidence_units import EvidenceUnit, evidence_units
from octavo.generate.number_check import join_thousands, numbers, numbers_of_hit
from octavo.generate.prompt import PromptEvidence
from octavo.generate.unit_terms import UnitTerms, yes_no_terms
from octavo.index.encoders.bm25 import question_terms
from octavo.index.encoders.encoder import Matrix, TextEncoder
from octavo.retrieve.query import Hit

#: Support is cosine and word coverage mixed as `generate/extractive.py` scores units, with the
#: sentence in the question's place.
_COSINE, _COVERAGE = 0.4, 0.6
#: Support under which a sentence is dropped: with a citation, and where one had to be found. Of
#: 120 SciFact claims, on which both were chosen, 92 % reach the first and 71 % the second with the
#: abstract that supports them; with seven others near in words it is 47 % and 10 % of the pairs.
_FLOOR, _FLOOR_UNCITED = 0.45, 0.6
_GAIN = 0.15  # share of the sentence's words that a second unit must add
_SHARE = 0.5  # of the best cited hit's support, under which another cited hit is not cited
_PICTURE_SUPPORT, _PICTURE_FLOOR = 0.4, 0.15  # see `attribute_claims`
#: Units embedded for a sentence: of each hit that it cites, and of any other.
_CANDIDATES, _CANDIDATES_UNCITED = 24, 6


@dataclass(frozen=True, slots=True)
class _SupportingUnits:
    """Units of one hit and their support of a claim, 0 to 1."""

    units: tuple[EvidenceUnit, ...]
    support: float


def attribute_claims(
    draft: str,
    question: str,
    shown: Sequence[PromptEvidence],
    evidence: tuple[Hit, ...],
    encoder: TextEncoder,
    truncated: bool = False,
) -> Answer:
    """The sentences of `draft` that the evidence shown supports; `truncated`: its end is missing.

    A sentence is compared with the units (sentences, table rows) of the hits that it cites, and
    the one or two that support it best in each become its citations. Support is
    `0.4 cosine + 0.6 coverage`, coverage being the share of the sentence's terms in those units,
    half where a term stands only elsewhere in the chunk: likeness, not entailment, so a "not" too
    many passes. It is kept from 0.45. Without a citation, or with one that does not hold, it gets
    the best unit of all that was shown, from 0.6. A sentence with a number that stands in none of
    the hits it is cited to is dropped.

    The exception is evidence that was sent as a picture: what a chart shows need not be in its
    text, so such a sentence is kept, unchecked, if it has anything to do with that figure, and
    its support is stated as 0.4 at most.

    `confidence` is the mean support of the kept sentences times `(1 + kept / claimed) / 2`: a
    draft of which less is kept gets less. It is not calibrated. An abstention has half
    the support of its best dropped sentence, 0 where the model itself found nothing.
    """
    if is_refusal(draft):
        reason = f"The model found no answer in the {_passages(shown)} it was shown."
        return Answer((), 0.0, reason, evidence)
    claims = list(dict.fromkeys(read_claims(draft, len(shown), truncated)))
    checker = _ClaimChecker(question, shown, encoder)
    checked = [checker.check(c) for c in claims]
    kept = [j[0] for j in checked if j[0] is not None]
    if not kept:
        best = max((j[1] for j in checked), default=0.0)
        return Answer((), round(best / 2, 3), _reason(claims, shown), evidence)
    mean = sum(s.support for s in kept) / len(kept)
    return Answer(tuple(kept), round(mean * (1 + len(kept) / len(claims)) / 2, 3), "", evidence)


class _ClaimChecker:
    """Rates claims against the evidence shown; embeds each text once."""

    def __init__(
        self, question: str, shown: Sequence[PromptEvidence], encoder: TextEncoder
    ) -> None:
        self._question = question
        self._shown = {item.number: item for item in shown}
        self._units = {e.number: tuple(evidence_units(e.hit, rank)) for rank, e in enumerate(shown)}
        self._numbers = {item.number: numbers_of_hit(item.hit) for item in shown}
        self._encoder = encoder
        self._rows: dict[str, Matrix] = {}
        self._words: dict[str, frozenset[frozenset[int]]] = {}
        self._unit_terms = UnitTerms()

    def check(self, claim: Claim) -> tuple[Sentence | None, float]:
        """The sentence with its citations, or None; and the support that was found."""
        supported = {n: self._supporting_units(claim, n, _CANDIDATES) for n in claim.cited}
        best = max((s.support for s in supported.values()), default=0.0)
        # A model that cites everything is not followed into what does not support it.
        supported = {n: s for n, s in supported.items() if s.units and s.support >= _SHARE * best}
        support = self._support(claim, [u for s in supported.values() for u in s.units])
        if support >= _FLOOR and self._numbers_hold(claim, supported):
            return _sentence(claim, supported.values(), support), support
        number, other = self._best_of_all(claim)
        if other.support >= _FLOOR_UNCITED and self._numbers_hold(claim, [number]):
            return _sentence(claim, [other], other.support), other.support
        return self._from_picture(claim), max(support, other.support)

    def _from_picture(self, claim: Claim) -> Sentence | None:
        """A claim read off a picture that was sent, if it is on the figure's subject."""
        pictures = [n for n in claim.cited if self._shown[n].image is not None]
        supports = {n: self._supporting_units(claim, n, _CANDIDATES).support for n in pictures}
        near = [n for n in pictures if supports[n] >= _PICTURE_FLOOR]
        if not near:
            return None
        hits = [self._shown[n].hit for n in near]
        citations = tuple(Citation(h.name, h.chunk.kind, h.chunk.regions) for h in hits)
        return Sentence(
            claim.text, citations, round(min(_PICTURE_SUPPORT, max(supports[n] for n in near)), 3)
        )

    def _best_of_all(self, claim: Claim) -> tuple[int, _SupportingUnits]:
        """The hit that supports the claim best, of all that were shown."""
        judged = ((n, self._supporting_units(claim, n, _CANDIDATES_UNCITED)) for n in self._shown)
        return max(
            judged, key=lambda j: (j[1].support, -j[0]), default=(0, _SupportingUnits((), 0.0))
        )

    def _supporting_units(self, claim: Claim, number: int, limit: int) -> _SupportingUnits:
        """The unit of a hit that supports the claim best, and a second one that adds words.
        Only the `limit` units with the most of its words are embedded."""
        likely = sorted(self._units[number], key=lambda u: -self._coverage(claim, [u]))[:limit]
        if not likely:
            return _SupportingUnits((), 0.0)
        self._embed([u.match for u in likely])
        best = max(likely, key=lambda u: self._support(claim, [u]))
        chosen: tuple[EvidenceUnit, ...] = (best,)
        pairs = [(best, u) for u in likely if u is not best]
        pair = max(pairs, key=lambda p: self._coverage(claim, p), default=chosen)
        if self._coverage(claim, pair) >= self._coverage(claim, chosen) + _GAIN:
            chosen = pair
        return _SupportingUnits(chosen, self._support(claim, chosen))

    def _support(self, claim: Claim, chosen: Sequence[EvidenceUnit]) -> float:
        """As in `attribute_claims`, clipped to 0..1; the cosine is the nearest unit's."""
        if not chosen:
            return 0.0
        text = self._text_to_match(claim)
        if text not in self._rows:
            self._rows[text] = self._encoder.embed_queries([text])[0]
        nearest = max(float(self._rows[u.match] @ self._rows[text]) for u in chosen)
        mixed = _COSINE * nearest + _COVERAGE * self._coverage(claim, chosen)
        return max(0.0, min(1.0, mixed))

    def _coverage(self, claim: Claim, chosen: Sequence[EvidenceUnit]) -> float:
        return self._unit_terms.coverage(self._terms(self._text_to_match(claim)), *chosen)

    def _text_to_match(self, claim: Claim) -> str:
        """ "Yes" has no words to look for: the question has."""
        return claim.text if self._terms(claim.text) - yes_no_terms() else self._question

    def _terms(self, text: str) -> frozenset[frozenset[int]]:
        if text not in self._words:
            self._words[text] = question_terms(text)
        return self._words[text]

    def _embed(self, texts: Sequence[str]) -> None:
        new = [t for t in dict.fromkeys(texts) if t not in self._rows]
        if new:
            self._rows.update(zip(new, self._encoder.embed_texts(new), strict=True))

    def _numbers_hold(self, claim: Claim, cited: Iterable[int]) -> bool:
        """Every number of the claim stands in a cited hit; "3 600" may be one number or two."""
        readings = frozenset().union(*(self._numbers[n] for n in cited))
        return any(
            all(r & readings for r in numbers(t)) for t in (claim.text, join_thousands(claim.text))
        )


def _sentence(claim: Claim, supported: Iterable[_SupportingUnits], support: float) -> Sentence:
    citations = []
    for part in supported:
        hit = part.units[0].hit
        regions = {r for unit in part.units for r in unit.regions}
        order = sorted(regions, key=lambda r: (r.page, r.box.y0, r.box.x0))
        citations.append(Citation(hit.name, hit.chunk.kind, tuple(order)))
    return Sentence(claim.text, tuple(citations), round(support, 3))


def _passages(shown: Sequence[PromptEvidence]) -> str:
    return "1 passage" if len(shown) == 1 else f"{len(shown)} passages"


def _reason(claims: Sequence[Claim], shown: Sequence[PromptEvidence]) -> str:
    if not claims:
        return "The model wrote no sentence."
    first = textwrap.shorten(claims[0].text, 120, placeholder=" ...")
    return (
        f"Nothing that the model wrote is borne out by the {_passages(shown)} it was shown; "
        f"it began: {first}"
    )
