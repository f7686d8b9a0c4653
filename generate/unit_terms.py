"""Which words, numbers and codes of a question stand in a piece of evidence."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from octavo.generate.evidence_units import EvidenceUnit
from octavo.index.encoders.bm25 import question_terms, text_terms

#: Of each word of a text the terms that meet it (`question_terms`).
Wanted = Collection[frozenset[int]]


class UnitTerms:
    """The terms of units and of the chunks that they stand in, each made once."""

    def __init__(self) -> None:
        self._near: dict[tuple[str, str], frozenset[int]] = {}
        self._far: dict[str, frozenset[int]] = {}

    def coverage(self, wanted: Wanted, *units: EvidenceUnit) -> float:
        """Share of `wanted` in the units; those only elsewhere in their chunks count half."""
        if not wanted:
            return 0.0
        near = frozenset[int]().union(*map(self._terms, units))
        far = frozenset[int]().union(*map(self._chunk_terms, units))
        met = sum(1.0 if row & near else 0.5 if row & far else 0.0 for row in wanted)
        return met / len(wanted)

    def has_all(self, wanted: Wanted, unit: EvidenceUnit) -> bool:
        """Whether the unit itself has all of `wanted`."""
        near = self._terms(unit)
        return all(row & near for row in wanted)

    def _terms(self, unit: EvidenceUnit) -> frozenset[int]:
        key = (unit.hit.chunk.id, unit.match)
        if key not in self._near:
            self._near[key] = text_terms(unit.match, unit.hit.chunk.text)
        return self._near[key]

    def _chunk_terms(self, unit: EvidenceUnit) -> frozenset[int]:
        chunk = unit.hit.chunk
        if chunk.id not in self._far:
            self._far[chunk.id] = text_terms(chunk.text)
        return self._far[chunk.id]


@cache
def yes_no_terms() -> frozenset[frozenset[int]]:
    """Of the words "yes" and "no", alone or together: what language they are in is open."""
    return question_terms("yes") | question_terms("no") | question_terms("yes no")
