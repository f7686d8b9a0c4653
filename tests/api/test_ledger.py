"""Every source and page that was ever given has a lasting state; retry mends what failed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from qdrant_client import QdrantClient

from octavo.api.cli.main import cli
from octavo.api.client import Client
from octavo.api.http.app import make_app
from octavo.api.read_limits import limits_of
from octavo.api.schemas.results import ResultOut
from octavo.api.service import Service, sources_of
from octavo.api.settings import Settings
from octavo.index.page_ranges import PageRun, numbers_of, runs_of
from octavo.index.store import StoredDocument, StoreError
from octavo.ingest.document import PageContent, PageState, PageStatus
from octavo.ingest.worker import reader as reader_module
from octavo.ingest.worker.reader import Reader, ReadLimits
from octavo.ingest.worker.worker_protocol import Opened
from tests.conftest import PUMP, WHALES, served, text_pdf
from tests.support import faulty

BROKEN = text_pdf([PUMP, "exits", "3 Storage\nKeep the pump dry.", "exits", "exits"])


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that begin with `exits` kill their reader; without this they are read."""
    monkeypatch.setattr(reader_module, "serve", faulty.faulty)


def octavo(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def tried(results: Iterator[ResultOut]) -> list[tuple[str, str, str]]:
    return [(r.name, r.outcome, r.reason) for r in results]


def add(service: Service, *paths: Path) -> list[ResultOut]:
    return list(service.ingest(sources_of(paths, service.settings)))


def committed(service: Service) -> tuple[list[StoredDocument], list[tuple[object, ...]]]:
    """Commit records, and chunk points with their vectors."""
    names = ("text", "joint", "tokens", "words")
    found = [
        (p.chunk.id, p.chunk, p.words, *(None if v is None else v.tobytes() for v in vectors))
        for batch in service._store.points(names)
        for p in batch
        for vectors in [(p.text, p.joint, p.tokens)]
    ]
    return service._store.documents(), sorted(found, key=lambda row: str(row[0]))


def test_runs_of_pages() -> None:
    states: list[tuple[PageState, str]] = [("text", ""), ("ocr", ""), ("ocr", "")]
    states += [("failed", "a"), ("failed", "b"), ("ocr", "")]
    runs = runs_of(PageStatus(n, *row) for n, row in enumerate(states, 3))
    assert runs == [
        PageRun(3, 3, "text"), PageRun(4, 5, "ocr"), PageRun(6, 6, "failed", "a"),
        PageRun(7, 7, "failed", "b"), PageRun(8, 8, "ocr"),
    ]  # fmt: skip
    assert numbers_of(r for r in runs if r.state == "ocr") == "4-5, 8"
    assert numbers_of(r for r in runs if r.state == "failed") == "6-7"
    assert runs_of([]) == []


def test_a_source_that_fails_stays_in_the_ledger_until_it_succeeds(tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "index")
    service = Service(settings, create=True)
    bad, locked = tmp_path / "bad.pdf", tmp_path / "locked.pdf"
    bad.write_bytes(b"")
    locked.write_bytes(b"%PDF-1.7 rubbish")
    assert [r.outcome for r in add(service, bad, locked, tmp_path / "absent.pdf")] == ["failed"] * 3
    service.close()
    service = Service(settings)
    try:
        failed = {f.name: f for f in service.status().failed}
        assert set(failed) == {"bad.pdf", "locked.pdf", "absent.pdf"}
        assert failed["bad.pdf"].reason == "the file is empty"
        assert failed["bad.pdf"].source == str(bad)
        assert (failed["locked.pdf"].type, failed["locked.pdf"].bytes) == ("pdf", 16)
        assert len(failed["locked.pdf"].document) == 64
        assert failed["locked.pdf"].settings["max_pages"] == "20000"
        assert not failed["locked.pdf"].uploaded
        assert service.status().documents == []
        bad.write_bytes(text_pdf([PUMP]))
        assert [r.outcome for r in add(service, bad)] == ["added"]
        assert [f.name for f in service.status().failed] == ["absent.pdf", "locked.pdf"]
        assert service.delete("locked.pdf").forgotten[0].name == "locked.pdf"
        assert tried(service.retry()) == [("absent.pdf", "gone", str(tmp_path / "absent.pdf"))]
        assert service.status().failed == []
        assert list(service.retry()) == []
        with pytest.raises(StoreError, match="no document is named"):
            list(service.retry(["locked.pdf"]))
    finally:
        service.close()


def test_a_new_version_that_fails_leaves_the_old_one_and_says_so(
    service: Service, tmp_path: Path
) -> None:
    file, good = tmp_path / "pump.pdf", text_pdf([PUMP])
    file.write_bytes(good)
    add(service, file)
    file.write_bytes(b"")
    add(service, file)
    entry = service.entry("pump.pdf")
    assert [d.pages for d in entry.documents] == [1]
    assert [f.reason for f in entry.failed] == ["the file is empty"]
    file.write_bytes(good)
    assert [r.outcome for r in add(service, file)] == ["unchanged"]
    assert service.status().failed == []
    file.write_bytes(b"")
    add(service, file)
    gone = service.delete("pump.pdf")
    assert (len(gone.deleted), len(gone.forgotten)) == (1, 1)
    assert service.status().failed == []


@pytest.mark.usefixtures("faults")
def test_retry_reads_failed_pages_from_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice in vain, then with success; afterwards all is as if nothing had ever failed."""
    file = tmp_path / "pump.pdf"
    file.write_bytes(BROKEN)
    os.utime(file, (1.7e9, 1.7e9))
    service = Service(Settings(index=tmp_path / "index"), create=True)
    (result,) = add(service, file)
    lost = [(p.first, p.last) for p in result.failed_pages]
    assert (result.outcome, lost) == ("added", [(2, 2), (4, 5)])
    (again,) = add(service, file)
    assert (again.outcome, len(again.failed_pages)) == ("unchanged", 2)
    file.unlink()
    before = committed(service)
    (same,) = service.retry()
    assert (same.outcome, same.reason) == ("unchanged", "no page could be read this time either")
    assert committed(service)[1] == before[1]
    monkeypatch.undo()
    (mended,) = service.retry(["pump.pdf"])
    assert (mended.outcome, mended.reason, mended.failed_pages) == ("updated", "", [])
    assert (service.status().failed_pages, service.status().failed) == (0, [])
    assert list(service.retry()) == []
    calm = Service(Settings(index=tmp_path / "calm"), create=True)
    file.write_bytes(BROKEN)
    os.utime(file, (1.7e9, 1.7e9))
    add(calm, file)
    assert committed(service) == committed(calm)
    service.close()
    calm.close()


class Moody(Reader):
    """Fails on page 3 whenever it reads the whole document."""

    def pages(
        self, data: bytes | Path, kind: str, only: Sequence[int] = ()
    ) -> Iterator[Opened | PageContent]:
        for item in super().pages(data, kind, only):
            if not only and isinstance(item, PageContent) and item.number == 3:
                yield PageContent(3, 0, 0, PageStatus(3, "failed", "a bad day"))
            else:
                yield item


@pytest.mark.usefixtures("faults")
def test_a_reading_that_is_worse_anywhere_replaces_nothing(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages 2, 4 and 5 can be read now, and page 3 not any more."""
    (tmp_path / "pump.pdf").write_bytes(BROKEN)
    add(service, tmp_path / "pump.pdf")
    before = committed(service)
    monkeypatch.undo()
    monkeypatch.setattr("octavo.api.service.Reader", Moody)
    (result,) = service.retry()
    assert result.outcome == "unchanged"
    assert result.reason == "left as it was, because page 3 could be read better before"
    assert committed(service) == before
    assert service.status().failed == []


def test_the_ledger_and_retry_on_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = QdrantClient(":memory:")
    monkeypatch.setattr("octavo.index.stores.qdrant_connection.connect", lambda *_, **__: client)
    (tmp_path / "pump.pdf").write_bytes(BROKEN)
    (tmp_path / "bad.pdf").write_bytes(b"")
    service = Service(Settings(index=tmp_path / "i", store="http://store.test:6333"), create=True)
    with monkeypatch.context() as patch:
        patch.setattr(reader_module, "serve", faulty.faulty)
        add(service, tmp_path / "pump.pdf", tmp_path / "bad.pdf")
    status = service.status()
    assert (status.indexed, status.failed_pages, [f.name for f in status.failed]) == (
        2, 3, ["bad.pdf"],
    )  # fmt: skip
    assert [r[:2] for r in tried(service.retry())] == [
        ("bad.pdf", "failed"),
        ("pump.pdf", "updated"),
    ]
    status = service.status()
    assert (status.indexed, status.failed_pages, len(status.failed)) == (5, 0, 1)
    assert status.chunks == service._store.count()
    service.close()


def test_settings_become_limits() -> None:
    limits = limits_of(Settings(max_pages=7, document_seconds=60, page_memory_mb=300))
    assert (limits.pages, limits.document_seconds, limits.memory) == (7, 60.0, 300 << 20)
    assert limits_of(Settings()) == ReadLimits()
    named = limits.named()
    assert {name: named[name] for name in ("max_pages", "document_seconds", "page_memory_mb")} == {
        "max_pages": "7", "document_seconds": "60", "page_memory_mb": "300",
    }  # fmt: skip
    assert set(named) <= set(Settings.model_fields)


def test_retry_is_cut_off_in_the_middle_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document is gone from the store at that moment; its original and its sources are not."""
    settings = Settings(index=tmp_path / "index")
    file = tmp_path / "pump.pdf"
    file.write_bytes(BROKEN)
    monkeypatch.setattr(reader_module, "serve", faulty.faulty)
    service = Service(settings, create=True)
    add(service, file)
    (document,) = service.status().documents
    file.unlink()
    monkeypatch.undo()

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("octavo.index.stores.qdrant_edge.EdgeStore.upsert", full)
    with pytest.raises(StoreError, match="disk is full"):
        list(service.retry())
    service.close()
    monkeypatch.undo()
    again = Service(settings)
    try:
        status = again.status()
        assert status.documents == []
        (cut,) = status.failed
        assert (cut.source, cut.document, cut.pages) == (str(file), document.document, 5)
        assert cut.reason == "reading it again was interrupted; its original is kept"
        assert [r.outcome for r in add(again, file)] == ["failed"]  # it is gone
        assert again.status().failed == [cut]  # and what is kept is not forgotten for that
        (mended,) = again.retry()
        assert (mended.outcome, mended.pages, mended.failed_pages) == ("added", 5, [])
        assert again.status().failed == []
        assert again.page_png("pump.pdf", 2).startswith(b"\x89PNG")
    finally:
        again.close()


@pytest.mark.usefixtures("faults")
def test_the_commands_and_their_exit_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs, index = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    (docs / "pump.pdf").write_bytes(BROKEN)
    (docs / "whales.txt").write_text(WHALES)
    (docs / "bad.pdf").write_bytes(b"")
    assert octavo("ingest", docs, "--index", index).exit_code == 2
    said = octavo("status", "--index", index)
    rows = {line.split()[0]: line.split()[1:] for line in said.stdout.splitlines() if line}
    assert rows["pump.pdf"][:6] == ["5", "2", "0", "0", "0", "3"]
    assert rows["total"][:6] == ["6", "3", "0", "0", "0", "3"]
    assert "failed: " in said.stdout
    assert "the file is empty" in said.stdout
    unchanged = octavo("ingest", docs / "pump.pdf", "--index", index)
    assert unchanged.exit_code == 2
    assert "already indexed" in unchanged.output
    assert "pages 4-5 failed: the reading process died" in unchanged.output
    one = octavo("status", "pump.pdf", "--index", index).output
    assert "failed: 2, 4-5" in one
    assert "page 2: the reading process died (exit code 3)" in one
    entry = json.loads(octavo("status", "bad.pdf", "--index", index, "--json").stdout)
    assert (entry["documents"], entry["failed"][0]["reason"]) == ([], "the file is empty")
    left = octavo("retry", "--index", index)
    assert left.exit_code == 2
    assert "2 tried; 1 failed, 3 failed pages are left" in left.output
    monkeypatch.undo()
    mended = octavo("retry", "pump.pdf", "--index", index)
    assert mended.exit_code == 0, mended.output
    assert "pump.pdf: updated, 5 pages" in mended.output
    assert octavo("retry", "--index", index).exit_code == 2
    (docs / "bad.pdf").unlink()
    gone = octavo("retry", "--index", index)
    assert gone.exit_code == 0
    assert "bad.pdf: no longer exists; forgotten" in gone.output
    nothing = octavo("retry", "--index", index)
    assert nothing.exit_code == 0
    assert nothing.output == "nothing to retry: no source and no page failed\n"
    assert octavo("status", "none.pdf", "--index", index).exit_code == 1


def test_reindex_keeps_what_failed(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text(WHALES)
    (tmp_path / "bad.pdf").write_bytes(b"")
    index = tmp_path / "index"
    octavo("ingest", tmp_path / "w.txt", tmp_path / "bad.pdf", "--index", index)
    assert octavo("reindex", "--index", index).exit_code == 0
    (tmp_path / "bad.pdf").write_bytes(text_pdf([PUMP]))
    assert octavo("retry", "--index", index).exit_code == 0
    assert "2 documents" in octavo("status", "--index", index).output


def test_over_http_uploads_are_sent_again_and_paths_of_clients_never_read(
    service: Service, tmp_path: Path
) -> None:
    """An upload under the name of a file of the server must not make the server read that file."""
    secret = tmp_path / "secret.txt"
    secret.write_text("The password is narwhal.")
    address = served(make_app(service))
    url = next(address)
    try:
        form = {"files": [("files", ("x.pdf", b"")), ("files", ("y.pdf", b""))]}
        sources = {"sources": [str(secret), "/nowhere/y.pdf"]}
        added = httpx.post(f"{url}/v1/documents", files=form["files"], data=sources, timeout=60)
        assert [r["outcome"] for r in added.json()["results"]] == ["failed", "failed"]
        state = httpx.get(f"{url}/v1/status").json()
        assert {f["uploaded"] for f in state["failed"]} == {True}
        assert state == httpx.get(f"{url}/v1/documents").json()
        results = httpx.post(f"{url}/v1/retry", json={}, timeout=60).json()["results"]
        assert [r["outcome"] for r in results] == ["failed", "failed"]
        assert "send it again" in results[0]["reason"]
        assert httpx.post(f"{url}/v1/retry", json={"names": ["none"]}).status_code == 404
        assert (
            httpx.get(f"{url}/v1/documents/y.pdf").json()["failed"][0]["source"] == "/nowhere/y.pdf"
        )
        assert service.status().documents == []
        client = Client(url)
        said = {r.name: (r.outcome, r.reason) for r in client.retry()}
        assert said["secret.txt"][0] == "added"  # the client's own file, sent by the client
        assert "which is not here" in said["y.pdf"][1]
        assert client.entry("secret.txt").documents[0].pages == 1
        assert [f.name for f in client.status().failed] == ["y.pdf"]
        client.close()
    finally:
        next(address, None)
