"""The FAISS mirror: every kind against exact search, removal, other processes, threads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np
import pytest
from qdrant_client import QdrantClient

from octavo.index.encoders.encoder import Matrix
from octavo.index.store import Filter, Sizes, Store, StoreError
from octavo.index.stores.faiss_ids import FaissIds
from octavo.index.stores.faiss_index import FaissIndex, Ids, Kind, gpu_count
from octavo.index.stores.faiss_mirror import FaissMirror
from octavo.index.stores.fusion import to_float16
from octavo.index.stores.qdrant_edge import EdgeStore
from octavo.index.stores.qdrant_server import QdrantStore
from tests.support.stores import (
    FILTERS,
    RANDOM_SIZES,
    SIZES,
    A,
    B,
    fill,
    fill_at_random,
    identity,
    joint_subquery,
    number,
    point,
    random_subqueries,
    stored,
    text_subquery,
)

KINDS: tuple[Kind, ...] = ("flat", "ivf", "hnsw")


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[EdgeStore]:
    store = EdgeStore(tmp_path / "store", SIZES)
    yield store
    store.close()


def rows(count: int, dim: int = 16, seed: int = 0) -> Matrix:
    """`count` unit vectors around 40 centres, as stores give them."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((40, dim))
    values = centres[random.integers(40, size=count)] + 0.7 * random.standard_normal((count, dim))
    return to_float16(values / np.linalg.norm(values, axis=1, keepdims=True))


def recall(found: Ids, scores: Matrix, k: int) -> float:
    """Share of the exact `k` best by `scores` `(q, n)` among the ids `found` `(q, k)`."""
    best = np.argsort(-scores, axis=1)[:, :k]
    hits = [len({*a.tolist()} & {*b.tolist()}) for a, b in zip(found, best, strict=True)]
    return sum(hits) / (k * len(best))


def numbers(store: Store, where: Filter | None = None) -> list[int]:
    return [
        number(s.id)
        for s in store.search([text_subquery()], "rrf", 10, where or Filter()).by_subquery[0]
    ]


@pytest.fixture(params=[*KINDS, "flat as GPU", "ivf as GPU", "flat on GPU", "ivf on GPU"])
def index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FaissIndex:
    """Of 16 dimensions. "as GPU": what a GPU index cannot do is done beside it here too (sifting,
    rows kept apart), with a CPU index in its place; "on GPU" only where there is one."""
    kind, _, device = request.param.partition(" ")
    if device == "as GPU":
        monkeypatch.setattr("octavo.index.stores.faiss_index.gpu_count", lambda: 1)
        monkeypatch.setattr(faiss, "StandardGpuResources", lambda: "none", raising=False)
        monkeypatch.setattr(faiss, "index_cpu_to_gpu", lambda *a: a[2], raising=False)
    elif device and not gpu_count():
        pytest.skip("no GPU, or a CPU build of FAISS")
    made = FaissIndex(16, kind, gpu=bool(device))
    assert made.name == f"{kind}, {'GPU' if device else 'CPU'}"
    return made


def test_recall_after_adding_in_steps_and_removing(index: FaissIndex) -> None:
    """9,000 rows train lists once; a third removed makes a graph be built again."""
    data, queries = rows(9_000), rows(50, seed=1)
    for start in range(0, 9_000, 1_500):
        ids = np.arange(start, start + 1_500)
        index.add(ids, data[ids])
    least = 1.0 if "flat" in index.name else 0.95
    everything = queries @ data.T
    assert recall(index.search(queries, 10)[1], everything, 10) >= least
    gone = np.arange(0, 9_000, 3)
    index.remove(gone)
    index.remove(gone)  # again: nothing happens
    assert len(index) == 6_000
    left = everything.copy()
    left[:, gone] = -9
    scores, ids = index.search(queries, 10)
    assert not np.isin(ids, gone).any()
    assert recall(ids, left, 10) >= least
    assert np.allclose(scores, np.take_along_axis(everything, ids, axis=1), atol=1e-5)
    few = index.search(queries, 10, np.arange(9_000) % 2 == 0)[1]
    assert ((few % 2 == 0) & (few % 3 != 0)).all()
    left[:, 1::2] = -9
    assert recall(few, left, 10) >= least
    again = np.arange(9_000, 9_010)
    index.add(again, rows(10, seed=2))
    assert again[0] in index.search(rows(10, seed=2)[:1], 1)[1]


