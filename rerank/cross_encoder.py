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

#: Candidates scored before the time and whether the rest still matters are checked again.
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
class CrossEncoderResult:
    """Logits (within +-`LOGIT`) by candidate id, and a note on those without."""

    scores: Mapping[str, float]
    note: str = ""


def cross_encode(
    question: Content,
    items: Sequence[Candidate],
    store: Store,
    model: PairScorer,
    crop: Crop | None,
    bounds: ScoreBounds,
    seconds: float,
) -> CrossEncoderResult:
    """Scores `items`, the head of those that `bounds` describes, until all have a score, the first
    `keep` can no longer change, or `seconds` are over (0: no limit; the first block is scored
    whatever it takes).

    A figure is scored by caption, printed labels and referring paragraph, and as an image where the
    model takes any.
    """
    end = time.monotonic() + seconds
    image_crop = crop if model.limits.pixels else None
    scores: dict[str, float] = {}
    for start in range(0, len(items), BLOCK):
        if start and seconds and time.monotonic() >= end:
            return CrossEncoderResult(scores, _stop_note(scores, items, f"after {seconds:g} s"))
        if start and top_is_final([scores.get(c.id) for c in items], bounds):
            return CrossEncoderResult(
                scores, _stop_note(scores, items, "the first hits could no longer change")
            )
        chunks = store.chunks([c.id for c in items[start : start + BLOCK]])
        logits = model.score_pairs(
            question, [Content(chunk_text(c), _figure_image(c, image_crop)) for c in chunks]
        )
        clipped = np.clip(logits, -LOGIT, LOGIT)
        scores.update((c.id, float(s)) for c, s in zip(chunks, clipped, strict=True))
    return CrossEncoderResult(scores)


def _stop_note(scores: Mapping[str, float], items: Sequence[Candidate], why: str) -> str:
    return f"cross-encoder: {len(scores)} of {len(items)} candidates, {why}"


def top_is_final(scores: Sequence[float | None], bounds: ScoreBounds) -> bool:
    """Whether no scores that are still to come can change the first `keep` or their order.

    The stage is min-max scaled over all scores, so a later one may stretch the scale: with width
    w of it between now and the greatest possible, the difference of two scored candidates is
    linear in 1/w and has its least at an end. A candidate without a score gets the whole gain at
    most; one that has one then keeps at least (c - min) / (LOGIT - min) of it.
    """
    keep, floor = bounds.keep, np.asarray(bounds.floor)
    scored = np.array([i for i, s in enumerate(scores) if s is not None], dtype=int)
    pending = np.array([i for i, s in enumerate(scores) if s is None], dtype=int)
    if keep < 1 or len(scored) < keep:
        return False
    logits = np.array([s for s in scores if s is not None])
    low, width = logits.min(), logits.max() - logits.min()
    if width <= 0:
        return False
    scores_now = floor[scored] + bounds.gain * (logits - low) / width
    order = np.argsort(-scores_now, kind="stable")
    top, others = order[:keep], order[keep:]
    if not _order_is_fixed(order[: keep + 1], floor[scored], logits, bounds.gain, width):
        return False
    pairs = [np.array([i, j]) for i in top for j in others]
    if not all(_order_is_fixed(p, floor[scored], logits, bounds.gain, width) for p in pairs):
        return False
    least = (floor[scored] + bounds.gain * (logits - low) / (LOGIT - low))[top].min()
    unread = floor[len(scores) :]
    most = max((floor[pending] + bounds.gain).max(initial=-np.inf), unread.max(initial=-np.inf))
    return bool(least > most)


def _order_is_fixed(
    order: npt.NDArray[np.int_], floor: Vector, logits: Vector, gain: float, width: float
) -> bool:
    """Whether each of `order` stays before the next one at every width of the scale."""
    before, after = order[:-1], order[1:]
    floor_lead, logit_lead = floor[before] - floor[after], gain * (logits[before] - logits[after])
    return bool(
        ((floor_lead + logit_lead / width > 0) & (floor_lead + logit_lead / (2 * LOGIT) > 0)).all()
    )


def _figure_image(chunk: Chunk, crop: Crop | None) -> bytes | None:
    """A figure's picture; without it (its original is lost, or being deleted) its text must do."""
    if crop is None or chunk.image is None:
        return None
    try:
        return crop(chunk.image)
    except (DocumentError, StoreError):
        return None
