"""Candidates to a result list: near-duplicates merged, one hit a group, diversified by MMR."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from octavo.index.encoders.bm25 import document_words
from octavo.ingest.document import Box, Chunk
from octavo.retrieve.query import Candidate, Duplicate, Hit

GroupBy = Literal["chunk", "page", "document"]

_MIN_JACCARD = 0.9  # Jaccard of word shingles from which two texts are near-duplicates
_SHINGLE = 3  # words of a shingle; shorter texts are one
_MIN_IOU = 0.7  # IoU of the boxes of two chunks of a page from which they are one region
_SIDE_TOLERANCE = 0.02  # by which the sides of a picture that is printed twice may differ
_POOL = 3  # times as many hits as are listed are diversified
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """`fold`: near-duplicates and overlapping regions are merged, into `also` of the best of them.
    `by`: one hit a page or document. `diverse` is the lambda of MMR (1: by score alone, 0: by
    novelty alone); None: not diversified. Raises ValueError for another `diverse`."""

    by: GroupBy = "chunk"
    fold: bool = True
    diverse: float | None = None

    def __post_init__(self) -> None:
        if self.diverse is not None and not 0 <= self.diverse <= 1:
            raise ValueError(f"diverse is {self.diverse}; expected 0 (novelty) to 1 (score alone)")

    def ranked_depth(self, limit: int) -> int:
        """How many candidates must stand in their final order for a list of `limit`; 0: all."""
        return limit if self.by == "chunk" and self.diverse is None else 0


def list_results(
    candidates: Sequence[Candidate],
    read: Callable[[Sequence[Candidate]], list[Hit]],
    limit: int,
    options: ResultOptions,
) -> list[Hit]:
    """The first `limit` hits by `options`. Chunks are read as they are needed: a list that merges
    nothing reads no more than `limit`."""
    if not options.fold and options.by == "chunk" and options.diverse is None:
        return read(candidates[:limit])
    wanted = limit if options.diverse is None else _POOL * limit
    distinct = _DistinctHits(options)
    start = 0
    while start < len(candidates) and len(distinct.hits) < wanted:
        count = max(wanted - len(distinct.hits), 1)
        for hit in read(candidates[start : start + count]):
            distinct.add(hit)
        start += count
    return distinct.hits if options.diverse is None else mmr(distinct.hits, limit, options.diverse)


class _DistinctHits:
    """The hits that are listed, best first; a duplicate of one is merged into it."""

    def __init__(self, options: ResultOptions) -> None:
        self.hits: list[Hit] = []
        self._options = options
        self._groups: dict[tuple[str, int], int] = {}
        self._fingerprints: list[_Fingerprint] = []
        self._hits_with: dict[tuple[str, ...], list[int]] = defaultdict(list)  # shingle to hits

    def add(self, hit: Hit) -> None:
        """Lists `hit`, or merges it into the hit that it repeats."""
        fingerprint = _Fingerprint.of(hit)
        duplicate = self._duplicate_of(hit, fingerprint)
        if duplicate is None:
            group = self._group(hit)
            at = len(self.hits)
            if group is not None:
                self._groups[group] = at
            self.hits.append(hit)
            self._fingerprints.append(fingerprint)
            for shingle in fingerprint.shingles:
                self._hits_with[shingle].append(at)
            return
        at, reason = duplicate
        first = self.hits[at]
        self.hits[at] = replace(first, also=(*first.also, Duplicate(hit, reason)))

    def _duplicate_of(self, hit: Hit, fingerprint: _Fingerprint) -> tuple[int, str] | None:
        group = self._group(hit)
        if group is not None and group in self._groups:
            return self._groups[group], f"same {self._options.by}"
        if not self._options.fold:
            return None
        shared = Counter(n for t in fingerprint.shingles for n in self._hits_with.get(t, ()))
        for at in sorted(shared):
            if _same_text(fingerprint, self._fingerprints[at], shared[at]):
                return at, "same text"
        for at, (other, other_print) in enumerate(zip(self.hits, self._fingerprints, strict=True)):
            if _same_region(hit.chunk, other.chunk):
                return at, "same region"
            if _same_picture(fingerprint, other_print):
                return at, "same picture"
        return None

    def _group(self, hit: Hit) -> tuple[str, int] | None:
        if self._options.by == "chunk":
            return None
        return hit.chunk.document, hit.chunk.page if self._options.by == "page" else 0


@dataclass(frozen=True, slots=True)
class _Fingerprint:
    """What hits are compared by: shingles of words, the numbers, and of a picture its sides in
    points and its similarity to the question, which two prints of one picture share to the last
    digit."""

    shingles: frozenset[tuple[str, ...]]
    numbers: tuple[str, ...]
    sides: tuple[float, float] | None
    similarity: float | None

    @staticmethod
    def of(hit: Hit) -> _Fingerprint:
        """The fingerprint of a hit's chunk."""
        words = _WORD.findall(hit.chunk.text.casefold())
        # A text of fewer words is one shingle: all of them.
        shifted = (words[i:] for i in range(_SHINGLE))
        shingles = frozenset(zip(*shifted, strict=False)) or frozenset(
            [tuple(words)] if words else ()
        )
        numbers = tuple(sorted(w for w in words if not w.isalpha()))
        box = hit.chunk.image.box if hit.chunk.image else None
        similarity = next((s.score for s in hit.trace if s.name in ("image", "joint")), None)
        return _Fingerprint(shingles, numbers, (box.width, box.height) if box else None, similarity)


