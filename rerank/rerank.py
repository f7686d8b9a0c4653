"""Late interaction over the fused candidates, a cross-encoder over the best, then one score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from index.encode import Content, Matrix, PairScorer, PatchEncoder, TokenEncoder
from index.store import MultiVectorName, Store
from ingest.document import Region
from rerank.cross import Outlook, cross
from retrieve.exact import boost_of
from retrieve.query import Candidate, Candidates, Hit, Stage
from retrieve.query_bounds import ROWS
from retrieve.timing import timed

MAXSIM = "maxsim"
PATCHES = "patches"
CROSS = "cross"


#: Stage to the score under which it is not believed, and that from which it is.
Trust = Mapping[str, tuple[float, float]]
_NO_TRUST: Trust = {}


@dataclass(frozen=True, slots=True)
class Rerank:
    """How many candidates late interaction scores, and what each stage counts in the end.

    On SciFact (train) the convex sum of BM25, cosine and MaxSim reached nDCG@10 0.744, the mean
    of RRF and MaxSim 0.733, MaxSim alone 0.718: ranks throw away how far apart scores are.

    The cross-encoder stops after `cross_seconds` of a question (0: never) with what it has, and
    earlier where the first `keep` (0: all) can no longer change.

    `trust` has two scores of a stage (MaxSim, text cosine), of a model of its own each: where the
    best candidate has less than the first, no text here is about the question and pictures are
    ranked by how they look; from the second on the weights hold as they are; between the two is a
    mixture. Of two stages the one that is surer counts. Empty: the weights always hold.
    """

    depth: int = 300
    cross_depth: int = 30
    cross_seconds: float = 0.0
    keep: int = 0
    trust: Trust = field(default_factory=dict)
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
    """Candidates in their final order, and what is to be said of how they were ranked."""

    items: tuple[Candidate, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scorers:
    """The models of this stage; None where the profile has none: its stage is then skipped.

    `crop` draws a region for a cross-encoder that looks at figures.
    """

    tokens: TokenEncoder | None = None
    patches: PatchEncoder | None = None
    cross_encoder: PairScorer | None = None
    crop: Callable[[Region], bytes] | None = None


def rerank(
    found: Candidates, store: Store, scorers: Scorers, how: Rerank, image: bytes | None = None
) -> Ranked:
    """Candidates in their final order; the stages they passed (`maxsim`, `patches`, `cross`,
    `final`) are added to their traces.

    `maxsim` and `patches` are divided by the number of query tokens: 1 means that every token met
    its equal. A stage without a model, without text or with a depth of 0 is skipped. The
    cross-encoder sees the first `cross_depth` by the score so far, and the query's `image`.
    """
    items = found.items
    if found.text and how.depth > 0:
        if scorers.tokens is not None:
            query = query_rows(found.text, scorers.tokens)
            items = _with_maxsim(MAXSIM, "tokens", query, items, store, how.depth)
        if scorers.patches is not None:
            query = query_rows(found.text, scorers.patches)
            items = _with_maxsim(PATCHES, "patches", query, items, store, how.depth)
    # A picture in the question is a stage of its own, with its own scale.
    trust = how.trust if image is None else {}
    ordered = _ordered(items, how.weights, trust)
    note = ""
    if not found.text or how.cross_depth == 0:
        pass
    elif scorers.cross_encoder is None:
        note = "cross-encoder: the profile has none"
    else:
        asked = Content(found.text, image)
        items, note = _crossed(asked, ordered, store, scorers, scorers.cross_encoder, how)
        ordered = _ordered(items, how.weights, trust)
    ranked = tuple(
        replace(c, trace=(*c.trace, Stage("final", rank, c.score)))
        for rank, c in enumerate(ordered, 1)
    )
    return Ranked(ranked, (note,) if note else ())


def query_rows(text: str, encoder: TokenEncoder | PatchEncoder) -> Matrix:
    """`(tokens, d)`: what MaxSim compares of a question, the first rows of it at most."""
    with timed("encode"):
        return encoder.query_tokens([text])[0][:ROWS]


def _ordered(
    items: Sequence[Candidate],
    weights: Mapping[str, float],
    trust: Trust = _NO_TRUST,
) -> list[Candidate]:
    """By the weighted sum of the stages; in fused order where no stage weighs anything."""
    if not any(w > 0 for w in weights.values()):
        return list(items)
    scores = scores_of(items, weights, trust)
    scored = [replace(c, score=s) for c, s in zip(items, scores, strict=True)]
    return sorted(scored, key=lambda c: (-c.score, c.id))


def scores_of(
    items: Sequence[Candidate],
    weights: Mapping[str, float],
    trust: Trust = _NO_TRUST,
    spare: float = 0.0,
) -> list[float]:
    """Final scores; `spare` is the weight of a stage that is still to come, 0 for everyone yet."""
    scores = convex(items, weights, spare)
    belief = believed(items, trust) if trust and weights.get("joint", 0) > 0 else 1.0
    if belief < 1:
        looks = convex(items, {"joint": 1.0})
        scores = [belief * s + (1 - belief) * x for s, x in zip(scores, looks, strict=True)]
    return [s + boost_of(c) for c, s in zip(items, scores, strict=True)]


def believed(items: Sequence[Candidate], trust: Trust) -> float:
    """How far text can be believed, 0 to 1: by the best score of any candidate at a stage.

    Min-max scaling gives the best of texts that are all beside the point a 1, so that photos on
    which OCR read a letter outranked every photo without text. The best score tells the two cases
    apart: MaxSim was 0.52 and more on questions that text answers (5th percentile, mmlong), 0.48
    and less on captions of photos that stand in one index with 1,400 abstracts (95th, flickr). One
    question in ten to charts with few words has no more than 0.53 either, but a text cosine of 0.43
    and more, where captions have 0.33 and less.
    A question that names a figure, page or code that is there asks text, however short it is.
    """
    if any(boost_of(c) > 0 for c in items):
        return 1.0
    best: dict[str, float] = {}
    for stage in (s for c in items for s in c.trace if s.name in trust):
        best[stage.name] = max(stage.score, best.get(stage.name, stage.score))
    shares = [(score - trust[n][0]) / (trust[n][1] - trust[n][0]) for n, score in best.items()]
    return min(1.0, max(0.0, *shares)) if shares else 1.0


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
    return _staged(name, items, {p.id: p.score / len(query) for p in points})


def _crossed(
    asked: Content,
    ordered: Sequence[Candidate],
    store: Store,
    scorers: Scorers,
    model: PairScorer,
    how: Rerank,
) -> tuple[tuple[Candidate, ...], str]:
    """With the stage `cross` on the best of them, and what is to be said of it."""
    with timed("cross"):
        head = ordered[: how.cross_depth]
        outlook = _outlook(ordered, how, trust={} if asked.image else how.trust)
        found = cross(asked, head, store, model, scorers.crop, outlook, how.cross_seconds)
    return _staged(CROSS, ordered, found.scores), found.note


def _outlook(ordered: Sequence[Candidate], how: Rerank, trust: Trust) -> Outlook:
    """Final scores without the cross-encoder's part, and how much that may be."""
    weight = how.weights.get(CROSS, 0.0)
    floor = scores_of(ordered, how.weights, trust, spare=weight)
    whole = weight + _present(ordered, how.weights)
    belief = believed(ordered, trust) if trust and how.weights.get("joint", 0) > 0 else 1.0
    return Outlook(floor, belief * weight / whole if whole else 0.0, how.keep)


