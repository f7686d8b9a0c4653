"""The store contract on Qdrant Edge: commit, hide, delete; fusion and MaxSim by hand."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.edge import EdgeStore
from index.encode import Matrix
from index.store import RRF_K, Filter, Leg, Point, Sparse, Stored, StoreError
from ingest.document import Box, Chunk, ChunkKind, Document, PageStatus, Region, Span

A, B = "a" * 64, "b" * 64


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EdgeStore]:
    opened = EdgeStore(tmp_path / "store", 4, 4, 2)
    yield opened
    opened.close()


def vector(*values: float) -> Matrix:
    return np.array(values, np.float32)


def chunk(n: int, document: str = A, kind: ChunkKind = "text", page: int = 1) -> Chunk:
    region = Region(document, page, Box(10, 20, 30, 40.5))
    return Chunk(
        str(uuid.UUID(int=n)), document, kind, n, f"text {n}", (region,), ("Part", "Section"),
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
    )


def committed(document: str, chunks: int, name: str = "a.pdf") -> Stored:
    states = (PageStatus(1, "text"), PageStatus(2, "quarantine", "broken"))
    return Stored(
        Document(document, name, f"/x/{name}", 2, {"title": "T"}, states),
        "pdf",
        9,
        chunks,
        ("a", "b"),
        3,
    )


def fill(store: EdgeStore, document: str = A, first: int = 1, last: int = 5) -> None:
    store.begin(document)
    store.upsert([point(n, document) for n in range(first, last + 1)])
    store.commit(committed(document, last - first + 1))


def text_leg(limit: int = 10) -> Leg:
    return Leg("text", "text", vector(1, 0, 0, 0), limit)


def found(store: EdgeStore, where: Filter | None = None) -> list[int]:
    result = store.search([text_leg()], "rrf", 10, where or Filter())
    return [uuid.UUID(s.id).int for s in result.legs[0]]


def test_a_chunk_and_a_document_come_back_as_they_were(store: EdgeStore) -> None:
    store.begin(A)
    store.upsert([point(1, kind="figure")])
    store.commit(committed(A, 1))
    assert store.chunks([str(uuid.UUID(int=1))]) == [chunk(1, kind="figure")]
    assert store.documents() == [committed(A, 1)]
    assert store.find(A) == committed(A, 1)
    assert store.find(B) is None


def test_the_nearest_come_first_and_filters_hold(store: EdgeStore) -> None:
    fill(store)
    fill(store, B, 11, 12)
    assert found(store) == [1, 2, 3, 4, 5, 11, 12]
    assert found(store, Filter(documents=(B,))) == [11, 12]
    assert found(store, Filter(kinds=("figure",))) == []
    assert found(store, Filter(pages=(2,))) == []
    assert found(store, Filter(documents=("c" * 64,))) == []


def test_search_sees_only_committed_documents(store: EdgeStore, tmp_path: Path) -> None:
    fill(store)
    store.begin(B)
    store.upsert([point(9, B)])
    assert found(store) == [1, 2, 3, 4, 5]
    store.commit(committed(B, 1, "b.pdf"))
    assert 9 in found(store)
    assert store.count() == 6


def test_opening_removes_what_was_never_committed(tmp_path: Path) -> None:
    first = EdgeStore(tmp_path / "s", 4, 4, 2)
    fill(first)
    first.begin(B)
    first.upsert([point(9, B)])
    first.close()
    again = EdgeStore(tmp_path / "s", 4, 4, 2)
    assert found(again) == [1, 2, 3, 4, 5]
    assert again.chunks([str(uuid.UUID(int=9))]) == []
    assert again.documents() == [committed(A, 5)]
    again.close()


def test_delete_leaves_nothing_in_any_vector(store: EdgeStore) -> None:
    fill(store)
    before = store.search(legs(), "rrf", 10, Filter())
    fill(store, B, 11, 14)
    store.delete(B)
    assert store.search(legs(), "rrf", 10, Filter()) == before
    assert store.maxsim(np.array([[1, 0]], np.float32), [str(uuid.UUID(int=11))]) == []
    store.delete(A)
    assert store.search(legs(), "rrf", 10, Filter()).fused == ()
    assert store.documents() == []


def legs() -> list[Leg]:
    words = Leg("words", "words", Sparse((3,), (1.0,)), 10, weight=2.0)
    return [text_leg(), words, Leg("joint", "joint", vector(0, 1, 0, 0), 10, kinds=("figure",))]


def test_reciprocal_rank_fusion_by_hand(store: EdgeStore) -> None:
    """Chunk 3 is third by text and first by words, which count twice. With ranks r from 1, the
    engine's weighted form is the sum of 1 / (k + r / weight - 1)."""
    fill(store)
    result = store.search(legs(), "rrf", 10, Filter())
    assert [uuid.UUID(s.id).int for s in result.legs[1]] == [3]
    assert result.legs[2] == ()
    assert uuid.UUID(result.fused[0].id).int == 3
    both = 1 / (RRF_K + 3 - 1) + 1 / (RRF_K + 1 / 2 - 1)
    assert result.fused[0].score == pytest.approx(both, rel=1e-5)
    assert result.fused[1].score == pytest.approx(1 / RRF_K, rel=1e-5)


