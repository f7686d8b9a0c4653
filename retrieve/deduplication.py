"""Candidates to a result list: what says the same stands once, grouped and spread as asked for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from octavo.index.encoders.bm25 import document_words
from octavo.ingest.document import Box, Chunk
from octavo.retrieve.query import Candidate, Duplicate, Hit

By = Literal["chunk", "page", "document"]

_ALIKE = 0.9  # Jaccard of word triples from which two texts are the same
_TRIPLE = 3  # words; shorter texts are compared whole
_OVERLAP = 0.7  # IoU of the boxes of two chunks of a page from which they show the same
_SHAPE = 0.02  # by which the sides of a picture that is printed twice may differ
_POOL = 3  # times as many hits as asked for are spread by `diverse`
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """How a list is made. `fold`: near-duplicates and overlapping regions stand once, in `also` of
    the best of them. `by`: one hit a page or document. `diverse` is the lambda of MMR (1: by score
    alone, 0: by novelty alone); None: not spread."""

    by: By = "chunk"
    fold: bool = True
    diverse: float | None = None

    def __post_init__(self) -> None:
        if self.diverse is not None and not 0 <= self.diverse <= 1:
            raise ValueError(f"diverse is {self.diverse}; expected 0 (novelty) to 1 (score alone)")

    def reach(self, limit: int) -> int:
        """How many candidates must stand in their final order for a list of `limit`; 0: all."""
        return limit if self.by == "chunk" and self.diverse is None else 0


def list_results(
    candidates: Sequence[Candidate],
    read: Callable[[Sequence[Candidate]], list[Hit]],
    limit: int,
    how: ResultOptions,
) -> list[Hit]:
    """The first `limit` hits by `how`. Chunks are read as they are needed: a list that folds
    nothing reads no more than `limit`."""
    if not how.fold and how.by == "chunk" and how.diverse is None:
        return read(candidates[:limit])
    wanted = limit if how.diverse is None else _POOL * limit
    kept = _KeptHit(how)
    at = 0
    while at < len(candidates) and len(kept.hits) < wanted:
        size = max(wanted - len(kept.hits), 1)
        for hit in read(candidates[at : at + size]):
            kept.add(hit)
        at += size
    return kept.hits if how.diverse is None else mmr(kept.hits, limit, how.diverse)


class _KeptHit:
    """Hits that stand, best first, and what is needed to tell whether another says the same."""

    def __init__(self, how: ResultOptions) -> None:
        self.hits: list[Hit] = []
        self._how = how
        self._groups: dict[tuple[str, int], int] = {}
        self._marks: list[_HitMark] = []
        self._having: dict[tuple[str, ...], list[int]] = defaultdict(list)  # triple to hits

    def add(self, hit: Hit) -> None:
        mark = _HitMark.of(hit)
        same = self._same(hit, mark)
        if same is None:
            group = self._group(hit)
            at = len(self.hits)
            if group is not None:
                self._groups[group] = at
            self.hits.append(hit)
            self._marks.append(mark)
            for triple in mark.triples:
                self._having[triple].append(at)
            return
        at, why = same
        first = self.hits[at]
        self.hits[at] = replace(first, also=(*first.also, Duplicate(hit, why)))

    def _same(self, hit: Hit, mark: _HitMark) -> tuple[int, str] | None:
        group = self._group(hit)
        if group is not None and group in self._groups:
            return self._groups[group], f"same {self._how.by}"
        if not self._how.fold:
            return None
        shared = Counter(n for t in mark.triples for n in self._having.get(t, ()))
        for at in sorted(shared):
            if _same_text(mark, self._marks[at], shared[at]):
                return at, "same text"
        for at, (other, known) in enumerate(zip(self.hits, self._marks, strict=True)):
            if _same_place(hit.chunk, other.chunk):
                return at, "same region"
            if _same_picture(mark, known):
                return at, "same picture"
        return None

    def _group(self, hit: Hit) -> tuple[str, int] | None:
        if self._how.by == "chunk":
            return None
        return hit.chunk.document, hit.chunk.page if self._how.by == "page" else 0


@dataclass(frozen=True, slots=True)
class _HitMark:
    """What a hit is compared by: triples of words, the numbers in it, and of a picture its sides
    and its likeness to the question, which two prints of one picture share to the last digit."""

    triples: frozenset[tuple[str, ...]]
    numbers: tuple[str, ...]
    sides: tuple[float, float] | None
    likeness: float | None

    @staticmethod
    def of(hit: Hit) -> _HitMark:
        words = _WORD.findall(hit.chunk.text.casefold())
        # A text of fewer words is one shingle: all of them.
        shifted = (words[i:] for i in range(_TRIPLE))
        triples = frozenset(zip(*shifted, strict=False)) or frozenset(
            [tuple(words)] if words else ()
        )
        numbers = tuple(sorted(w for w in words if not w.isalpha()))
        box = hit.chunk.image.box if hit.chunk.image else None
        likeness = next((s.score for s in hit.trace if s.name in ("image", "joint")), None)
        return _HitMark(triples, numbers, (box.width, box.height) if box else None, likeness)


def _same_text(a: _HitMark, b: _HitMark, shared: int) -> bool:
    """Near-duplicates by Jaccard of shingles (Broder 1997), but never with other numbers in them:
    the same sentence in the reports of two years says two things."""
    if a.numbers != b.numbers:
        return False
    return shared / (len(a.triples) + len(b.triples) - shared) >= _ALIKE


def _same_place(a: Chunk, b: Chunk) -> bool:
    """Box by box, for the text around a figure has a bounding box that holds it."""
    if a.document != b.document or a.page != b.page:
        return False
    ours = [r.box for r in a.regions if r.page == a.page]
    theirs = [r.box for r in b.regions if r.page == b.page]
    return overlap(ours, theirs) >= _OVERLAP


def overlap(a: Sequence[Box], b: Sequence[Box]) -> float:
    """Intersection over union of two areas, 0 to 1; the boxes of one do not meet each other."""
    shared = sum(x.clip(y).area for x in a for y in b)
    union = sum(x.area for x in (*a, *b)) - shared
    return shared / union if union > 0 else 0.0


def _same_picture(a: _HitMark, b: _HitMark) -> bool:
    if a.sides is None or b.sides is None or a.likeness is None or a.likeness != b.likeness:
        return False
    pairs = zip(a.sides, b.sides, strict=True)
    return all(abs(x - y) <= _SHAPE * max(x, y) for x, y in pairs)


def mmr(hits: Sequence[Hit], limit: int, weight: float) -> list[Hit]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998): next is the hit with the greatest
    `weight` x score - (1 - weight) x likeness to what stands already. Scores are stretched over
    0 to 1; likeness is the cosine of BM25 term weights."""
    if not hits:
        return []
    low, high = min(h.score for h in hits), max(h.score for h in hits)
    scores = [(h.score - low) / (high - low) if high > low else 1.0 for h in hits]
    terms = [_terms(h.chunk.text) for h in hits]
    nearest = [0.0] * len(hits)
    left = list(range(len(hits)))
    chosen: list[Hit] = []
    while left and len(chosen) < limit:
        best = max(left, key=lambda i: (weight * scores[i] - (1 - weight) * nearest[i], -i))
        left.remove(best)
        chosen.append(hits[best])
        for i in left:
            nearest[i] = max(nearest[i], _cosine(terms[best], terms[i]))
    return chosen


def _terms(text: str) -> dict[int, float]:
    """Term weights of length 1; a text without words has none."""
    words = document_words(text)
    length = sum(v * v for v in words.values) ** 0.5
    return {i: v / length for i, v in zip(words.indices, words.values, strict=True)}


def _cosine(a: dict[int, float], b: dict[int, float]) -> float:
    return sum(value * b[term] for term, value in a.items() if term in b)