def _same_text(a: _Fingerprint, b: _Fingerprint, shared: int) -> bool:
    """Near-duplicates by Jaccard of shingles (Broder 1997), but never with other numbers in them:
    the same sentence in the reports of two years says two things."""
    if a.numbers != b.numbers:
        return False
    return shared / (len(a.shingles) + len(b.shingles) - shared) >= _MIN_JACCARD


def _same_region(a: Chunk, b: Chunk) -> bool:
    """Box by box, for the text around a figure has a bounding box that holds it."""
    if a.document != b.document or a.page != b.page:
        return False
    ours = [r.box for r in a.regions if r.page == a.page]
    theirs = [r.box for r in b.regions if r.page == b.page]
    return iou(ours, theirs) >= _MIN_IOU


def iou(a: Sequence[Box], b: Sequence[Box]) -> float:
    """Intersection over union of two areas, 0 to 1; the boxes of one do not meet each other."""
    shared = sum(x.clip(y).area for x in a for y in b)
    union = sum(x.area for x in (*a, *b)) - shared
    return shared / union if union > 0 else 0.0


def _same_picture(a: _Fingerprint, b: _Fingerprint) -> bool:
    if a.sides is None or b.sides is None or a.similarity is None or a.similarity != b.similarity:
        return False
    pairs = zip(a.sides, b.sides, strict=True)
    return all(abs(x - y) <= _SIDE_TOLERANCE * max(x, y) for x, y in pairs)


def mmr(hits: Sequence[Hit], limit: int, weight: float) -> list[Hit]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998): next is the hit with the greatest
    `weight` x score - (1 - weight) x similarity to what is listed already. Scores are min-max
    scaled; similarity is the cosine of BM25 term weights."""
    if not hits:
        return []
    low, high = min(h.score for h in hits), max(h.score for h in hits)
    scores = [(h.score - low) / (high - low) if high > low else 1.0 for h in hits]
    terms = [_terms(h.chunk.text) for h in hits]
    nearest = [0.0] * len(hits)
    remaining = list(range(len(hits)))
    chosen: list[Hit] = []
    while remaining and len(chosen) < limit:
        best = max(remaining, key=lambda i: (weight * scores[i] - (1 - weight) * nearest[i], -i))
        remaining.remove(best)
        chosen.append(hits[best])
        for i in remaining:
            nearest[i] = max(nearest[i], _cosine(terms[best], terms[i]))
    return chosen


def _terms(text: str) -> dict[int, float]:
    """Term weights of length 1; a text without words has none."""
    words = document_words(text)
    length = sum(v * v for v in words.values) ** 0.5
    return {i: v / length for i, v in zip(words.indices, words.values, strict=True)}


def _cosine(a: dict[int, float], b: dict[int, float]) -> float:
    return sum(value * b[term] for term, value in a.items() if term in b)
