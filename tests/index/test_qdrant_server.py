"""What only a shared server has: leases, crashes between steps, caches, errors, the manifest."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from qdrant_client import models as qm

from octavo.index.store import Filter, Point, Sizes, StoreError
from octavo.index.stores.payload import commit_id, document_payload
from octavo.index.stores.qdrant_connection import Remote, connect
from octavo.index.stores.qdrant_server import QdrantStore
from octavo.index.stores.qdrant_server_types import record_point
from octavo.index.stores.writer_leases import STALE
from octavo.ingest.document import DocumentError
from tests.support.stores import (
    SIZES,
    A,
    B,
    Place,
    chunk,
    fill,
    number,
    place,
    point,
    stored,
    text_subquery,
)

needs_server = pytest.mark.skipif("QDRANT_URL" not in os.environ, reason="QDRANT_URL is not set")


@pytest.fixture(params=["memory", pytest.param("server", marks=needs_server)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place(request.param, tmp_path) as made:
        yield made


def opened(where: Place, stale: float = STALE) -> QdrantStore:
    store = where.open(SIZES, stale)
    assert isinstance(store, QdrantStore)
    return store


def next_writer(where: Place) -> QdrantStore:
    """A process that comes after one that died, and is about to write."""
    store = opened(where, stale=0)
    store.settle()
    return store


def found(store: QdrantStore) -> list[int]:
    return [
        number(s.id) for s in store.search([text_subquery()], "rrf", 10, Filter()).by_subquery[0]
    ]


def records(where: Place) -> int:
    return where.client.count(where.collection).count


def test_another_process_that_opens_leaves_a_running_ingest_alone(where: Place) -> None:
    first = opened(where)
    first.begin(A)
    first.upsert([point(1), point(2)])
    opened(where)
    first.upsert([point(3)])
    first.commit(stored(A, 3))
    assert found(opened(where)) == [1, 2, 3]


def test_an_abandoned_ingest_is_removed_with_its_lease(where: Place) -> None:
    first = opened(where)
    first.begin(A)
    first.upsert([point(1)])
    opened(where, stale=0)
    assert records(where) == 2  # the chunk and the lease: opening removes nothing
    next_writer(where)
    assert records(where) == 0
    with pytest.raises(StoreError, match="has 0 chunks in the store, 1 were written"):
        first.commit(stored(A, 1))


@pytest.mark.parametrize("healed_by", ["open", "commit"])
def test_a_crash_between_commit_record_and_flags_is_healed(where: Place, healed_by: str) -> None:
    first = opened(where)
    first.begin(A)
    first.upsert([point(1), point(2)])
    record = record_point(commit_id(A), document_payload(stored(A, 2)))
    where.client.upsert(where.collection, [record], wait=True)
    assert found(first) == []
    if healed_by == "open":
        assert found(opened(where)) == [1, 2]
        next_writer(where)
    else:
        first.commit(stored(A, 2))
        assert found(first) == [1, 2]
    assert records(where) == 3  # two chunks, the record, no lease


def test_a_deletion_cut_short_is_finished(where: Place) -> None:
    first = opened(where)
    fill(first)
    first._leases.put(A, "deleting")
    assert found(opened(where)) == [1, 2, 3, 4, 5]  # it may still be at it
    assert found(next_writer(where)) == []
    assert records(where) == 0


def test_two_processes_may_write_the_same_document(where: Place) -> None:
    one, two = opened(where), opened(where)
    one.begin(A)
    one.upsert([point(1)])
    two.begin(A)  # leaves what the first has written
    one.upsert([point(2)])
    one.commit(stored(A, 2))
    two.upsert([point(1), point(2)])
    two.commit(stored(A, 2))
    assert found(one) == found(two) == [1, 2]
    assert records(where) == 3


def test_a_record_is_believed_for_two_seconds_and_asked_for_when_it_matters(
    where: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = opened(where), opened(where)
    fill(one)
    assert two.find(A) == stored(A, 5)
    one.delete(A)
    assert two.find(A) == stored(A, 5)
    assert two.find(A, fresh=True) is None
    fill(one)
    assert two.find(A) == stored(A, 5)  # that there is none was not kept
    one.delete(A)
    monkeypatch.setattr("octavo.index.stores.qdrant_server_records._FRESH", 0.0)
    assert two.find(A) is None


def test_a_commit_record_without_its_chunks_is_not_written_again(where: Place) -> None:
    """Another process deleted the document after this one had read its record."""
    one, two = opened(where), opened(where)
    fill(one)
    two.delete(A)
    with pytest.raises(StoreError, match="another process deleted it"):
        one.commit(stored(A, 5, "moved.pdf"))
    assert two.documents() == []


def test_the_slower_of_two_processes_does_not_hide_what_the_faster_one_committed(
    where: Place,
) -> None:
    one, two = opened(where), opened(where)
    one.begin(A)
    two.begin(A)
    points = [point(n) for n in range(1, 6)]
    one.upsert(points)
    one.commit(stored(A, 5))
    two.upsert(points)  # and dies here
    assert found(opened(where)) == found(one) == [1, 2, 3, 4, 5]
    two.commit(stored(A, 5))
    assert found(two) == [1, 2, 3, 4, 5]


def test_the_manifest_is_kept_beside_the_documents(where: Place) -> None:
    store = opened(where)
    assert store.read_manifest() is None
    store.write_manifest({"format": 1, "models": {"text": "x"}})
    store.write_manifest({"format": 2, "models": {"text": "y"}})
    fill(store)
    again = opened(where, stale=0)
    assert again.read_manifest() == {"format": 2, "models": {"text": "y"}}
    assert again.count() == 5
    assert again.documents() == [stored(A, 5)]


def test_a_collection_with_other_sizes_is_refused(where: Place) -> None:
    opened(where)
    with pytest.raises(StoreError, match="text 4 instead of 5"):
        where.open(Sizes(text=5, joint=4, tokens=2, patches=2))


def test_large_points_are_written_in_several_requests(
    where: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "octavo.index.stores.qdrant_server_types._NUMBERS", 30
    )  # a point has 12 numbers
    store = opened(where)
    fill(store, B, 1, 7)
    assert found(store) == [1, 2, 3, 4, 5, 6, 7]


def test_what_json_cannot_hold_is_the_documents_fault(where: Place) -> None:
    store = opened(where)
    store.begin(A)
    with pytest.raises(DocumentError, match="cannot be stored"):
        store.upsert([Point(replace(chunk(1), text="\ud800"))])


class Answers(HTTPServer):
    """Gives the listed status codes, then 200, and keeps the headers it was sent."""

    def __init__(self, codes: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.codes = codes
        self.seen: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_GET(self) -> None:
        self.server.seen.append({k.lower(): v for k, v in self.headers.items()})
        code = self.server.codes.pop(0) if self.server.codes else 200
        body = json.dumps({"result": {"exists": True}, "status": "ok", "time": 0.1}).encode()
        self.send_response(code)
        if code == 429:
            self.send_header("Retry-After", "3")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def answers() -> Iterator[Answers]:
    httpd = Answers([])
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    yield httpd
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_passing_errors_are_tried_again_with_longer_waits(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not through the proxy of the environment, which is dead."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    answers.codes = [503, 429, 502]
    waits: list[float] = []
    with pytest.warns(UserWarning, match="insecure connection"):
        client = connect(answers.url, "secret")
    remote = Remote(answers.url, sleep=waits.append)
    assert remote.run("asking", client.collection_exists, "c")
    assert waits == [0.25, 3.0, 6.0]
    assert [h["api-key"] for h in answers.seen] == ["secret"] * 4
    client.close()


@pytest.mark.parametrize(
    ("codes", "calls", "said"),
    [
        ([503] * 9, 4, r"asking failed \(4 attempts\): HTTP 503 .*see the server's log"),
        ([401], 1, "asking failed: HTTP 401 .*check the API key"),
    ],
)
def test_an_error_names_the_url_and_what_to_do(
    answers: Answers, codes: list[int], calls: int, said: str
) -> None:
    answers.codes = codes
    client = connect(answers.url)
    with pytest.raises(StoreError, match=f"Qdrant at {answers.url}: {said}"):
        Remote(answers.url, sleep=lambda _: None).run("asking", client.collection_exists, "c")
    assert len(answers.seen) == calls
    client.close()


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo.index.stores.qdrant_connection._FIRST_WAIT", 0.0)
    client = connect("http://127.0.0.1:9")
    with pytest.raises(StoreError, match=r"Qdrant at http://127.0.0.1:9: .*check that the server"):
        QdrantStore(client, "c", SIZES, url="http://127.0.0.1:9")
    client.close()


@pytest.mark.parametrize("url", ["", "localhost:6333", "ftp://x", "http://user:pw@host:6333"])
def test_what_is_no_url_is_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(StoreError, match="is not the URL of a Qdrant server") as info:
        connect(url)
    assert "pw" not in str(info.value)


def test_chunks_without_flag_are_filtered_by_the_engine(where: Place) -> None:
    """The schema: what is pending is a payload flag, with an index where there is a server."""
    store = opened(where)
    store.begin(A)
    store.upsert([point(1)])
    [record] = where.client.scroll(
        where.collection,
        scroll_filter=qm.Filter(must=[qm.HasIdCondition(has_id=[chunk(1).id])]),
    )[0]
    assert (record.payload or {})["pending"] is True
    store.commit(stored(A, 1))
    [record] = where.client.retrieve(where.collection, [chunk(1).id])
    assert "pending" not in (record.payload or {})
