"""Small points and documents for the tests of stores, and the engines they run on."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from qdrant_client import QdrantClient

from octavo.index.encoders.encoder import Matrix
from octavo.index.store import (
    Failure,
    Filter,
    Point,
    Sizes,
    Sparse,
    Store,
    StoredDocument,
    Subquery,
)
from octavo.index.stores.faiss_mirror import FaissMirror
from octavo.index.stores.qdrant_connection import connect
from octavo.index.stores.qdrant_edge import EdgeStore
from octavo.index.stores.qdrant_server import QdrantStore
from octavo.index.stores.writer_leases import STALE
from octavo.ingest.document import Box, Chunk, ChunkKind, Document, PageStatus, Region, Span

A, B = "a" * 64, "b" * 64
SIZES = Sizes(text=4, joint=4, tokens=2, patches=2)


def vector(*values: float) -> Matrix:
    return np.array(values, np.float32)


def identity(n: int) -> str:
    return str(uuid.UUID(int=n))


def number(identity: str) -> int:
    return uuid.UUID(identity).int


def chunk(n: int, document: str = A, kind: ChunkKind = "text", page: int = 1) -> Chunk:
    region = Region(document, page, Box(10, 20, 30, 40.5))
    return Chunk(
        identity(n), document, kind, n, f"text {n}", (region,), ("Part", "Section"),
        (Span(0, 4, region),), caption="Figure 1", image=region if kind == "figure" else None,
    )  # fmt: skip


def point(n: int, document: str = A, kind: ChunkKind = "text", page: int = 1) -> Point:
    side = n / 10
    return Point(
        chunk(n, document, kind, page),
        text=vector(1, side, 0, 0) / np.float32(np.hypot(1, side)),
        joint=vector(0, 1, 0, 0),
        tokens=np.array([[1, 0], [0, side]], np.float32),
        words=Sparse((n, 99), (1.0, 0.5)),
        patches=np.array([[0, 1], [side, 0], [-1, 0]], np.float32) if kind == "figure" else None,
    )


def stored(document: str, chunks: int, name: str = "a.pdf", serial: int = 3) -> StoredDocument:
    states = (PageStatus(1, "text"), PageStatus(2, "failed", "broken"))
    return StoredDocument(
        Document(document, name, f"/x/{name}", 2, {"title": "T"}, states),
        "pdf",
        9,
        chunks,
        ("a", "b"),
        serial,
    )


def failure(source: str = "/x/bad.pdf", reason: str = "is encrypted") -> Failure:
    return Failure(
        source, source.rsplit("/")[-1], reason, "f" * 64, "pdf", 12, 3, local=True, time=1.5,
        settings={"max_pages": "9"},
    )  # fmt: skip


def fill(store: Store, document: str = A, first: int = 1, last: int = 5) -> None:
    store.begin(document)
    store.upsert([point(n, document) for n in range(first, last + 1)])
    store.commit(stored(document, last - first + 1))


def text_subquery(limit: int = 10) -> Subquery:
    return Subquery("text", "text", vector(1, 0, 0, 0), limit)


def joint_subquery(limit: int = 10) -> Subquery:
    return Subquery("joint", "joint", vector(0, 1, 0, 0), limit)


RANDOM_SIZES = Sizes(text=32, joint=24, tokens=16, patches=8)
_C, _D, _E = "c" * 64, "d" * 64, "e" * 64


def fill_at_random(store: Store, chunks: int = 100) -> None:
    """The same documents on every call: three that stay, one deleted, one never committed."""
    random = np.random.default_rng(7)
    for document, place in zip((A, _D, B, _C, _E), range(5), strict=True):
        store.begin(document)
        numbers = range(1 + place * chunks, 1 + (place + 1) * chunks)
        store.upsert([_random_point(n, document, random) for n in numbers])
        if document != _E:
            store.commit(stored(document, chunks, f"{document[0]}.pdf", place + 1))
    store.delete(_D)


def random_subqueries(seed: int, depth: int = 30) -> list[Subquery]:
    """Three subqueries of one random question, the last to figures and pages only."""
    random = np.random.default_rng(seed)
    terms = tuple(int(t) for t in random.choice(60, 5, replace=False))
    return [
        Subquery("text", "text", _unit(random, RANDOM_SIZES.text), depth),
        Subquery("words", "words", Sparse(terms, (1.0,) * 5), depth, weight=2.0),
        Subquery(
            "joint", "joint", _unit(random, RANDOM_SIZES.joint), depth, 0.25, ("figure", "page")
        ),
    ]


FILTERS: tuple[Filter, ...] = (
    Filter(),
    Filter(documents=(B,)),
    Filter(kinds=("text", "figure")),
    Filter(pages=(2, 5)),
    Filter(documents=(A, _C), kinds=("figure", "table"), pages=(1, 3)),
    Filter(documents=(_D, _E)),
)


def _random_point(n: int, document: str, random: np.random.Generator) -> Point:
    kinds: tuple[ChunkKind, ...] = ("text", "text", "table", "figure", "page")
    kind = kinds[n % 5]
    terms = random.choice(60, 12, replace=False)
    return Point(
        chunk(n, document, kind, 1 + n % 7),
        text=_unit(random, RANDOM_SIZES.text) if n % 11 else None,
        joint=_unit(random, RANDOM_SIZES.joint),
        tokens=_unit(random, RANDOM_SIZES.tokens, 1 + n % 9),
        words=Sparse(tuple(int(t) for t in terms), tuple(random.uniform(0.1, 2.2, 12).tolist())),
        patches=_unit(random, RANDOM_SIZES.patches, 5) if kind == "figure" else None,
    )


def _unit(random: np.random.Generator, dim: int, rows: int = 0) -> Matrix:
    values = random.standard_normal((rows, dim) if rows else dim)
    return np.asarray(values / np.linalg.norm(values, axis=-1, keepdims=True), np.float32)


class Place:
    """Where one engine keeps its data; `open` may be called again, as by a process that comes
    after one that died (`stale` 0: it does not wait for that one)."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine = engine
        self._folder = folder
        self._open: Store | None = None
        self._client: QdrantClient | None = None
        self.collection = f"octavo-test-{uuid.uuid4().hex}"

    def open(self, sizes: Sizes = SIZES, stale: float = STALE) -> Store:
        kind, _, mirrored = self.engine.partition("+")
        store: Store
        if kind == "edge":
            if self._open is not None:
                self._open.close()
            store = EdgeStore(self._folder / "store", sizes)
        else:
            if self._client is None:
                self._client = self._connect(kind)
            store = QdrantStore(self._client, self.collection, sizes, stale=stale)
        self._open = FaissMirror(store, sizes) if mirrored else store
        return self._open

    def _connect(self, kind: str) -> QdrantClient:
        if kind == "memory":
            return QdrantClient(":memory:")
        if kind == "path":
            return QdrantClient(path=str(self._folder / "qdrant"))
        return connect(os.environ["QDRANT_URL"], os.environ.get("QDRANT_API_KEY"))

    @property
    def client(self) -> QdrantClient:
        """Of the engine under the store, for looking at what it keeps."""
        assert self._client is not None
        return self._client

    def close(self) -> None:
        if self._client is not None:
            if self._open is not None:
                self._client.delete_collection(self.collection)
            self._client.close()
        elif self._open is not None:
            self._open.close()


@contextmanager
def place(engine: str, folder: Path) -> Iterator[Place]:
    made = Place(engine, folder)
    try:
        yield made
    finally:
        made.close()
