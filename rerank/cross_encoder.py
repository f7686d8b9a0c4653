"""The cross-encoder over the best candidates, block by block, within a time, and no longer than it
can change the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from octavo.index.chunk_vectors import chunk_text
from octavo.index.encoders.encoder import Content, PairScorer
from octavo.index.store import Store, StoreError
from octavo.ingest.document import Chunk, DocumentError, Region
from octavo.retrieve.query import Candidate

#: Candidates scored between two looks at the clock and at whether the rest still matters.
BLOCK = 8
#: Logits are cut off here: a probability of .999994 and one of .999999 are not told apart, and a
#: bound is what lets the rest be left out.
LOGIT = 12.0

Crop = Callable[[Region], bytes]
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScoreBounds:
    """Final scores as far as they are known: `floor` of every candidate, best first by it, as if
    the cross-encoder gave it its least, and `gain`, what its best adds to that. The first `keep`
    of the result matter; 0: all do."""

    floor: Sequence[float]
    gain: float
    keep: int


@dataclass(frozen=True, slots=True)
class CrossEncoded:
    """Logits (within +-`LOGIT`) by candidate id, and what is to be said of those without."""

    scores: Mapping[str, float]
    note: str = ""


def cross_encode(
    asked: Content,
    items: Sequence[Candidate],
    store: Store,
    model: PairScorer,
    crop: Crop | None,
    outlook: ScoreBounds,
    seconds: float,
) -> CrossEncoded:
    """Scores `items`, the head of those that `outlook` is of, until all have a score, the first
    `keep` can no longer change, or `seconds` are over (0: no limit; the first block is scored
    whatever it takes).

    A figure is read by caption, printed labels and referring paragraph, and looked at where the
    model takes images.
    """
    end = time.monotonic() + seconds
    looks = crop if model.limits.pixels else None
    scores: dict[str, float] = {}
    for start in range(0, len(items), BLOCK):
        if start and seconds and time.monotonic() >= end:
            return CrossEncoded(scores, _left(scores, items, f"after {seconds:g} s"))
        if start and settled([scores.get(c.id) for c in items], outlook):
            return CrossEncoded(
                scores, _left(scores, items, "the first hits could no longer change")
            )
        chunks = store.chunks([c.id for c in items[start : start + BLOCK]])
        found = model.score_pairs(asked, [Content(chunk_text(c), _seen(c, looks)) for c in chunks])
        bounded = np.clip(found, -LOGIT, LOGIT)
        scores.update((c.id, float(s)) for c, s in zip(chunks, bounded, strict=True))
    return CrossEncoded(scores)


def _left(scores: Mapping[str, float], items: Sequence[Candidate], why: str) -> str:
    return f"cross-encoder: {len(scores)} of {len(items)} candidates, {why}"


def settled(scores: Sequence[float | None], outlook: ScoreBounds) -> bool:
    """Whether no scores that are still to come can change the first `keep` or their order.

    The stage is min-max scaled over all scores, so a later one may stretch the scale: with width
    w of it between now and the greatest possible, the difference of two scored candidates is
    linear in 1/w and has its least at an end. A candidate without a score gets the whole gain at
    most; one that has one then keeps at least (c - min) / (LOGIT - min) of it.
    """
    keep, floor = outlook.keep, np.asarray(outlook.floor)
    known = np.array([i for i, s in enumerate(scores) if s is not None], dtype=int)
    open_ = np.array([i for i, s in enumerate(scores) if s is None], dtype=int)
    if keep < 1 or len(known) < keep:
        return False
    c = np.array([s for s in scores if s is not None])
    low, width = c.min(), c.max() - c.min()
    if width <= 0:
        return False
    now = floor[known] + outlook.gain * (c - low) / width
    order = np.argsort(-now, kind="stable")
    first, others = order[:keep], order[keep:]
    if not _holds(order[: keep + 1], floor[known], c, outlook.gain, width):
        return False
    pairs = [np.array([i, j]) for i in first for j in others]
    if not all(_holds(p, floor[known], c, outlook.gain, width) for p in pairs):
        return False
    least = (floor[known] + outlook.gain * (c - low) / (LOGIT - low))[first].min()
    beyond = floor[len(scores) :]
    most = max((floor[open_] + outlook.gain).max(initial=-np.inf), beyond.max(initial=-np.inf))
    return bool(least > most)


def _holds(
    order: npt.NDArray[np.int_], floor: Vector, c: Vector, gain: float, width: float
) -> bool:
    """Whether each of `order` stays before the next one at every width of the scale."""
    before, after = order[:-1], order[1:]
    lead, said = floor[before] - floor[after], gain * (c[before] - c[after])
    return bool(((lead + said / width > 0) & (lead + said / (2 * LOGIT) > 0)).all())


def _seen(chunk: Chunk, crop: Crop | None) -> bytes | None:
    """A figure's picture; without it (its original is lost, or being deleted) its text must do."""
    if crop is None or chunk.image is None:
        return None
    try:
        return crop(chunk.image)
    except (DocumentError, StoreError):
        return None
