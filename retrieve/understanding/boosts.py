"""The nouns of what a question names: what was heard, and the boosts of having it.

A boost adds to the final score and takes nothing away, so that a wrong guess costs places and
never the answer. Each is a stage of its own in the trace, its score what it adds: `exact` for
phrases, codes and numbers, `named` for figures, pages and documents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from octavo.index.store import Filter
from octavo.retrieve.query import Candidate, Interpretation, Stage

EXACT = "exact"
NAMED = "named"


@dataclass(frozen=True, slots=True)
class Boosts:
    """What being named adds to a final score, which is 0 to 1 without it."""

    exact: float = 0.2
    label: float = 0.25
    page: float = 0.25
    document: float = 0.15
    depth: int = 60  # chunks looked at for each code and label
    phrases: int = 300  # and for each phrase: what is not found is filtered out
    beside: int = 30  # chunks of a named page or document that each leg brings besides


@dataclass(frozen=True, slots=True)
class QueryConstraints:
    """What a question names, looked up in an index.

    `only`: ids of the chunks that have every quoted phrase; None where nothing is quoted, or
    nothing has it. `exact` and `named` are boosts by chunk id, `documents` by document id.
    """

    where: Filter
    understood: tuple[Interpretation, ...] = ()
    only: frozenset[str] | None = None
    exact: Mapping[str, float] = field(default_factory=dict)
    named: Mapping[str, float] = field(default_factory=dict)
    documents: Mapping[str, float] = field(default_factory=dict)
    pages: tuple[int, ...] = ()
    places: frozenset[tuple[str, int]] = frozenset()  # document and page of what is wanted
    printed: tuple[tuple[str, int], ...] = ()  # and of the pages that call themselves by a number

    @property
    def wanted(self) -> frozenset[str]:
        """The chunks that were looked up, by id."""
        return frozenset((*self.exact, *self.named)) if self.only is None else self.only


def boosted(
    items: Sequence[Candidate], heard: QueryConstraints, extra: Mapping[str, float]
) -> tuple[Candidate, ...]:
    """Candidates with their `exact` and `named` stages; `extra` are the boosts of places."""
    named = dict(heard.named)
    for i, boost in extra.items():
        named[i] = named.get(i, 0.0) + boost
    here = {c.id for c in items}
    stages: dict[str, list[Stage]] = defaultdict(list)
    for name, scores in ((EXACT, heard.exact), (NAMED, named)):
        order = sorted((i for i in scores if i in here and scores[i] > 0),
                       key=lambda i: (-scores[i], i))  # fmt: skip
        for rank, i in enumerate(order, 1):
            stages[i].append(Stage(name, rank, scores[i]))
    return tuple(replace(c, trace=(*c.trace, *stages.get(c.id, ()))) for c in items)


def boost_of(candidate: Candidate) -> float:
    """What being named adds to a candidate's final score."""
    return sum(s.score for s in candidate.trace if s.name in (EXACT, NAMED))
