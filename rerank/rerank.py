"""Late interaction over the fused candidates, a cross-encoder over the best, then one score."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from octavo.index.encoders.encoder import Content, Matrix, PairScorer, PatchEncoder, TokenEncoder
from octavo.index.store import MultiVectorName, Store
from octavo.ingest.document import Region
from octavo.rerank.convex_combination import present_weight
from octavo.rerank.cross_encoder import ScoreBounds, cross_encode
from octavo.rerank.final_score import by_final_score, scores_of
from octavo.rerank.modality_gate import GateBounds, modality_gate
from octavo.retrieve.query import Candidate, Candidates, Stage
from octavo.retrieve.timing import timed
from octavo.retrieve.understanding.query_bounds import ROWS

MAXSIM = "maxsim"
PATCHES = "patches"
CROSS = "cross"
_UNREAD = 0.05  # of its weight that a stage keeps whose model does not know the script


@dataclass(frozen=True, slots=True)
class RerankOptions:
    """How many candidates late interaction scores, and what each stage counts in the end.

    On SciFact (train) the convex sum of BM25, cosine and MaxSim reached nDCG@10 0.744, the mean
    of RRF and MaxSim 0.733, MaxSim alone 0.718: ranks throw away how far apart scores are.

    The cross-encoder stops after `cross_seconds` of a question (0: never) with what it has, and
    earlier where the first `keep` (0: all) can no longer change.

    `gate` has two scores of a stage (MaxSim, text cosine), of a model of its own each: where the
    best candidate has less than the first, no text here is about the question and pictures are
    ranked by the `joint` stage alone; from the second on the weights hold as they are; between the
    two is a mixture. Of two stages the greater share counts. Empty: the weights always hold.
    """

    depth: int = 300
    cross_depth: int = 30
    cross_seconds: float = 0.0
    keep: int = 0
    gate: GateBounds = field(default_factory=dict)
    weights: Mapping[str, float] = field(
        default_factory=lambda: {
            "text": 1.0,
            "words": 1.0,
            MAXSIM: 1.0,
            PATCHES: 1.0,
            "joint": 0.2,
            "image": 3.0,
            "image-text": 0.2,
            "image-words": 3.0,
            "image-match": 12.0,
            CROSS: 2.0,
        }
    )


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates in their final order, and notes on what was not scored."""

    items: tuple[Candidate, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scorers:
    """The models of this stage; None where the profile has none: its stage is then skipped.

    `crop` gives a region as PNG to a cross-encoder that takes images.
    """

    tokens: TokenEncoder | None = None
    patches: PatchEncoder | None = None
    cross_encoder: PairScorer | None = None
    crop: Callable[[Region], bytes] | None = None


def rerank(
    candidates: Candidates,
    store: Store,
    scorers: Scorers,
    options: RerankOptions,
    image: bytes | None = None,
) -> Ranked:
    """Candidates in their final order; the stages they passed (`maxsim`, `patches`, `cross`,
    `final`) are added to their traces.

    `maxsim` and `patches` are divided by the number of query tokens: 1 means that every token has
    its equal. A stage without a model, without text or with a depth of 0 is skipped. The
    cross-encoder scores the first `cross_depth` by the score so far, and the query's `image`
    (bytes of a PNG, JPEG, ...). Raises StoreError where the store fails.
    """
    items = candidates.items
    if candidates.text and options.depth > 0:
        if scorers.tokens is not None:
            query = query_token_vectors(candidates.text, scorers.tokens)
            items = _with_maxsim(MAXSIM, "tokens", query, items, store, options.depth)
        if scorers.patches is not None:
            query = query_token_vectors(candidates.text, scorers.patches)
            items = _with_maxsim(PATCHES, "patches", query, items, store, options.depth)
    if candidates.unread:
        options = _by_words(options, candidates.unread)
    # A picture in the question is a stage of its own, with its own scale.
    gate = options.gate if image is None else {}
    ordered = by_final_score(items, options.weights, gate)
    note = ""
    if not candidates.text or options.cross_depth == 0:
        pass
    elif scorers.cross_encoder is None:
        note = "cross-encoder: the profile has none"
    else:
        content = Content(candidates.text, image)
        items, note = _with_cross_encoder(
            content, ordered, store, scorers, scorers.cross_encoder, options
        )
        ordered = by_final_score(items, options.weights, gate)
    ranked = tuple(
        replace(c, trace=(*c.trace, Stage("final", rank, c.score)))
        for rank, c in enumerate(ordered, 1)
    )
    return Ranked(ranked, (note,) if note else ())


def _by_words(options: RerankOptions, unread: Collection[str]) -> RerankOptions:
    """Stages whose model cannot read the question only break ties, and gate nothing."""
    weights = {n: w * _UNREAD if n in unread else w for n, w in options.weights.items()}
    return replace(options, weights=weights, gate={})


def query_token_vectors(text: str, encoder: TokenEncoder | PatchEncoder) -> Matrix:
    """`(tokens, d)`: what MaxSim compares of a question, the first rows of it at most."""
    with timed("encode"):
        return encoder.query_tokens([text])[0][:ROWS]


def _with_maxsim(
    name: str,
    using: MultiVectorName,
    query: Matrix,
    items: Sequence[Candidate],
    store: Store,
    depth: int,
) -> tuple[Candidate, ...]:
    with timed(name):
        points = store.maxsim(query, [c.id for c in items[:depth]], using)
    return _with_stage(name, items, {p.id: p.score / len(query) for p in points})


def _with_cross_encoder(
    content: Content,
    ordered: Sequence[Candidate],
    store: Store,
    scorers: Scorers,
    model: PairScorer,
    options: RerankOptions,
) -> tuple[tuple[Candidate, ...], str]:
    """With the stage `cross` on the best of them, and a note on those without."""
    with timed("cross"):
        head = ordered[: options.cross_depth]
        bounds = _bounds(ordered, options, gate={} if content.image else options.gate)
        result = cross_encode(
            content, head, store, model, scorers.crop, bounds, options.cross_seconds
        )
    return _with_stage(CROSS, ordered, result.scores), result.note


def _bounds(ordered: Sequence[Candidate], options: RerankOptions, gate: GateBounds) -> ScoreBounds:
    """Final scores without the cross-encoder's part, and how much that may be."""
    weight = options.weights.get(CROSS, 0.0)
    floor = scores_of(ordered, options.weights, gate, pending_weight=weight)
    whole = weight + present_weight(ordered, options.weights)
    text_share = (
        modality_gate(ordered, gate) if gate and options.weights.get("joint", 0) > 0 else 1.0
    )
    return ScoreBounds(floor, text_share * weight / whole if whole else 0.0, options.keep)


def _with_stage(
    name: str, items: Sequence[Candidate], scores: Mapping[str, float]
) -> tuple[Candidate, ...]:
    """Candidates with a stage added where it scored them; ranks by score, then id."""
    order = sorted(scores, key=lambda i: (-scores[i], i))
    stages = {i: Stage(name, rank, scores[i]) for rank, i in enumerate(order, 1)}
    return tuple(replace(c, trace=(*c.trace, stages[c.id])) if c.id in stages else c for c in items)
