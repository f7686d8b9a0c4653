"""A FAISS copy of a store's dense vectors: k-NN without the GIL, on a GPU where there is one."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from octavo.index.encoders.encoder import Matrix
from octavo.index.store import (
    Failure,
    Filter,
    Fusion,
    MultiVectorName,
    Point,
    ScoredChunk,
    SearchResult,
    Sizes,
    Sparse,
    Store,
    StoredDocument,
    StoreError,
    Subquery,
    ranked,
)
from octavo.index.stores.faiss_ids import FaissIds
from octavo.index.stores.faiss_index import FaissIndex, Kind, load_faiss
from octavo.index.stores.fusion import cut_fused, cut_subquery, fetch_limit, fuse, to_float16
from octavo.ingest.document import Chunk

Dense = Literal["text", "joint"]
_DENSE: tuple[Dense, ...] = ("text", "joint")


class FaissMirror:
    """Satisfies `Store` around a store, which stays the only place where anything is kept.

    Dense subqueries run here, words and late interaction in the store, fusion by the store's
    formulas. A document is mirrored when it is committed, and leaves before it is deleted.
    """

    def __init__(
        self, store: Store, sizes: Sizes, kind: Kind = "flat", gpu: bool = True, refresh: float = 0
    ) -> None:
        """Reads every dense vector of `store`. `gpu`: use one if FAISS has one.

        `refresh`: seconds after which a search looks for documents that other processes committed
        or deleted (for a server); 0: never. Raises StoreError where FAISS is missing.
        """
        self._store = store
        self._wanted = {n: s for n in _DENSE if (s := getattr(sizes, n))}
        self._indexes = {n: FaissIndex(s, kind, gpu) for n, s in self._wanted.items()}
        self._ids = FaissIds()
        self._ids_lock = threading.Lock()  # of `_ids`
        self._write_lock = threading.RLock()
        self._mirrored: dict[str, tuple[int, int]] = {}  # document: serial and chunks
        self._refresh = refresh
        self._refreshed = 0.0
        self.refresh()

    @property
    def name(self) -> str:
        """Engine, version, kind and device: `faiss 1.15.1 (flat, CPU)`."""
        first = next(iter(self._indexes.values()))
        return f"faiss {load_faiss().__version__} ({first.name})"

    def refresh(self) -> None:
        """Mirrors what was committed since, and drops what is gone."""
        with self._write_lock:
            self._refreshed = time.monotonic()
            now = {s.document.id: (s.serial, s.chunks) for s in self._store.documents()}
            for document in [d for d, version in self._mirrored.items() if now.get(d) != version]:
                self._drop(document)
            new = {d: version for d, version in now.items() if d not in self._mirrored}
            if new:
                # All at once, so that inverted lists are trained on everything there is.
                self._load(new, every=len(new) == len(now))

    def settle(self) -> None:
        self._store.settle()

    def begin(self, document: str) -> None:
        with self._write_lock:
            self._store.begin(document)  # first: where it fails, the document stays found
            self._drop(document)

    def upsert(self, points: Sequence[Point]) -> None:
        self._store.upsert(points)

    def commit(self, stored: StoredDocument) -> None:
        document, version = stored.document.id, (stored.serial, stored.chunks)
        with self._write_lock:
            self._store.commit(stored)
            if self._mirrored.get(document) != version:
                self._drop(document)
                self._load({document: version})

    def delete(self, document: str) -> None:
        with self._write_lock:
            self._store.delete(document)
            self._drop(document)

    def documents(self) -> list[StoredDocument]:
        return self._store.documents()

    def find(self, document: str, fresh: bool = False) -> StoredDocument | None:
        return self._store.find(document, fresh)

    def record_failure(self, failure: Failure) -> None:
        self._store.record_failure(failure)

    def failures(self) -> list[Failure]:
        return self._store.failures()

    def forget_failure(self, source: str) -> None:
        self._store.forget_failure(source)

    def count(self) -> int:
        return self._store.count()

    def search(
        self, subqueries: Sequence[Subquery], fusion: Fusion, limit: int, where: Filter
    ) -> SearchResult:
        if not subqueries:
            return SearchResult((), ())
        if self._refresh and time.monotonic() - self._refreshed > self._refresh:
            self.refresh()
        words = self._word_results([s for s in subqueries if s.using == "words"], where)
        lists = [next(words) if s.using == "words" else self._nearest(s, where) for s in subqueries]
        kept = tuple(
            cut_subquery(subquery, points)
            for subquery, points in zip(subqueries, lists, strict=True)
        )
        fused = fuse(fusion, lists, [subquery.weight for subquery in subqueries])
        return SearchResult(kept, cut_fused(kept, fused, limit))

    def maxsim(
        self, tokens: Matrix, ids: Collection[str], using: MultiVectorName = "tokens"
    ) -> list[ScoredChunk]:
        return self._store.maxsim(tokens, ids, using)

    def points(
        self, vectors: Collection[str], documents: Collection[str] = ()
    ) -> Iterator[list[Point]]:
        return self._store.points(vectors, documents)

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        return self._store.chunks(ids)

    def page_chunks(self, document: str, page: int) -> list[Chunk]:
        return self._store.page_chunks(document, page)

    def close(self) -> None:
        self._store.close()

    def _word_results(
        self, subqueries: Sequence[Subquery], where: Filter
    ) -> Iterator[tuple[ScoredChunk, ...]]:
        """What the store has for each; their fusion is not asked for."""
        if not subqueries:
            return iter(())
        wider = [replace(s, limit=fetch_limit(s)) for s in subqueries]
        return iter(self._store.search(wider, "rrf", 1, where).by_subquery)

    def _nearest(self, subquery: Subquery, where: Filter) -> tuple[ScoredChunk, ...]:
        """The best `fetch_limit` points, and what of them is still there when they are named."""
        if isinstance(subquery.vector, Sparse) or subquery.using not in self._indexes:
            have = ", ".join(self._indexes)
            raise StoreError(
                f"subquery {subquery.name!r} searches {subquery.using!r}; the mirror has {have}"
            )
        with self._ids_lock:
            mask = self._ids.mask(where, subquery.kinds)
        query = to_float16(subquery.vector)[None]
        scores, ids = self._indexes[subquery.using].search(query, fetch_limit(subquery), mask)
        with self._ids_lock:
            chunk_ids = [self._ids.chunk(i) if i >= 0 else "" for i in ids[0].tolist()]
        pairs = zip(chunk_ids, scores[0].tolist(), strict=True)
        return ranked([ScoredChunk(name, score) for name, score in pairs if name])

    def _load(self, wanted: Mapping[str, tuple[int, int]], every: bool = False) -> None:
        """Puts committed documents into the indexes; `every`: there are no others to leave out."""
        rows_by_name: dict[Dense, list[tuple[int, Matrix]]] = {n: [] for n in self._indexes}
        counts = dict.fromkeys(wanted, 0)
        for batch in self._store.points(tuple(self._indexes), () if every else tuple(wanted)):
            # Another process may have committed one more since.
            points = [p for p in batch if p.chunk.document in wanted]
            with self._ids_lock:
                ids = self._ids.add(points).tolist()
            for point in points:
                counts[point.chunk.document] += 1
            for name, rows in rows_by_name.items():
                have = ((i, getattr(p, name)) for i, p in zip(ids, points, strict=True))
                rows += [(i, v.astype(np.float16)) for i, v in have if v is not None]
        for name, rows in rows_by_name.items():
            if rows:
                ids = np.array([i for i, _ in rows], np.int64)
                self._indexes[name].add(ids, np.stack([v for _, v in rows]).astype(np.float32))
        self._mirrored.update(wanted)
        for document, count in counts.items():
            if count != wanted[document][1]:  # a commit caught half way: again at the next refresh
                self._drop(document)

    def _drop(self, document: str) -> None:
        self._mirrored.pop(document, None)
        with self._ids_lock:
            ids = self._ids.remove(document)
        for index in self._indexes.values():
            index.remove(ids)
