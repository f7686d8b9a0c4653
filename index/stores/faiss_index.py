"""Nearest neighbours by inner product in FAISS: one matrix, exact, inverted lists or a graph."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from octavo.index.encoders.encoder import Matrix
from octavo.index.store import StoreError
from octavo.index.stores.rwlock import ReadWriteLock

Kind = Literal["flat", "ivf", "hnsw"]
Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SMALL = 5_000  # rows below which inverted lists are not worth training: searched exactly
_TRAINED_ON = 64  # rows a list that k-means sees; FAISS warns under 39 and uses 256 at most
_GROWN = 3  # times its size at training after which the lists are trained again
_LINKS, _BUILD, _SEARCH = 32, 128, 128  # HNSW: M, efConstruction, efSearch
_REMOVED = 0.25  # share of removed rows at which an index that cannot remove is built again
_SPLIT = 8  # queries from which on a batch is worth several threads
_NARROW = 0.1  # share of rows under which a filter is narrow
_GPU_MOST = 2048  # neighbours a GPU index gives at most


def load_faiss() -> Any:
    """The module. Raises StoreError with the line to type where it is missing."""
    try:
        import faiss
    except ImportError:
        raise StoreError(
            "FAISS is not installed: pip install 'octavo[faiss]' (CPU), or "
            "pip install 'octavo[gpu]' (NVIDIA GPU)"
        ) from None
    return faiss


def gpu_count() -> int:
    """GPUs that the installed FAISS can use; 0 for a CPU build."""
    faiss = load_faiss()
    return int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0


class FaissIndex:
    """Rows by int64 id. Searches run side by side, without the GIL; changes take turns."""

    def __init__(self, dim: int, kind: Kind, gpu: bool = False) -> None:
        """`gpu` puts `flat` and `ivf` on the first GPU, where FAISS sees one; `hnsw` has no GPU
        form. Raises StoreError without FAISS, ValueError for an unknown kind."""
        if kind not in ("flat", "ivf", "hnsw"):
            raise ValueError(f"unknown kind of index {kind!r}; there are flat, ivf and hnsw")
        self._faiss = load_faiss()
        self._dim = dim
        self._kind = kind
        self._device = (
            self._faiss.StandardGpuResources() if gpu and kind != "hnsw" and gpu_count() else None
        )
        self._lock = ReadWriteLock()
        self._write_lock = threading.Lock()
        self._removed = np.zeros(0, np.int64)  # removed rows that are still in the index
        # A GPU index can be neither filtered nor removed from: its rows are here, too.
        self._blocks: list[tuple[Ids, npt.NDArray[np.float16]]] = []
        self._index, self._trained = self._build(*_no_rows(dim))

    @property
    def name(self) -> str:
        """What runs: `ivf, GPU`."""
        return f"{self._kind}, {'GPU' if self._device else 'CPU'}"

    def __len__(self) -> int:
        return int(self._index.ntotal) - len(self._removed)

    def add(self, ids: Ids, rows: Matrix) -> None:
        """`ids` `(n,)` that were never in the index, `rows` `(n, dim)` float32, rounded to float16
        as stores give them. Inverted lists are trained again where the index has grown `_GROWN`
        times; searches go on meanwhile."""
        if not len(ids):
            return
        with self._write_lock:
            total = len(self) + len(ids)
            if self._kind == "ivf" and total >= max(_SMALL, _GROWN * self._trained):
                old_ids, old = self._live_rows()
                self._replace(np.concatenate([old_ids, ids]), np.concatenate([old, rows]))
                return
            with self._lock.write():
                self._index.add_with_ids(_contiguous(rows), ids)
                if self._device:
                    self._blocks.append((ids, rows.astype(np.float16)))

    def remove(self, ids: Ids) -> None:
        """Rows that are not there are passed over."""
        if not len(ids):
            return
        with self._write_lock:
            with self._lock.write():
                if self._kind != "hnsw" and not self._device:
                    self._index.remove_ids(self._faiss.IDSelectorBatch(ids))
                    return
                parts = [part for part, _ in self._blocks] if self._device else [self._ids()]
                present = np.concatenate([*parts, np.zeros(0, np.int64)])
                self._removed = np.union1d(self._removed, np.intersect1d(ids, present))
            if len(self._removed) > _REMOVED * int(self._index.ntotal):
                self._replace(*self._live_rows())

    def search(self, queries: Matrix, k: int, mask: Mask | None = None) -> tuple[Matrix, Ids]:
        """Scores `(q, k)` float32, best first, and ids `(q, k)`, -1 where there are fewer.

        `mask[id]` says which ids may be found, ids beyond its end may not; None: all.
        """
        queries = _contiguous(queries)
        with self._threads(len(queries)):
            if self._device:
                with self._lock.write():  # a GPU index takes one call at a time
                    return self._search_gpu(queries, k, mask)
            with self._lock.read():
                if len(self._removed):
                    end = int(self._ids().max()) + 1
                    mask = np.ones(end, bool) if mask is None else mask.copy()
                    mask[self._removed[self._removed < len(mask)]] = False
                if mask is not None and not mask.any():
                    return _no_results(len(queries), k)
                return self._search_cpu(queries, k, mask)

    @contextmanager
    def _threads(self, queries: int) -> Iterator[None]:
        """FAISS splits work by query, and threads that wait for one another on a busy machine made
        a single query take 20 ms instead of 2: few queries run in the calling thread alone."""
        before = self._faiss.omp_get_max_threads()  # of this thread, as what is set is
        if queries < _SPLIT:
            self._faiss.omp_set_num_threads(1)
        try:
            yield
        finally:
            self._faiss.omp_set_num_threads(before)

    def _search_cpu(self, queries: Matrix, k: int, mask: Mask | None) -> tuple[Matrix, Ids]:
        faiss = self._faiss
        packed = None if mask is None else np.packbits(mask, bitorder="little")
        chosen = None if packed is None else faiss.IDSelectorBitmap(packed)
        # A graph walk and a few lists lose what a narrow filter leaves: then every row is asked.
        narrow = mask is not None and mask.sum() < _NARROW * int(self._index.ntotal)
        if self._kind == "hnsw" and narrow and mask is not None:
            ids = self._ids()
            packed = np.packbits(_allowed(mask, ids), bitorder="little")
            params = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(packed))
            flat = faiss.downcast_index(faiss.downcast_index(self._index.index).storage)
            scores, places = flat.search(queries, k, params=params)
            return scores, np.where(places >= 0, ids[places], -1)
        if self._kind == "hnsw":
            params = faiss.SearchParametersHNSW(sel=chosen, efSearch=max(_SEARCH, k))
        elif self._trained:
            lists = _list_count(self._trained)
            params = faiss.SearchParametersIVF(
                sel=chosen, nprobe=lists if narrow else _probes(lists)
            )
        else:
            params = faiss.SearchParameters(sel=chosen)
        scores, ids = self._index.search(queries, k, params=params)
        return scores, ids

    def _search_gpu(self, queries: Matrix, k: int, mask: Mask | None) -> tuple[Matrix, Ids]:
        """More than `k`, sifted; where too few stay, the rows that may be found, exactly, here."""
        total = int(self._index.ntotal)
        fetched = min(_GPU_MOST, total, 2 * k + 64)
        if k > _GPU_MOST or not fetched:
            return self._search_rows(queries, k, mask)
        scores, ids = self._index.search(queries, fetched)
        good = (ids >= 0) & ~np.isin(ids, self._removed)
        if mask is not None:
            good &= _allowed(mask, ids)
        if fetched < total and (good.sum(axis=1) < k).any():
            return self._search_rows(queries, k, mask)
        order = np.argsort(~good, axis=1, kind="stable")[:, :k]
        ids = np.take_along_axis(np.where(good, ids, -1), order, axis=1)
        return _pad(np.take_along_axis(scores, order, axis=1), ids, k)

    def _search_rows(self, queries: Matrix, k: int, mask: Mask | None) -> tuple[Matrix, Ids]:
        ids, rows = self._live_rows()
        if mask is not None:
            chosen = _allowed(mask, ids)
            ids, rows = ids[chosen], rows[chosen]
        if not len(ids):
            return _no_results(len(queries), k)
        scores, places = self._faiss.knn(
            queries, _contiguous(rows), min(k, len(ids)), metric=self._faiss.METRIC_INNER_PRODUCT
        )
        return _pad(scores, ids[places], k)

    def _replace(self, ids: Ids, rows: Matrix) -> None:
        """A new index beside the old one, then the switch. The writer's lock is held."""
        index, trained = self._build(ids, rows)
        with self._lock.write():
            self._index, self._trained = index, trained
            self._removed = np.zeros(0, np.int64)
            self._blocks = [(ids, rows.astype(np.float16))] if self._device else []

    def _live_rows(self) -> tuple[Ids, Matrix]:
        """Ids and rows without the removed ones."""
        parts = self._contents()
        ids = np.concatenate([i for i, _ in parts])
        rows = np.concatenate([np.asarray(r, np.float32) for _, r in parts])
        keep = ~np.isin(ids, self._removed)
        return ids[keep], rows[keep]

    def _contents(self) -> list[tuple[Ids, Any]]:
        """Blocks of ids and rows; FAISS keeps rows whole in all three kinds."""
        if self._device or not self._index.ntotal:
            return [*self._blocks, _no_rows(self._dim)]
        if self._trained:
            return _list_contents(self._faiss, self._index, self._dim)
        return [(self._ids(), self._index.index.reconstruct_n(0, int(self._index.ntotal)))]

    def _ids(self) -> Ids:
        ids: Ids = self._faiss.vector_to_array(self._index.id_map)
        return ids

    def _build(self, ids: Ids, rows: Matrix) -> tuple[Any, int]:
        """An index of `rows`, and the number of rows its lists were trained on, or 0."""
        faiss, dim, metric = self._faiss, self._dim, self._faiss.METRIC_INNER_PRODUCT
        trained = 0
        if self._kind == "hnsw":
            graph = faiss.IndexHNSWFlat(dim, _LINKS, metric)
            graph.hnsw.efConstruction = _BUILD
            index = faiss.IndexIDMap(graph)
        elif self._kind == "ivf" and len(rows) >= _SMALL:
            lists = _list_count(len(rows))
            # Not under IndexIDMap, whose removal takes it that the ids behind move up.
            index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, lists, metric)
            index.cp.min_points_per_centroid = 16  # fewer than FAISS likes, as lists are many
            sample = np.random.default_rng(0).permutation(len(rows))[: _TRAINED_ON * lists]
            index.train(_contiguous(rows[sample]))
            index.nprobe = _probes(lists)
            trained = len(rows)
            if self._device:
                index = faiss.index_cpu_to_gpu(self._device, 0, index)
        else:
            plain = faiss.IndexFlatIP(dim)
            if self._device:
                plain = faiss.index_cpu_to_gpu(self._device, 0, plain)
            index = faiss.IndexIDMap(plain)
        if len(ids):
            index.add_with_ids(_contiguous(rows), ids)
        return index, trained


