"""The store contract on every engine: commit, hide, delete; fusion and MaxSim by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as qe

from octavo.index.store import (
    RRF_K,
    Filter,
    Fusion,
    Point,
    ScoredChunk,
    Sizes,
    Sparse,
    Store,
    StoredDocument,
    StoreError,
    Subquery,
)
from octavo.index.stores.payload import commit_id, document_payload, failure_id, stored_from
from octavo.index.stores.qdrant_edge import EdgeStore
from octavo.ingest.document import Document, PageState, PageStatus
from tests.support.stores import (
    FILTERS,
    RANDOM_SIZES,
    SIZES,
    A,
    B,
    Place,
    chunk,
    failure,
    fill,
    fill_at_random,
    identity,
    joint_subquery,
    number,
    place,
    point,
    random_subqueries,
    stored,
    text_subquery,
    vector,
)

needs_server = pytest.mark.skipif("QDRANT_URL" not in os.environ, reason="QDRANT_URL is not set")
ENGINES = [
    "edge", "edge+faiss", "memory", "memory+faiss", "path",
    pytest.param("server", marks=needs_server), pytest.param("server+faiss", marks=needs_server),
]  # fmt: skip
FUSIONS: tuple[Fusion, ...] = ("rrf", "dbsf")


@pytest.fixture(params=ENGINES)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def store(where: Place) -> Store:
    return where.open()


def found(store: Store, where: Filter | None = None) -> list[int]:
    result = store.search([text_subquery()], "rrf", 10, where or Filter())
    return [number(s.id) for s in result.by_subquery[0]]


def subqueries() -> list[Subquery]:
    words = Subquery("words", "words", Sparse((3,), (1.0,)), 10, weight=2.0)
    return [
        text_subquery(),
        words,
        Subquery("joint", "joint", vector(0, 1, 0, 0), 10, kinds=("figure",)),
    ]


def test_a_chunk_and_a_document_come_back_as_they_were(store: Store) -> None:
    store.begin(A)
    store.upsert([point(1, kind="figure")])
    store.commit(stored(A, 1))
    assert store.chunks([identity(1)]) == [chunk(1, kind="figure")]
    assert store.chunks([identity(7), identity(1)]) == [chunk(1, kind="figure")]
    assert store.documents() == [stored(A, 1)]
    assert store.find(A) == stored(A, 1)
    assert store.find(B) is None


def test_the_nearest_come_first_and_filters_hold(store: Store) -> None:
    fill(store)
    fill(store, B, 11, 12)
    assert found(store) == [1, 2, 3, 4, 5, 11, 12]
    assert found(store, Filter(documents=(B,))) == [11, 12]
    assert found(store, Filter(kinds=("figure",))) == []
    assert found(store, Filter(pages=(2,))) == []
    assert found(store, Filter(documents=("c" * 64,))) == []
    assert [c.ordinal for c in store.page_chunks(B, 1)] == [11, 12]
    assert store.page_chunks(B, 2) == []


def test_nothing_of_a_document_is_seen_before_its_commit(store: Store) -> None:
    fill(store)
    store.begin(B)
    store.upsert([point(9, B)])
    assert found(store) == [1, 2, 3, 4, 5]
    assert store.chunks([identity(9)]) == []
    assert store.page_chunks(B, 1) == []
    assert store.maxsim(np.eye(2, dtype=np.float32), [identity(9)]) == []
    assert [p.chunk.ordinal for batch in store.points(()) for p in batch] == [1, 2, 3, 4, 5]
    assert store.count() == 5
    store.commit(stored(B, 1, "b.pdf"))
    assert 9 in found(store)
    assert store.count() == 6


def test_uncommitted_chunks_do_not_move_the_idf(store: Store) -> None:
    fill(store)
    before = store.search(subqueries(), "rrf", 10, Filter())
    store.begin(B)
    store.upsert([point(3 + 10 * n, B) for n in range(1, 9)])
    assert store.search(subqueries(), "rrf", 10, Filter()) == before


def test_opening_removes_what_was_never_committed(where: Place) -> None:
    first = where.open()
    fill(first)
    first.begin(B)
    first.upsert([point(9, B)])
    again = where.open(stale=0)
    assert found(again) == [1, 2, 3, 4, 5]
    assert again.chunks([identity(9)]) == []
    assert again.documents() == [stored(A, 5)]
    again.commit(stored(A, 5, "moved.pdf"))
    assert found(where.open(stale=0)) == [1, 2, 3, 4, 5]


def test_a_document_begun_again_loses_its_old_chunks(store: Store) -> None:
    fill(store)
    store.begin(A)
    assert found(store) == []
    assert store.documents() == []
    store.upsert([point(2), point(8)])
    store.commit(stored(A, 2))
    assert found(store) == [2, 8]


def test_delete_leaves_nothing_in_any_vector(store: Store) -> None:
    fill(store)
    before = store.search(subqueries(), "rrf", 10, Filter())
    fill(store, B, 11, 14)
    store.delete(B)
    assert store.search(subqueries(), "rrf", 10, Filter()) == before
    assert store.maxsim(np.array([[1, 0]], np.float32), [identity(11)]) == []
    store.delete(A)
    assert store.search(subqueries(), "rrf", 10, Filter()).fused == ()
    assert store.documents() == []
    assert list(store.points(("text",))) == []


def test_reciprocal_rank_fusion_by_hand(store: Store) -> None:
    """Chunk 3 is third by text and first by words, which count twice. With ranks r from 1, the
    engine's weighted form is the sum of 1 / (k + r / weight - 1)."""
    fill(store)
    result = store.search(subqueries(), "rrf", 10, Filter())
    assert [number(s.id) for s in result.by_subquery[1]] == [3]
    assert result.by_subquery[2] == ()
    assert number(result.fused[0].id) == 3
    both = 1 / (RRF_K + 3 - 1) + 1 / (RRF_K + 1 / 2 - 1)
    assert result.fused[0].score == pytest.approx(both, rel=1e-5)
    assert result.fused[1].score == pytest.approx(1 / RRF_K, rel=1e-5)