def test_a_narrow_filter_loses_nothing(index: FaissIndex) -> None:
    """40 of 6,000 rows may be found: each of them is, in exact order."""
    data, queries = rows(6_000), rows(20, seed=1)
    index.add(np.arange(6_000), data)
    index.remove(np.arange(100))
    mask = np.zeros(6_000, bool)
    mask[np.arange(0, 6_000, 150)] = True
    scores = queries @ data.T
    scores[:, ~mask] = -9
    scores[:, :100] = -9
    found = index.search(queries, 45, mask)[1]
    assert np.array_equal(found[:, :39], np.argsort(-scores, axis=1)[:, :39])
    assert (found[:, 39:] == -1).all()
    assert (index.search(queries, 5, np.zeros(6_000, bool))[1] == -1).all()


def test_a_dropped_row_has_no_name_and_passes_no_filter() -> None:
    """For searches that were under way when their document went."""
    table = FaissIds()
    assert table.add([point(1), point(2, B), point(3)]).tolist() == [0, 1, 2]
    assert table.remove(A).tolist() == [0, 2]
    assert [table.chunk(row) for row in range(3)] == ["", identity(2), ""]
    mask = table.mask(Filter(kinds=("text",)), ())
    assert mask is not None
    assert mask.tolist() == [False, True, False]
    assert table.add([point(1)]).tolist() == [3]
    assert table.mask(Filter(), ()) is None


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="'tree'; there are flat, ivf and hnsw"):
        FaissIndex(4, "tree")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_follows_the_store(kind: Kind, edge: EdgeStore) -> None:
    fill(edge)
    mirror = FaissMirror(edge, SIZES, kind)
    assert kind in mirror.name
    assert numbers(mirror) == [1, 2, 3, 4, 5]
    fill(mirror, B, 11, 14)
    assert numbers(mirror) == numbers(edge) == [1, 2, 3, 4, 5, 11, 12, 13, 14]
    assert numbers(mirror, Filter(documents=(B,))) == [11, 12, 13, 14]
    mirror.delete(A)
    assert numbers(mirror) == [11, 12, 13, 14]
    assert numbers(mirror, Filter(documents=(A,))) == []
    fill(mirror, A, 1, 2)
    assert numbers(mirror) == [1, 2, 11, 12, 13, 14]
    mirror.commit(stored(A, 2, "moved.pdf"))
    assert numbers(mirror) == [1, 2, 11, 12, 13, 14]


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_small_indexes_are_the_same_as_the_engine(kind: Kind, tmp_path: Path) -> None:
    edge = EdgeStore(tmp_path / "store", RANDOM_SIZES)
    mirror = FaissMirror(edge, RANDOM_SIZES, kind)
    fill_at_random(mirror)
    for seed, where in enumerate(FILTERS):
        asked = random_subqueries(seed)
        mine = mirror.search(asked, "rrf", 20, where).fused
        theirs = edge.search(asked, "rrf", 20, where).fused
        assert [p.id for p in mine] == [p.id for p in theirs]
    edge.close()


def test_what_other_processes_do_is_seen_at_the_next_refresh() -> None:
    client = QdrantClient(":memory:")
    other = QdrantStore(client, "c", SIZES)
    fill(other)
    mirror = FaissMirror(QdrantStore(client, "c", SIZES), SIZES, refresh=1e-9)
    fill(other, B, 11, 12)
    assert numbers(mirror) == [1, 2, 3, 4, 5, 11, 12]
    other.begin(A)
    assert numbers(mirror) == [11, 12]
    other.upsert([])
    fill(other, A, 3, 4)
    assert numbers(mirror) == [3, 4, 11, 12]
    other.delete(A)
    assert numbers(mirror) == [11, 12]
    client.close()


def test_a_vector_that_is_not_mirrored_is_named(edge: EdgeStore) -> None:
    mirror = FaissMirror(edge, Sizes(text=4, joint=0))
    with pytest.raises(StoreError, match="'joint'; the mirror has text"):
        mirror.search([joint_subquery()], "rrf", 5, Filter())


def test_searches_run_while_documents_come_and_go(edge: EdgeStore) -> None:
    """No search fails, and none shows a document that was deleted before it began."""
    mirror = FaissMirror(edge, SIZES, "hnsw")
    fill(mirror)
    errors: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                assert set(range(1, 6)) <= set(numbers(mirror))
        except BaseException as error:  # noqa: BLE001  shown by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        fill(mirror, B, 11, 14)
        mirror.delete(B)
        assert not set(numbers(mirror)) & set(range(11, 15))
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert identity(1) in {s.id for s in mirror.search([text_subquery()], "rrf", 9, Filter()).fused}


def test_a_missing_faiss_names_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(StoreError, match=r"pip install 'octavo\[faiss\]'.*octavo\[gpu\]"):
        FaissIndex(4, "flat")
