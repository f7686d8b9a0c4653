"""Whether the places that an answer cites are those where the gold says that its evidence stands.

By place, unlike ALCE (Gao et al. 2023), which asks a model whether the cited text entails the
statement. docs/metrics/citations.md has the definitions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from octavo.evals.dataset import Dataset
from octavo.evals.metrics.boxes import Boxes
from octavo.generate.answer import Answer
from octavo.ingest.document import Box

_MET = 0.5  # of the smaller box, the part that must lie in the other


@dataclass(frozen=True, slots=True)
class CitedRegion:
    """One cited region: the document's name, the page from 1, and the box in points."""

    name: str
    page: int
    box: Box

    def item(self, unit: Literal["page", "document"]) -> str:
        """As judgements name it."""
        return self.name if unit == "document" else f"{self.name}#p{self.page}"


def cited_regions(answer: Answer) -> tuple[CitedRegion, ...]:
    """Every region that the answer cites, each once, in the order of its sentences."""
    regions = (
        CitedRegion(citation.name, region.page, region.box)
        for sentence in answer.sentences
        for citation in sentence.citations
        for region in citation.regions
    )
    return tuple(dict.fromkeys(regions))


def by_question(
    answers: Mapping[str, Sequence[CitedRegion]],
    dataset: Dataset,
    asked: Sequence[str] | None = None,
) -> dict[str, dict[str, float]]:
    """The measures of each answerable question with gold.

    `answers` has what each answered question cites, be it nothing; one that is not in it was not
    answered and has recall 0 and no precision. `asked`: the ids to look at; all of the set.
    """
    wanted = None if asked is None else set(asked)
    scores: dict[str, dict[str, float]] = {}
    for question in dataset.questions:
        key = question.id
        if question.answerable is False or (wanted is not None and key not in wanted):
            continue
        values: dict[str, float] = {}
        cited = answers.get(key)
        if gold := {i for i, value in dataset.qrels.get(key, {}).items() if value > 0}:
            values["citation recall"] = item_recall(cited or (), gold, dataset.unit)
            if cited is not None:
                values["citation precision"] = item_precision(cited, gold, dataset.unit)
        if boxes := dataset.boxes.get(key):
            values["citation box recall"] = box_recall(cited or (), boxes)
            if cited is not None:
                values["citation box precision"] = box_precision(cited, boxes)
        if values:
            scores[key] = values
    return scores


def item_precision(
    cited: Sequence[CitedRegion], gold: set[str], unit: Literal["page", "document"]
) -> float:
    """Share of the citations that point into a gold page or document; 0 of none."""
    return _share([c.item(unit) in gold for c in cited])


def item_recall(
    cited: Sequence[CitedRegion], gold: set[str], unit: Literal["page", "document"]
) -> float:
    """Share of the gold pages or documents that are cited."""
    there = {c.item(unit) for c in cited}
    return _share([item in there for item in gold])


def box_precision(cited: Sequence[CitedRegion], gold: Boxes) -> float:
    """Share of the cited boxes that meet a gold box on their page; 0 of none."""
    return _share([any(meets(c.box, g) for g in gold.get((c.name, c.page), ())) for c in cited])


def box_recall(cited: Sequence[CitedRegion], gold: Boxes) -> float:
    """Share of the gold boxes that a cited one meets."""
    there: dict[tuple[str, int], list[Box]] = {}
    for c in cited:
        there.setdefault((c.name, c.page), []).append(c.box)
    return _share(
        [any(meets(b, g) for b in there.get(key, ())) for key, boxes in gold.items() for g in boxes]
    )


def meets(a: Box, b: Box) -> bool:
    """Whether half of the smaller box lies in the other: a cited line inside a gold figure does,
    and so does a cited page around it. A box without area meets nothing."""
    smaller = min(a.area, b.area)
    return smaller > 0 and a.clip(b).area >= _MET * smaller


def _share(of: Sequence[bool]) -> float:
    return sum(of) / len(of) if of else 0.0