def test_distribution_based_fusion_by_hand(store: Store) -> None:
    """One point alone counts 0.5; texts lie around their mean in units of 6 sigma."""
    fill(store)
    result = store.search(subqueries(), "dbsf", 10, Filter())
    scores = np.array([s.score for s in result.by_subquery[0]])
    parts = (scores - scores.mean()) / (6 * scores.std(ddof=1)) + 0.5
    expected = {
        n: part + (0.5 if n == 3 else 0) for n, part in zip(range(1, 6), parts, strict=True)
    }
    assert {number(s.id): s.score for s in result.fused} == pytest.approx(expected, abs=1e-5)


def test_maxsim_by_hand(store: Store) -> None:
    """Tokens (1, 0) and (0, n/10): the query (1, 0), (0, 1) scores 1 + n/10."""
    fill(store)
    ids = [identity(n) for n in (1, 5, 3)]
    scores = store.maxsim(np.eye(2, dtype=np.float32), ids)
    assert [(number(s.id), round(s.score, 2)) for s in scores] == [(5, 1.5), (3, 1.3), (1, 1.1)]
    assert store.maxsim(np.eye(2, dtype=np.float32), []) == []


def test_patches_are_a_late_interaction_of_their_own(store: Store) -> None:
    """Patches (0, 1), (n/10, 0), (-1, 0): the query (1, 0), (0, 1) scores n/10 + 1."""
    store.begin(A)
    store.upsert([point(1), point(2, kind="figure"), point(4, kind="figure")])
    store.commit(stored(A, 3))
    ids = [identity(n) for n in (1, 2, 4)]
    scores = store.maxsim(np.eye(2, dtype=np.float32), ids, using="patches")
    assert [(number(s.id), round(s.score, 2)) for s in scores] == [(4, 1.4), (2, 1.2)]


