"""The records of search: query, candidate, hit, trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from octavo.index.store import Filter, Subquery
from octavo.ingest.document import Chunk


@dataclass(frozen=True, slots=True)
class Query:
    """Text, an image (bytes of a PNG, JPEG, ...), or both. `told`: how the conditions that `where`
    was made of were understood, for people to read."""

    text: str = ""
    image: bytes | None = None
    where: Filter = field(default_factory=Filter)
    told: tuple[Interpretation, ...] = ()

    def __post_init__(self) -> None:
        if not self.text.strip() and self.image is None:
            raise ValueError("the query is empty: give a text, an image, or both")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a hit stood at one stage: rank from 1, and that stage's own score."""

    name: str
    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found, its final score, and every stage it passed.

    `also` are worse hits that were merged into it (`deduplication`), `neighbours` what stands
    beside it, where that was asked for (`octavo.retrieve.context_expansion`).
    """

    chunk: Chunk
    name: str  # of the document
    score: float
    trace: tuple[Stage, ...]
    also: tuple[Duplicate, ...] = ()
    neighbours: tuple[Chunk, ...] = ()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A hit that is not listed by itself. `why`: same text, picture, region, page or document."""

    hit: Hit
    why: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk id on its way through the stages."""

    id: str
    score: float
    trace: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Interpretation:
    """Something that a question names (`text`), its effect and the reason: a `filter` leaves only
    chunks that have it, a `boost` puts those higher, `nothing` was found of it."""

    kind: str  # phrase, code, label, page, file, document; question: a part of it that is left out
    text: str
    effect: Literal["filter", "boost", "nothing"]
    reason: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """What retrieval hands to reranking.

    `text` is the query's text as searched: with what an image query was recognised as.
    """

    text: str
    items: tuple[Candidate, ...]
    understood: tuple[Interpretation, ...] = ()
    subqueries: tuple[Subquery, ...] = ()  # as they were run
    where: Filter = field(default_factory=Filter)  # with what the question restricts itself to
    unread: frozenset[str] = frozenset()  # stages whose model does not know the question's script