def _list_contents(faiss: Any, index: Any, dim: int) -> list[tuple[Ids, Any]]:
    """Ids and rows of inverted lists, list by list."""
    lists = index.invlists
    blocks: list[tuple[Ids, Any]] = [_no_rows(dim)]
    for n in range(index.nlist):
        size = lists.list_size(n)
        if size:
            codes = faiss.rev_swig_ptr(lists.get_codes(n), size * index.code_size)
            ids = faiss.rev_swig_ptr(lists.get_ids(n), size)
            blocks.append((ids.copy(), codes.view(np.float32).reshape(size, dim).copy()))
    return blocks


def _allowed(mask: Mask, ids: Ids) -> Mask:
    """`mask[id]`, False for ids that it does not reach, and for -1."""
    inside = (ids >= 0) & (ids < len(mask))
    return np.asarray(inside & mask[np.where(inside, ids, 0)], bool)


def _pad(scores: Matrix, ids: Ids, k: int) -> tuple[Matrix, Ids]:
    short = ((0, 0), (0, k - ids.shape[1]))
    return np.pad(scores, short), np.pad(ids, short, constant_values=-1)


def _no_rows(dim: int) -> tuple[Ids, Matrix]:
    return np.zeros(0, np.int64), np.zeros((0, dim), np.float32)


def _list_count(rows: int) -> int:
    """Inverted lists for `rows`: 2 sqrt(n). More of them are faster, and lose more."""
    return int(2 * rows**0.5)


def _probes(lists: int) -> int:
    return max(8, lists // 8)


def _contiguous(rows: Matrix) -> Matrix:
    return np.ascontiguousarray(rows, np.float32)


def _no_results(queries: int, k: int) -> tuple[Matrix, Ids]:
    return np.zeros((queries, k), np.float32), np.full((queries, k), -1, np.int64)