def test_points_come_back_rounded_to_half_precision(store: Store) -> None:
    fill(store)
    store.begin(B)
    store.upsert([point(9, B, "figure")])
    store.commit(stored(B, 1))
    every = [p for batch in store.points(("text", "tokens", "words")) for p in batch]
    assert sorted(p.chunk.ordinal for p in every) == [1, 2, 3, 4, 5, 9]
    [batch] = store.points(("text", "joint", "tokens", "patches", "words"), (B,))
    [back], there = batch, point(9, B, "figure")
    assert back.chunk == there.chunk
    assert back.words is not None
    assert there.words is not None
    assert dict(zip(back.words.indices, back.words.values, strict=True)) == {9: 1.0, 99: 0.5}
    for name in ("text", "joint", "tokens", "patches"):
        row = getattr(back, name)
        assert row.dtype == np.float32
        assert np.array_equal(row, getattr(there, name).astype(np.float16))
    [[bare]] = store.points((), (B,))
    assert bare == Point(there.chunk)


def test_points_without_some_vectors_are_kept(store: Store) -> None:
    store.begin(A)
    bare = Point(chunk(1, kind="page"), joint=vector(0, 1, 0, 0))
    store.upsert([bare])
    store.commit(stored(A, 1))
    assert found(store) == []
    assert len(store.search([joint_subquery()], "dbsf", 5, Filter()).fused) == 1
    assert store.page_chunks(A, 1) == [bare.chunk]


def test_a_store_without_late_interaction_has_no_such_vectors(where: Place) -> None:
    store = where.open(Sizes(text=4, joint=4))
    store.begin(A)
    store.upsert([Point(chunk(1), text=vector(1, 0, 0, 0))])
    store.commit(stored(A, 1))
    assert found(store) == [1]


def test_ties_are_broken_by_id(store: Store) -> None:
    fill(store)
    order = [
        number(s.id) for s in store.search([joint_subquery(5)], "rrf", 5, Filter()).by_subquery[0]
    ]
    assert order == [1, 2, 3, 4, 5]


def test_equal_fused_scores_are_cut_by_id_and_not_by_chance(store: Store) -> None:
    """Two subqueries that rank the points in opposite order give many equal fused scores."""
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
    store.commit(stored(A, 40))
    both = [text_subquery(40), Subquery("joint", "joint", vector(0, -1, 0, 0), 40)]
    first = store.search(both, "rrf", 7, Filter()).fused
    assert len(first) == 7
    assert first == store.search(both, "rrf", 40, Filter()).fused[:7]
    for _ in range(5):
        assert store.search(both, "rrf", 7, Filter()).fused == first


def test_a_second_store_on_the_same_shard_is_refused(tmp_path: Path) -> None:
    first = EdgeStore(tmp_path / "s", SIZES)
    with pytest.raises(StoreError, match="cannot be opened"):
        EdgeStore(tmp_path / "s", SIZES)
    first.close()


def test_a_shard_of_an_earlier_version_opens(tmp_path: Path) -> None:
    """Its texts are compared by cosine, and it has no patches."""
    folder = tmp_path / "s"
    folder.mkdir()
    cosine = qe.EdgeVectorParams(size=4, distance=qe.Distance.Cosine)
    words = {"words": qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf)}
    qe.EdgeShard.create(str(folder), qe.EdgeConfig({"text": cosine}, words)).close()
    store = EdgeStore(folder, SIZES)
    store.begin(A)
    store.upsert([Point(chunk(n), text=point(n).text) for n in (2, 1)])
    store.commit(stored(A, 2))
    assert found(store) == [1, 2]
    store.close()
    again = EdgeStore(folder, Sizes(text=1, joint=1))  # an existing shard has its own sizes
    assert (again.documents(), again.failures()) == ([stored(A, 2)], [])
    again.close()