def _staged(
    name: str, items: Sequence[Candidate], scores: Mapping[str, float]
) -> tuple[Candidate, ...]:
    """Candidates with a stage added where it scored them; ranks by score, then id."""
    order = sorted(scores, key=lambda i: (-scores[i], i))
    stages = {i: Stage(name, rank, scores[i]) for rank, i in enumerate(order, 1)}
    return tuple(replace(c, trace=(*c.trace, stages[c.id])) if c.id in stages else c for c in items)


def convex(
    items: Sequence[Candidate], weights: Mapping[str, float], spare: float = 0.0
) -> list[float]:
    """Weighted mean of each stage's scores, stretched over 0 to 1 (min-max) within the stage.

    A candidate that a stage did not reach has 0 there (Bruch, Gai and Ingber 2023 show that
    convex combination is robust to the choice of the normalization). Stages that reached no
    candidate do not count in the mean; `spare` counts in it as one of 0.
    """
    totals = [0.0] * len(items)
    present = spare
    traces = [{stage.name: stage.score for stage in c.trace} for c in items]
    for name, weight in weights.items():
        scores = [trace.get(name) for trace in traces]
        reached = [s for s in scores if s is not None]
        if not reached or weight <= 0:
            continue
        present += weight
        low, high = min(reached), max(reached)
        width = high - low
        for i, score in enumerate(scores):
            if score is not None:
                totals[i] += weight * ((score - low) / width if width > 0 else 1.0)
    return [t / present for t in totals] if present else totals


def _present(items: Sequence[Candidate], weights: Mapping[str, float]) -> float:
    """The weights of the stages that reached a candidate."""
    reached = {stage.name for c in items for stage in c.trace}
    return sum(w for name, w in weights.items() if w > 0 and name in reached)


def to_hits(candidates: Sequence[Candidate], store: Store, limit: int) -> list[Hit]:
    """The first `limit` candidates with their chunks."""
    head = {c.id: c for c in candidates[:limit]}
    hits = []
    for chunk in store.chunks(list(head)):
        stored = store.find(chunk.document)
        name = stored.document.name if stored else ""
        hits.append(Hit(chunk, name, head[chunk.id].score, head[chunk.id].trace))
    return hits
