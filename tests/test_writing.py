"""One writer does not stop the readers: what waits for it holds no thread and no memory."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import Client
from api.server import make_app
from api.service import Service, sources_of
from api.writing import Writer
from index.source import Source
from index.store import StoreError
from ingest.document import document_id
from tests.conftest import PUMP, WHALES, served, text_pdf

WAITING = 60
SECONDS = 60.0
FILLER = bytes(700_000)  # under the megabyte that Starlette keeps in memory; of no type we read

#: Method, path, and how httpx is to send it.
Request = tuple[str, str, dict[str, Any]]


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files are put aside."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def pump(service: Service, tmp_path: Path) -> Service:
    (tmp_path / "pump.pdf").write_bytes(text_pdf([PUMP]))
    list(service.ingest(sources_of([tmp_path / "pump.pdf"], service.settings)))
    return service


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
def url(pump: Service, writer: Writer) -> Iterator[str]:
    yield from served(make_app(pump, writer=writer))


@pytest.fixture
def sender() -> Iterator[ThreadPoolExecutor]:
    """The thread that sends; requested before anything is held up that its requests wait for."""
    with ThreadPoolExecutor(1) as thread:
        yield thread


@contextmanager
def slow_ingest(service: Service) -> Iterator[Callable[[], None]]:
    """Inside, a document is being written, until the function handed out is called."""
    begun, release = threading.Event(), threading.Event()

    def read() -> bytes:
        begun.set()
        assert release.wait(10 * SECONDS)
        return WHALES.encode()

    with ThreadPoolExecutor(1) as thread:
        source = Source("slow.txt", "/slow.txt", read)
        done = thread.submit(lambda: list(service.ingest([source])))
        assert begun.wait(SECONDS)
        try:
            yield release.set
        finally:
            release.set()
        assert done.result(SECONDS)[0].outcome == "added"


async def together(url: str, requests: Sequence[Request]) -> list[httpx.Response]:
    """The replies to requests that are sent at once."""
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=SECONDS * 2, limits=limits) as client:
        sent = (client.request(how, path, **more) for how, path, more in requests)
        return await asyncio.gather(*sent)


def upload(n: int, body: bytes = WHALES.encode()) -> Request:
    """From a source of its own, in pieces: this side must not hold a copy for each."""

    async def pieces() -> AsyncIterator[bytes]:
        yield _HEAD % f"/{n}.txt".encode()
        for start in range(0, len(body), 1 << 16):
            yield body[start : start + (1 << 16)]
        yield b"\r\n--b--\r\n"

    kind = {"content-type": "multipart/form-data; boundary=b"}
    return "POST", "/v1/documents", {"content": pieces(), "headers": kind}


_HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="sources"\r\n\r\n%b\r\n'
    b'--b\r\nContent-Disposition: form-data; name="files"; filename="w.txt"\r\n\r\n'
)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def assert_answered(url: str) -> None:
    """What must be answered while a write is under way."""
    with httpx.Client(base_url=url, timeout=SECONDS) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/v1/status").json()["pages"] >= 1
        hits = client.post("/v1/search", json={"text": "oil of the housing"}).json()["hits"]
        assert "0.45 litres" in hits[0]["text"]
        said = client.post("/v1/query", json={"text": "How much oil does the housing take?"})
        assert "0.45 litres" in said.json()["sentences"][0]["text"]
        assert client.get("/v1/documents/pump.pdf/pages/1.png").content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        (upload, 200),
        (lambda n: ("DELETE", f"/v1/documents/{n}.txt", {}), 404),
        (lambda n: ("POST", "/v1/retry", {"json": {}}), 200),
    ],
    ids=["uploads", "deletions", "retries"],
)
def test_readers_are_answered_while_writes_wait(
    pump: Service,
    writer: Writer,
    url: str,
    sender: ThreadPoolExecutor,
    request_of: Callable[[int], Request],
    status: int,
) -> None:
    requests = [request_of(n) for n in range(WAITING)]
    assert_answered(url)
    with slow_ingest(pump) as release:
        threads = threading.active_count()
        replies = sender.submit(lambda: asyncio.run(together(url, requests)))
        until(lambda: writer.taken == WAITING)
        assert_answered(url)
        assert threading.active_count() < threads + WAITING / 2
        assert [d.name for d in pump.status().documents] == ["pump.pdf"]
        release()
        assert {r.status_code for r in replies.result(SECONDS)} == {status}
    slow = pump.named(["/slow.txt"])[0]  # the same bytes as every upload
    sent = [f"/{n}.txt" for n in range(WAITING) if requests[0][:2] == ("POST", "/v1/documents")]
    assert sorted(slow.sources) == sorted(["/slow.txt", *sent])


def test_an_upload_without_a_source_is_known_by_its_bytes(pump: Service, url: str) -> None:
    httpx.post(f"{url}/v1/documents", files=[("files", ("a.txt", b"Krill."))], timeout=SECONDS)
    assert pump.named(["a.txt"])[0].document.source == f"upload:{document_id(b'Krill.')}"


def test_uploads_that_wait_are_on_disk(
    pump: Service, spool: Path, url: str, sender: ThreadPoolExecutor
) -> None:
    count = 20
    assert_answered(url)
    tracemalloc.start()
    try:
        with slow_ingest(pump) as release:
            before = tracemalloc.get_traced_memory()[0]
            requests = [upload(n, FILLER) for n in range(count)]
            replies = sender.submit(lambda: asyncio.run(together(url, requests)))
            until(lambda: _bytes_in(spool) >= count * len(FILLER))
            assert_answered(url)
            assert tracemalloc.get_traced_memory()[0] - before < count / 2 * len(FILLER)
            release()
            assert {r.status_code for r in replies.result(SECONDS)} == {200}
    finally:
        tracemalloc.stop()
    until(lambda: not list(spool.iterdir()))
    assert {f.bytes for f in pump.status().failed} == {len(FILLER)}
    assert len(pump.status().failed) == count


def _bytes_in(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.glob("*/*"))


def test_a_client_that_goes_away_gives_up_its_turn(
    pump: Service, writer: Writer, url: str, sender: ThreadPoolExecutor
) -> None:
    with slow_ingest(pump) as release:
        first = sender.submit(lambda: asyncio.run(together(url, [upload(1)])))
        until(lambda: writer.taken == 1)
        assert_answered(url)  # by now the first one is next
        for _ in range(3):
            client = _sent_and_left(url)
            until(lambda: writer.taken == 2)
            client.close()
            until(lambda: writer.taken == 1)
        release()
        assert first.result(SECONDS)[0].status_code == 200
    assert sorted(pump.named(["/slow.txt"])[0].sources) == ["/1.txt", "/slow.txt"]


def _sent_and_left(url: str) -> socket.socket:
    """An upload whose reply nobody reads."""
    host, port = url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)), SECONDS)
    body = _HEAD % b"/gone.txt" + b"Gone.\r\n--b--\r\n"
    head = (
        f"POST /v1/documents HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    client.sendall(head.encode() + body)
    return client


def test_over_the_limit_of_those_that_wait(pump: Service, sender: ThreadPoolExecutor) -> None:
    writer = Writer(most=2)
    address = served(make_app(pump, writer=writer))
    url = next(address)
    try:
        with slow_ingest(pump) as release:
            waiting = [upload(n) for n in range(2)]
            replies = sender.submit(lambda: asyncio.run(together(url, waiting)))
            until(lambda: writer.taken == 2)
            refused = httpx.delete(f"{url}/v1/documents/pump.pdf", timeout=SECONDS)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
            assert "at most 2 may" in refused.json()["error"]
            client = Client(url)
            with pytest.raises(StoreError, match="2 uploads, retries and deletions are waiting"):
                list(client.ingest([Source("more.txt", "/more.txt", lambda: WHALES.encode())]))
            client.close()
            assert_answered(url)
            release()
            assert {r.status_code for r in replies.result(SECONDS)} == {200}
        until(lambda: writer.taken == 0)
        assert httpx.delete(f"{url}/v1/documents/pump.pdf", timeout=SECONDS).status_code == 200
    finally:
        next(address, None)
