"""Nearest neighbours measured: data, one engine a process, recall against exact search."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo.index.encoders.encoder import Matrix
from octavo.index.store import StoreError
from octavo.index.stores.fusion import to_float16

Ids = npt.NDArray[np.int64]
Search = Callable[[Matrix, int], Ids]

QUERIES = 256
BATCHES = (1, 16, 256)
_LATENT, _CLUSTERS, _SPREAD, _NOISE = 64, 500, 1.0, 0.05
_BLOCK = 1000  # points in a write


@dataclass(frozen=True, slots=True)
class KnnRow:
    """One engine. `memory` is the growth of the resident set while building, in MB (10^6 bytes),
    None where the system does not tell; `rates` are queries per second by batch size."""

    engine: str
    recall: float
    rates: dict[str, float]
    build: float  # seconds
    memory: float | None


def clustered(count: int, dim: int, seed: int = 0) -> tuple[Matrix, Matrix]:
    """`(count, dim)` and `(QUERIES, dim)` float32 unit vectors of one distribution, as stored.

    500 Gaussian clusters in 64 dimensions, as wide as their centres are far apart, so that they
    overlap; turned into `dim` dimensions by a random matrix, with a little noise in all of them.
    """
    random = np.random.default_rng(seed)
    total = count + QUERIES
    centres = random.standard_normal((_CLUSTERS, _LATENT))
    up = random.standard_normal((_LATENT, dim)) / np.sqrt(_LATENT)
    rows = np.zeros((total, dim), np.float32)
    for start in range(0, total, 10_000):  # float64 of everything at once would not fit for long
        n = min(10_000, total - start)
        latent = centres[random.integers(_CLUSTERS, size=n)]
        latent = latent + _SPREAD * random.standard_normal((n, _LATENT))
        part = latent @ up + _NOISE * random.standard_normal((n, dim))
        rows[start : start + n] = part / np.linalg.norm(part, axis=1, keepdims=True)
    rows = to_float16(rows)
    return rows[:count], rows[count:]


def of_index(directory: Path, count: int) -> tuple[Matrix, Matrix]:
    """Text vectors of a real index, at most `count`, and `QUERIES` others of it as queries.

    Raises StoreError where the index is in use, ValueError where it has too few.
    """
    from octavo.index.lock import IndexLock
    from octavo.index.store import Sizes
    from octavo.index.stores.qdrant_edge import EdgeStore

    if not (directory / "store").exists():
        raise ValueError(f"there is no embedded index at {directory}")
    lock = IndexLock(directory)
    try:
        store = EdgeStore(directory / "store", Sizes(text=1, joint=1))
        vectors = [p.text for batch in store.points(("text",)) for p in batch if p.text is not None]
        store.close()
    finally:
        lock.release()
    if len(vectors) < 2 * QUERIES:
        raise ValueError(f"{directory} has {len(vectors)} text vectors; {2 * QUERIES} are needed")
    rows = np.stack(vectors)[np.random.default_rng(0).permutation(len(vectors))]
    return rows[QUERIES : QUERIES + count], rows[:QUERIES]


def exact(rows: Matrix, queries: Matrix, k: int) -> Ids:
    """`(q, k)` ids of the greatest dot products in float32, equal ones by id."""
    best = [np.lexsort((np.arange(len(rows)), -(rows @ q)))[:k] for q in queries]
    return np.asarray(best, np.int64)


def measure(engine: str, rows: Matrix, queries: Matrix, k: int, seconds: float) -> KnnRow:
    """Builds and asks `engine` in this process; call it in one of its own (`memory`).

    `seconds`: the least time over which a rate is measured.
    """
    truth = exact(rows, queries, k)
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        gc.collect()
        before = _resident()
        start = time.perf_counter()
        search = ENGINES[engine](rows, Path(folder))
        build = time.perf_counter() - start
        gc.collect()
        after = _resident()
        ids = np.concatenate([search(queries[i : i + 64], k) for i in range(0, QUERIES, 64)])
        hits = [len({*a} & {*b}) for a, b in zip(ids.tolist(), truth.tolist(), strict=True)]
        rates = {}
        for batch in BATCHES:
            rates[str(batch)] = round(_rate(search, queries, k, batch, seconds), 1)
    grown = round((after - before) / 1e6, 1) if before is not None and after is not None else None
    return KnnRow(engine, round(sum(hits) / (k * QUERIES), 4), rates, round(build, 2), grown)


def _rate(search: Search, queries: Matrix, k: int, batch: int, seconds: float) -> float:
    searched, start = 0, time.perf_counter()
    while True:
        for i in range(0, QUERIES, batch):
            search(queries[i : i + batch], k)
            searched += batch
            passed = time.perf_counter() - start
            if passed >= seconds:
                return searched / passed


def _faiss(kind: Any, gpu: bool) -> Callable[[Matrix, Path], Search]:
    def build(rows: Matrix, _: Path) -> Search:
        from octavo.index.stores.faiss_index import FaissIndex

        index = FaissIndex(rows.shape[1], kind, gpu)
        index.add(np.arange(len(rows), dtype=np.int64), rows)
        return lambda queries, k: index.search(queries, k)[1]

    return build


def _edge(graph: bool) -> Callable[[Matrix, Path], Search]:
    def build(rows: Matrix, folder: Path) -> Search:
        import qdrant_edge as qe

        hnsw = qe.HnswIndexConfig(m=16, ef_construct=100, full_scan_threshold=10)
        params = qe.EdgeVectorParams(
            size=rows.shape[1],
            distance=qe.Distance.Dot,
            datatype=qe.VectorStorageDatatype.Float16,
            hnsw_config=hnsw,
        )
        # Without the lower threshold a small count would be left without a graph.
        optimizers = qe.EdgeOptimizersConfig(indexing_threshold=1)
        config = qe.EdgeConfig(vectors={"text": params}, optimizers=optimizers)
        shard = qe.EdgeShard.create(str(folder), config)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK].tolist()
            points = [qe.Point(start + i, {"text": row}, {}) for i, row in enumerate(block)]
            shard.update(qe.UpdateOperation.upsert_points(points))
        if graph:
            shard.optimize()
        how = qe.SearchParams(exact=not graph)

        def search(queries: Matrix, k: int) -> Ids:
            requests = [
                qe.QueryRequest(limit=k, query=qe.Query.Nearest(q.tolist(), "text"), params=how)
                for q in queries
            ]
            answers = shard.query_batch(qe.QueryBatchRequest(requests))
            return np.asarray([[int(p.id) for p in points] for points in answers], np.int64)

        return search

    return build


ENGINES: dict[str, Callable[[Matrix, Path], Search]] = {
    "edge-exact": _edge(graph=False),
    "edge-hnsw": _edge(graph=True),
    "faiss-flat": _faiss("flat", gpu=False),
    "faiss-ivf": _faiss("ivf", gpu=False),
    "faiss-hnsw": _faiss("hnsw", gpu=False),
    "faiss-flat-gpu": _faiss("flat", gpu=True),
    "faiss-ivf-gpu": _faiss("ivf", gpu=True),
}


def _resident() -> int | None:
    """Bytes of this process in memory (Linux)."""
    with suppress(OSError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize()
    return None


def run_apart(engine: str, data: Path, k: int, seconds: float = 1.0) -> KnnRow:
    """Measures in a child process. `data` is an `.npz` with `rows` and `queries`.

    Raises StoreError where the child fails, or dies.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_measure_file, engine, data, k, seconds).result()
        except (StoreError, RuntimeError, ValueError, LookupError, OSError, MemoryError) as error:
            raise StoreError(f"{engine} could not be measured: {error}") from error


def _measure_file(engine: str, data: Path, k: int, seconds: float) -> KnnRow:
    with np.load(data) as arrays:
        return measure(engine, arrays["rows"], arrays["queries"], k, seconds)