def test_the_log_stays_short_also_of_an_older_shard(tmp_path: Path) -> None:
    shard = tmp_path / "store"
    store = EdgeStore(shard, RANDOM_SIZES)
    fill_at_random(store)
    store.close()
    assert _bytes(shard / "wal") < 16 << 20  # 100 MB with the engine's own setting
    config = shard / "edge_config.json"
    older = json.loads(config.read_text())
    del older["wal_options"]
    config.write_text(json.dumps(older))
    store = EdgeStore(shard, RANDOM_SIZES)
    found = sum(len(batch) for batch in store.points(("text",)))
    assert found == store.count() > 0
    store.close()
    assert _bytes(shard / "wal") < 16 << 20
    assert json.loads(config.read_text())["wal_options"]["segment_capacity"] == 4 << 20


def test_the_log_is_cut_while_a_long_document_is_written(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "store", SIZES)
    rows = np.ones((1000, 2), np.float32)
    most = 0
    store.begin(A)
    for batch in range(30):
        store.upsert([replace(point(batch * 100 + i), tokens=rows) for i in range(100)])
        most = max(most, _bytes(tmp_path / "store" / "wal"))
    store.close()
    assert most < 32 << 20  # 50 MB if it were not cut


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def test_a_failure_is_kept_until_it_is_forgiven(where: Place) -> None:
    """Over reopening, too, and over everything that happens to the document it names."""
    store = where.open()
    bad, gone = failure(), failure("upload:1", "the file is empty")
    store.record_failure(failure(reason="took too long"))
    store.record_failure(bad)
    store.record_failure(gone)
    assert store.failures() == [bad, gone]
    store.begin("f" * 64)
    store.delete("f" * 64)
    again = where.open(stale=0)
    assert again.failures() == [bad, gone]
    again.forget_failure(gone.source)
    again.forget_failure("never failed")
    assert again.failures() == [bad]
    assert where.open(stale=0).failures() == [bad]


def test_nothing_but_the_ledger_sees_a_failure(where: Place) -> None:
    """Search, scores, counts, mirrors and copies are what they were, chunk for chunk."""
    store = where.open()
    fill(store)

    def seen(store: Store) -> object:
        every = [p.chunk.id for batch in store.points(("text",)) for p in batch]
        found = [store.search(subqueries(), fusion, 10, Filter()) for fusion in FUSIONS]
        ids = [identity(1), failure_id("/x/bad.pdf"), commit_id(A)]
        return store.documents(), store.count(), every, found, store.chunks(ids)

    before = seen(store)
    for n in range(20):
        store.record_failure(failure(f"/x/{n}.pdf"))
    store.record_failure(failure())
    assert seen(store) == before
    store.begin(B)  # hidden chunks make engines count anew
    store.upsert([point(9, B)])
    assert seen(store) == before
    store.delete(B)
    assert seen(where.open(stale=0)) == before


def test_pages_come_back_from_their_runs(store: Store) -> None:
    lost: tuple[PageState, str] = ("failed", "b")
    states: list[tuple[PageState, str]] = [*(("ocr", ""),) * 3, *(("failed", "a"),) * 2]
    states += [lost, ("text", ""), ("image", ""), lost]
    statuses = tuple(PageStatus(n, *row) for n, row in enumerate(states, 1))
    document = Document(A, "a.pdf", "/x/a.pdf", len(states), {}, statuses)
    store.begin(A)
    store.commit(StoredDocument(document, "pdf", 9, 0, ("/x/a.pdf",), 1))
    [back] = store.documents()
    assert back.document.statuses == statuses
    assert document_payload(back)["states"] == [
        [1, 3, "ocr", ""], [4, 5, "quarantine", "a"], [6, 6, "quarantine", "b"],
        [8, 8, "image", ""], [9, 9, "quarantine", "b"],
    ]  # fmt: skip  # the word that indexes of every version hold


