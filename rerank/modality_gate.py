"""The weight of text beside pictures: a gate by the best text scores of a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from octavo.retrieve.query import Candidate
from octavo.retrieve.understanding.boosts import boost_of

#: Stage to the score under which text does not count, and that from which it counts whole.
GateBounds = Mapping[str, tuple[float, float]]


NO_GATE: GateBounds = {}


def modality_gate(items: Sequence[Candidate], gate: GateBounds) -> float:
    """How far text counts, 0 to 1: by the best score of any candidate at a stage.

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
    for stage in (s for c in items for s in c.trace if s.name in gate):
        best[stage.name] = max(stage.score, best.get(stage.name, stage.score))
    shares = [(score - gate[n][0]) / (gate[n][1] - gate[n][0]) for n, score in best.items()]
    return min(1.0, max(0.0, *shares)) if shares else 1.0