def test_maxsim_by_hand(store: EdgeStore) -> None:
    """Tokens (1, 0) and (0, n/10): the query (1, 0), (0, 1) scores 1 + n/10."""
    fill(store)
    ids = [str(uuid.UUID(int=n)) for n in (1, 5, 3)]
    scores = store.maxsim(np.eye(2, dtype=np.float32), ids)
    assert [(uuid.UUID(s.id).int, round(s.score, 2)) for s in scores] == [
        (5, 1.5), (3, 1.3), (1, 1.1),
    ]  # fmt: skip
    assert store.maxsim(np.eye(2, dtype=np.float32), []) == []


def test_points_without_some_vectors_are_kept(store: EdgeStore) -> None:
    store.begin(A)
    bare = Point(chunk(1, kind="page"), joint=vector(0, 1, 0, 0))
    store.upsert([bare])
    store.commit(committed(A, 1))
    assert found(store) == []
    joint = Leg("joint", "joint", vector(0, 1, 0, 0), 5)
    assert len(store.search([joint], "dbsf", 5, Filter()).fused) == 1
    assert store.page_chunks(A, 1) == [bare.chunk]


def test_ties_are_broken_by_id(store: EdgeStore) -> None:
    fill(store)
    joint = Leg("joint", "joint", vector(0, 1, 0, 0), 5)
    order = [uuid.UUID(s.id).int for s in store.search([joint], "rrf", 5, Filter()).legs[0]]
    assert order == [1, 2, 3, 4, 5]


def test_a_second_store_on_the_same_shard_is_refused(tmp_path: Path) -> None:
    first = EdgeStore(tmp_path / "s", 4, 4, 2)
    with pytest.raises(StoreError, match="cannot be opened"):
        EdgeStore(tmp_path / "s", 4, 4, 2)
    first.close()


def test_equal_fused_scores_are_cut_by_id_and_not_by_chance(store: EdgeStore) -> None:
    """Two legs that rank the points in opposite order give many equal fused scores."""
    store.begin(A)
    points = []
    for n in range(1, 41):
        up, down = n / 100, (41 - n) / 100
        points.append(
            Point(
                chunk(n),
                text=vector(1, up, 0, 0) / np.float32(np.hypot(1, up)),
                joint=vector(0, down, 0, 0),
            )
        )
    store.upsert(points)
    store.commit(committed(A, 40))
    both = [text_leg(40), Leg("joint", "joint", vector(0, -1, 0, 0), 40)]
    first = store.search(both, "rrf", 7, Filter()).fused
    assert len(first) == 7
    assert first == store.search(both, "rrf", 40, Filter()).fused[:7]
    for _ in range(5):
        assert store.search(both, "rrf", 7, Filter()).fused == first
