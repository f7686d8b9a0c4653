"""A model's draft to an answer: what the evidence bears out stays, with its page and box.

Nothing of a citation is the model's: its [n] only says where to look first.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from octavo.generate.answer import Answer, Citation, Sentence
from octavo.generate.claims import Claim, read_claims, refused
from octavo.generate.evidence_units import Unit, units
from octavo.generate.number_check import numbers, stated, tied
from octavo.generate.prompt import Evidence
from octavo.index.encoders.bm25 import query_words
from octavo.index.encoders.encoder import Matrix, TextEncoder
from octavo.retrieve.query import Hit

#: Support is cosine and word coverage mixed as `generate/extractive.py` rates units, with the
#: sentence in the question's place.
_COSINE, _COVERAGE = 0.4, 0.6
#: Support under which a sentence is dropped: with a citation, and where one had to be found. Of
#: 120 SciFact claims, on which both were chosen, 92 % reach the first and 71 % the second with the
#: abstract that supports them; with seven others near in words it is 47 % and 10 % of the pairs.
_FLOOR, _FLOOR_FOUND = 0.45, 0.6
_GAIN = 0.15  # share of the sentence's words that a second unit must add
_SHARE = 0.5  # of the best cited hit's support, under which another cited hit is not cited
_SEEN, _SEEN_FLOOR = 0.4, 0.15  # see `ground`
#: Units embedded for a sentence: of each hit that it cites, and of any other.
_CANDIDATES, _FEW = 24, 6


@dataclass(frozen=True, slots=True)
class _CheckedClaim:
    """How well some units bear a claim out, 0 to 1."""

    units: tuple[Unit, ...]
    support: float


def ground(
    draft: str,
    question: str,
    shown: Sequence[Evidence],
    evidence: tuple[Hit, ...],
    text: TextEncoder,
    cut: bool = False,
) -> Answer:
    """The sentences of `draft` that the evidence shown bears out; `cut`: its end is missing.

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
    draft that had to be cut down is trusted less. It is not calibrated. An abstention has half
    the support of its best dropped sentence, 0 where the model itself found nothing.
    """
    if refused(draft):
        reason = f"The model found no answer in the {_passages(shown)} it was shown."
        return Answer((), 0.0, reason, evidence)
    claims = list(dict.fromkeys(read_claims(draft, len(shown), cut)))
    checker = _Checker(question, shown, text)
    judged = [checker.check(c) for c in claims]
    kept = [j[0] for j in judged if j[0] is not None]
    if not kept:
        best = max((j[1] for j in judged), default=0.0)
        return Answer((), round(best / 2, 3), _why(claims, shown), evidence)
    mean = sum(s.support for s in kept) / len(kept)
    return Answer(tuple(kept), round(mean * (1 + len(kept) / len(claims)) / 2, 3), "", evidence)


class _Checker:
    """Rates claims against the evidence shown; embeds each text once."""

    def __init__(self, question: str, shown: Sequence[Evidence], text: TextEncoder) -> None:
        self._question = question
        self._shown = {item.number: item for item in shown}
        self._units = {e.number: tuple(units(e.hit, rank)) for rank, e in enumerate(shown)}
        self._numbers = {item.number: stated(item.hit) for item in shown}
        self._text = text
        self._rows: dict[str, Matrix] = {}
        self._words: dict[str, frozenset[int]] = {}

    def check(self, claim: Claim) -> tuple[Sentence | None, float]:
        """The sentence with its citations, or None; and the support that was found."""
        judged = {n: self._judge(claim, n, _CANDIDATES) for n in claim.cited}
        best = max((j.support for j in judged.values()), default=0.0)
        # A model that cites everything is not followed into what does not bear it out.
        judged = {n: j for n, j in judged.items() if j.units and j.support >= _SHARE * best}
        support = self._support(claim, [u for j in judged.values() for u in j.units])
        if support >= _FLOOR and self._numbers_hold(claim, judged):
            return _sentence(claim, judged.values(), support), support
        number, other = self._best_of_all(claim)
        if other.support >= _FLOOR_FOUND and self._numbers_hold(claim, [number]):
            return _sentence(claim, [other], other.support), other.support
        return self._seen(claim), max(support, other.support)

    def _seen(self, claim: Claim) -> Sentence | None:
        """A claim read off a picture that was sent, if it is on the figure's subject."""
        pictures = [n for n in claim.cited if self._shown[n].image is not None]
        judged = {n: self._judge(claim, n, _CANDIDATES).support for n in pictures}
        near = [n for n in pictures if judged[n] >= _SEEN_FLOOR]
        if not near:
            return None
        hits = [self._shown[n].hit for n in near]
        cited = tuple(Citation(h.name, h.chunk.kind, h.chunk.regions) for h in hits)
        return Sentence(claim.text, cited, round(min(_SEEN, max(judged[n] for n in near)), 3))

    def _best_of_all(self, claim: Claim) -> tuple[int, _CheckedClaim]:
        """The hit that supports the claim best, of all that were shown."""
        judged = ((n, self._judge(claim, n, _FEW)) for n in self._shown)
        return max(judged, key=lambda j: (j[1].support, -j[0]), default=(0, _CheckedClaim((), 0.0)))

    def _judge(self, claim: Claim, number: int, most: int) -> _CheckedClaim:
        """The unit of a hit that supports the claim best, and a second one that adds words.
        Only the `most` units with the most of its words are embedded."""
        likely = sorted(self._units[number], key=lambda u: -self._coverage(claim, [u]))[:most]
        if not likely:
            return _CheckedClaim((), 0.0)
        self._embed([u.match for u in likely])
        best = max(likely, key=lambda u: self._support(claim, [u]))
        chosen: tuple[Unit, ...] = (best,)
        pairs = [(best, u) for u in likely if u is not best]
        pair = max(pairs, key=lambda p: self._coverage(claim, p), default=chosen)
        if self._coverage(claim, pair) >= self._coverage(claim, chosen) + _GAIN:
            chosen = pair
        return _CheckedClaim(chosen, self._support(claim, chosen))

    def _support(self, claim: Claim, chosen: Sequence[Unit]) -> float:
        """As in `ground`, clipped to 0..1; the cosine is the nearest unit's."""
        if not chosen:
            return 0.0
        asked = self._own_text(claim)
        if asked not in self._rows:
            self._rows[asked] = self._text.embed_queries([asked])[0]
        nearest = max(float(self._rows[u.match] @ self._rows[asked]) for u in chosen)
        mixed = _COSINE * nearest + _COVERAGE * self._coverage(claim, chosen)
        return max(0.0, min(1.0, mixed))

    def _coverage(self, claim: Claim, chosen: Sequence[Unit]) -> float:
        terms = self._terms(self._own_text(claim))
        if not terms:
            return 0.0
        near = terms & self._joined(u.match for u in chosen)
        far = (terms - near) & self._joined(u.hit.chunk.text for u in chosen)
        return (len(near) + 0.5 * len(far)) / len(terms)

    def _own_text(self, claim: Claim) -> str:
        """ "Yes" has no words to look for: the question has."""
        return claim.text if self._terms(claim.text) - _no_claim() else self._question

    def _joined(self, texts: Iterable[str]) -> frozenset[int]:
        return frozenset().union(*(self._terms(t) for t in texts))

    def _terms(self, text: str) -> frozenset[int]:
        if text not in self._words:
            self._words[text] = frozenset(query_words(text).indices)
        return self._words[text]

    def _embed(self, texts: Sequence[str]) -> None:
        new = [t for t in dict.fromkeys(texts) if t not in self._rows]
        if new:
            self._rows.update(zip(new, self._text.embed_texts(new), strict=True))

    def _numbers_hold(self, claim: Claim, cited: Iterable[int]) -> bool:
        """Every number of the claim stands in a cited hit; "3 600" may be one number or two."""
        found = frozenset().union(*(self._numbers[n] for n in cited))
        return any(all(r & found for r in numbers(t)) for t in (claim.text, tied(claim.text)))


def _sentence(claim: Claim, judged: Iterable[_CheckedClaim], support: float) -> Sentence:
    cited = []
    for part in judged:
        hit = part.units[0].hit
        regions = {r for unit in part.units for r in unit.regions}
        order = sorted(regions, key=lambda r: (r.page, r.box.y0, r.box.x0))
        cited.append(Citation(hit.name, hit.chunk.kind, tuple(order)))
    return Sentence(claim.text, tuple(cited), round(support, 3))


@cache
def _no_claim() -> frozenset[int]:
    return frozenset(query_words("yes no").indices)


def _passages(shown: Sequence[Evidence]) -> str:
    return "1 passage" if len(shown) == 1 else f"{len(shown)} passages"


def _why(claims: Sequence[Claim], shown: Sequence[Evidence]) -> str:
    if not claims:
        return "The model wrote no sentence."
    first = textwrap.shorten(claims[0].text, 120, placeholder=" ...")
    return (
        f"Nothing that the model wrote is borne out by the {_passages(shown)} it was shown; "
        f"it began: {first}"
    )