def test_a_commit_record_of_an_earlier_version_is_read() -> None:
    """It listed the pages that are not plain text one by one."""
    row = document_payload(stored(A, 1)) | {"pages": 3, "states": [[2, "ocr", ""]]}
    assert [s.state for s in stored_from(row).document.statuses] == ["text", "ocr", "text"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with place("edge", tmp_path_factory.mktemp("reference")) as made:
        store = made.open(RANDOM_SIZES)
        fill_at_random(store)
        yield store


@pytest.mark.parametrize("engine", [e for e in ENGINES if e not in ("edge", "path")])
def test_every_engine_gives_the_same_ids_and_scores(
    engine: str, reference: Store, tmp_path: Path
) -> None:
    """Legs, both fusions, filters, late interaction; to 1e-5. BM25 sums are rounded to 4 digits,
    so that two sums which differ in the seventh may be one step of 1e-4 apart."""
    with place(engine, tmp_path) as made:
        store = made.open(RANDOM_SIZES)
        fill_at_random(store)
        for seed, where in enumerate((*FILTERS, Filter())):
            asked = random_subqueries(seed)
            for fusion in FUSIONS:
                mine = store.search(asked, fusion, 60, where)
                theirs = reference.search(asked, fusion, 60, where)
                for subquery, a, b in zip(asked, mine.by_subquery, theirs.by_subquery, strict=True):
                    same(a, b, 1.01e-4 if subquery.using == "words" else 1e-5)
                same(mine.fused, theirs.fused, 1e-5)
            ids = [p.id for p in reference.search(asked, "rrf", 60, where).fused]
            tokens = np.asarray(asked[0].vector)[:32].reshape(2, 16)
            same(store.maxsim(tokens, ids), reference.maxsim(tokens, ids), 1e-5)
            patches = tokens.reshape(4, 8)
            same(
                store.maxsim(patches, ids, using="patches"),
                reference.maxsim(patches, ids, using="patches"),
                1e-5,
            )
        assert store.count() == reference.count() == 300
        assert store.documents() == reference.documents()


def test_the_random_questions_ask_something(reference: Store) -> None:
    """Full subqueries, a filter that leaves some, and one that leaves nothing."""
    sizes = [
        [len(p) for p in reference.search(random_subqueries(0), "rrf", 60, w).by_subquery]
        for w in FILTERS
    ]
    assert sizes[0] == [30, 30, 30]
    assert sizes[4][0] in range(5, 30)
    assert sizes[5] == [0, 0, 0]


def same(mine: Sequence[ScoredChunk], theirs: Sequence[ScoredChunk], tolerance: float) -> None:
    assert [p.id for p in mine] == [p.id for p in theirs]
    assert [p.score for p in mine] == pytest.approx([p.score for p in theirs], abs=tolerance)


def test_four_bits_a_number_are_near_smaller_and_the_same_every_time(tmp_path: Path) -> None:
    """Scores move by hundredths, and not by chance: two indexes and a reopened one agree."""
    sizes = Sizes(text=4, joint=4, tokens=96)
    random = np.random.default_rng(4)
    rows = random.normal(size=(40, 200, 96)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    tokens = (rows[:2, 0] + 0.5 * rows[2:4, 0]).astype(np.float32)
    points = [Point(chunk(n), vector(1, 0, 0, 0), vector(0, 1, 0, 0), rows[n]) for n in range(40)]
    ids = [identity(n) for n in range(40)]
    scores: dict[str, list[float]] = {}
    bytes_of: dict[str, int] = {}
    for name, bits in (("full", 16), ("packed", 4), ("again", 4)):
        store = EdgeStore(tmp_path / name, sizes, bits)
        store.begin(A)
        store.upsert(points)
        store.commit(stored(A, 40))
        found = {p.id: p.score for p in store.maxsim(tokens, ids)}
        scores[name] = [found[i] for i in ids]
        store.close()
        files = (tmp_path / name).rglob("vector_storage-tokens/**/*")
        bytes_of[name] = sum(f.stat().st_blocks * 512 for f in files)
    reopened = EdgeStore(tmp_path / "packed", sizes)
    found = {p.id: p.score for p in reopened.maxsim(tokens, ids)}
    reopened.close()
    assert [found[i] for i in ids] == scores["packed"] == scores["again"]
    full, packed = np.array(scores["full"]), np.array(scores["packed"])
    assert np.abs(full - packed).max() < 0.1  # of about 2, for two query tokens
    assert np.corrcoef(full, packed)[0, 1] > 0.95
    assert bytes_of["packed"] < 0.6 * bytes_of["full"]
