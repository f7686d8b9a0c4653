"""The nouns of answering, and the contract of a generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.document import ChunkKind, Region
from retrieve.query import Hit, Query


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a sentence comes from: regions of one document, all inside stored chunks."""

    name: str  # of the document
    kind: ChunkKind
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One statement of an answer. `support` 0 to 1: how well its source covers the question."""

    text: str
    citations: tuple[Citation, ...]
    support: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Sentences with their sources, or an abstention: no sentences, and a reason.

    `confidence` 0 to 1 is the estimated chance that the documents answer the question; it is
    given for abstentions too. `evidence` are the hits looked at, best first.
    """

    sentences: tuple[Sentence, ...]
    confidence: float
    reason: str = ""
    evidence: tuple[Hit, ...] = ()

    @property
    def abstained(self) -> bool:
        return not self.sentences


class Generator(Protocol):
    """Writes an answer from evidence and nothing else."""

    name: str

    def answer(self, query: Query, searched: str, hits: Sequence[Hit]) -> Answer:
        """`searched` is the text as it was searched (see `Candidates.text`)."""
        ...
