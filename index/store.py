"""The store contract: what every engine (embedded, server) gives. No engine is imported here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from octavo.index.encoders.encoder import Matrix
from octavo.ingest.document import Chunk, ChunkKind, Document

VectorName = Literal["text", "joint", "words"]
MultiVectorName = Literal["tokens", "patches"]
Fusion = Literal["rrf", "dbsf"]
#: `k` of reciprocal rank fusion, as in Cormack, Clarke and Buettcher 2009. Qdrant's weighted form
#: is the sum of 1 / (k + rank / weight - 1), ranks from 1: a weight moves little under a large k.
RRF_K = 60


class StoreError(Exception):
    """The store cannot do what was asked; the text says what to do."""


class NotFoundError(StoreError):
    """What was asked for is not in the store."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Dimensions of the named vectors; 0 where the models in use make none of that name."""

    text: int
    joint: int
    tokens: int = 0
    patches: int = 0

    def names(self) -> set[str]:
        """The vectors that points may have."""
        dimensions = {"text": self.text, "joint": self.joint, "tokens": self.tokens}
        return {n for n, d in {**dimensions, "patches": self.patches}.items() if d} | {"words"}


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse vector: term ids and weights, of equal length."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A chunk with its vectors; None where a chunk has none of that name.

    `text` and `joint` are `(d,)` float32, `tokens` and `patches` `(n, d)` float32.
    """

    chunk: Chunk
    text: Matrix | None = None
    joint: Matrix | None = None
    tokens: Matrix | None = None
    words: Sparse | None = None
    patches: Matrix | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Hard conditions on chunks; an empty field does not restrict."""

    documents: tuple[str, ...] = ()  # document ids
    kinds: tuple[ChunkKind, ...] = ()
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Subquery:
    """One retrieval: nearest points of one named vector."""

    name: str
    using: VectorName
    vector: Matrix | Sparse
    limit: int
    weight: float = 1.0
    kinds: tuple[ChunkKind, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk id and its score; lists of these are best first, ties by id."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What each subquery found, and their fusion."""

    by_subquery: tuple[tuple[ScoredChunk, ...], ...]
    fused: tuple[ScoredChunk, ...]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A committed document and the facts of its commit record.

    `sources` are all the places its bytes came from; `serial` grows with every commit of a new
    document, so that of two versions of one source the later is known. `beside` is metadata from
    files that stand beside the document's, `labels` what the user gave.
    """

    document: Document
    type: str
    size: int  # bytes
    chunks: int
    sources: tuple[str, ...] = ()
    serial: int = 0
    beside: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, str]:
        """The file's own fields, over them those beside it, over them those of the user."""
        return {**self.document.metadata, **self.beside, **self.labels}


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that was given and of which nothing could be indexed: why, and what is known of it.

    `document`, `type`, `size` (bytes) and `pages` are empty where it failed before they were known.
    `local`: a file that this machine read itself, so that it may be read again. `kept`: its bytes
    are among the stored originals. `time` is Unix seconds, for people to read; `settings` are the
    limits it failed under. `labels` is metadata that the user gave with it.
    """

    source: str
    name: str
    reason: str
    document: str = ""
    type: str = ""
    size: int = 0
    pages: int = 0
    local: bool = False
    kept: bool = False
    time: float = 0.0
    settings: dict[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


class Store(Protocol):
    """One collection. Search sees only documents that were committed."""

    def settle(self) -> None:
        """Removes what processes that died left half written. Opening does not: only who is about
        to write calls it."""
        ...

    def begin(self, document: str) -> None:
        """Hides `document` from search until `commit`; removes what an earlier run left."""
        ...

    def upsert(self, points: Sequence[Point]) -> None:
        """Writes chunk points; durable when the call returns. Raises DocumentError for a point
        that the engine cannot hold, StoreError where it cannot write."""
        ...

    def commit(self, stored: StoredDocument) -> None:
        """Writes the commit record: from here on the document is found."""
        ...

    def delete(self, document: str) -> None:
        """Removes the commit record, then every point of the document."""
        ...

    def documents(self) -> list[StoredDocument]:
        """Committed documents, by name."""
        ...

    def find(self, document: str, fresh: bool = False) -> StoredDocument | None:
        """The commit record of a document id, if it is committed. An engine that other processes
        write to may answer from a copy some seconds old, unless `fresh`; that there is none is
        never said from a copy."""
        ...

    def record_failure(self, failure: Failure) -> None:
        """Keeps the record of a source that failed, in place of an older one of that source. It
        is no document: nothing but `failures` shows it, and it stays until `forget_failure`."""
        ...

    def failures(self) -> list[Failure]:
        """Sources that failed, by name."""
        ...

    def forget_failure(self, source: str) -> None:
        """Removes the record of a failed source, if there is one."""
        ...

    def count(self) -> int:
        """Chunk points of committed documents."""
        ...

    def search(
        self, subqueries: Sequence[Subquery], fusion: Fusion, limit: int, where: Filter
    ) -> SearchResult:
        """Runs the subqueries and fuses them, in the engine."""
        ...

    def maxsim(
        self, tokens: Matrix, ids: Collection[str], using: MultiVectorName = "tokens"
    ) -> list[ScoredChunk]:
        """Late interaction of query `tokens` `(n, d)` with the points `ids`, in the engine:
        for each query token the greatest dot product with a row of the point, summed. Points
        without a vector of that name are left out."""
        ...

    def points(
        self, vectors: Collection[str], documents: Collection[str] = ()
    ) -> Iterator[list[Point]]:
        """Every chunk of the committed documents (of `documents` only, where given), in batches,
        with the named vectors read back as they are stored (rounded to float16); for copies and
        mirrors. Names that the store has no vectors of are left out."""
        ...

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """The chunks of `ids`, in that order; ids that are gone or not committed are left out."""
        ...

    def page_chunks(self, document: str, page: int) -> list[Chunk]:
        """Chunks that begin on a page, in reading order."""
        ...

    def close(self) -> None: ...


def by_name(failures: Iterable[Failure]) -> list[Failure]:
    return sorted(failures, key=lambda f: (f.name, f.source))


def ranked(points: Sequence[ScoredChunk]) -> tuple[ScoredChunk, ...]:
    """Best first; equal scores by id, so that ties do not depend on the engine."""
    return tuple(sorted(points, key=lambda p: (-p.score, p.id)))
