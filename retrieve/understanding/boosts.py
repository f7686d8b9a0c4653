"""What a question names as constraints on chunks, and the boosts of meeting them.

A boost adds to the final score and takes nothing away, so that a wrong guess costs ranks and
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
    lookup_depth: int = 60  # chunks read for each code and label
    phrase_depth: int = 300  # and for each phrase: what is not found is filtered out
    scope_depth: int = 30  # chunks of a named page or document that each subquery brings besides


@dataclass(frozen=True, slots=True)
class QueryConstraints:
    """What a question names, looked up in an index.

    `phrase_chunks`: ids of the chunks that have every quoted phrase; None where nothing is quoted,
    or nothing has it. `exact_boosts` and `named_boosts` are by chunk id, `document_boosts` by
    document id. `lookup_pages` are document and page of what was looked up, `labelled_pages` those
    that bear a named number.
    """

    where: Filter
    interpretations: tuple[Interpretation, ...] = ()
    phrase_chunks: frozenset[str] | None = None
    exact_boosts: Mapping[str, float] = field(default_factory=dict)
    named_boosts: Mapping[str, float] = field(default_factory=dict)
    document_boosts: Mapping[str, float] = field(default_factory=dict)
    pages: tuple[int, ...] = ()
    lookup_pages: frozenset[tuple[str, int]] = frozenset()
    labelled_pages: tuple[tuple[str, int], ...] = ()

    @property
    def looked_up(self) -> frozenset[str]:
        """The chunks that were looked up, by id."""
        if self.phrase_chunks is not None:
            return self.phrase_chunks
        return frozenset((*self.exact_boosts, *self.named_boosts))


def with_boosts(
    items: Sequence[Candidate], constraints: QueryConstraints, scope_boosts: Mapping[str, float]
) -> tuple[Candidate, ...]:
    """Candidates with their `exact` and `named` stages; `scope_boosts`, of the pages and documents
    that they stand in, count in `named`."""
    named = dict(constraints.named_boosts)
    for i, boost in scope_boosts.items():
        named[i] = named.get(i, 0.0) + boost
    ids = {c.id for c in items}
    stages: dict[str, list[Stage]] = defaultdict(list)
    for name, scores in ((EXACT, constraints.exact_boosts), (NAMED, named)):
        order = sorted((i for i in scores if i in ids and scores[i] > 0),
                       key=lambda i: (-scores[i], i))  # fmt: skip
        for rank, i in enumerate(order, 1):
            stages[i].append(Stage(name, rank, scores[i]))
    return tuple(replace(c, trace=(*c.trace, *stages.get(c.id, ()))) for c in items)


def boost_of(candidate: Candidate) -> float:
    """What being named adds to a candidate's final score."""
    return sum(s.score for s in candidate.trace if s.name in (EXACT, NAMED))
