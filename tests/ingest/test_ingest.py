"""Ingestion end to end: unchanged, updated, duplicate, failed, interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from octavo.api.schemas.results import ResultOut
from octavo.api.service import Service, sources_of
from octavo.api.settings import Settings
from octavo.index.progress import Progress
from octavo.index.source import Source
from octavo.index.store import StoreError
from octavo.ingest.document import DocumentError, PageContent
from octavo.ingest.worker.reader import Reader, ReadLimits
from octavo.ingest.worker.worker_protocol import Opened
from octavo.retrieve.query import Query
from tests.conftest import PUMP, WHALES, picture, slow_pdf, text_pdf


def ingest(service: Service, *paths: Path) -> list[ResultOut]:
    return list(service.ingest(sources_of(paths, service.settings)))


def outcomes(results: list[ResultOut]) -> list[tuple[str, str]]:
    return [(r.name, r.outcome) for r in results]


def found(service: Service, text: str) -> list[tuple[str, str, float]]:
    _, hits = service.hits(Query(text), 20)
    return [(h.name, h.chunk.id, round(h.score, 6)) for h in hits]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    (made / "pump.pdf").write_bytes(text_pdf([PUMP, "3 Storage\nKeep the pump dry."]))
    (made / "whales.txt").write_text(WHALES)
    return made


def test_what_is_ingested_is_found(service: Service, folder: Path) -> None:
    steps: list[Progress] = []
    results = list(service.ingest(sources_of([folder], service.settings), steps.append))
    assert outcomes(results) == [("pump.pdf", "added"), ("whales.txt", "added")]
    assert [r.pages for r in results] == [2, 1]
    assert found(service, "how much oil does the bearing housing take?")[0][0] == "pump.pdf"
    assert found(service, "what does the largest animal eat?")[0][0] == "whales.txt"
    assert steps[-1].done == steps[-1].total == 3
    assert steps[-1].waiting == 0


def test_the_same_bytes_again_do_nothing(service: Service, folder: Path) -> None:
    first = ingest(service, folder)
    before = found(service, "oil")
    again = ingest(service, folder)
    assert outcomes(again) == [("pump.pdf", "unchanged"), ("whales.txt", "unchanged")]
    assert [r.document for r in again] == [r.document for r in first]
    assert found(service, "oil") == before


def test_a_copy_is_told_as_a_duplicate(service: Service, folder: Path) -> None:
    (folder / "z-copy.txt").write_text(WHALES)
    results = ingest(service, folder)
    assert outcomes(results)[2] == ("z-copy.txt", "duplicate")
    assert "whales.txt" in results[2].reason


def test_a_file_that_takes_the_bytes_of_another_leaves_its_old_ones(
    service: Service, folder: Path
) -> None:
    ingest(service, folder)
    (folder / "pump.pdf").unlink()
    (folder / "pump.pdf").write_text(WHALES)
    assert outcomes(ingest(service, folder)) == [
        ("pump.pdf", "updated"),
        ("whales.txt", "unchanged"),
    ]
    assert [d.name for d in service.status().documents] == ["whales.txt"]
    assert not any("ISO VG" in h.chunk.text for h in service.hits(Query("oil"), 50)[1])


def test_a_document_goes_with_its_last_source_only(service: Service, folder: Path) -> None:
    """Also the order that once hung: the copy is read while its twin is being replaced."""
    (folder / "a.txt").write_text(WHALES)
    ingest(service, folder)
    (folder / "a.txt").write_text("Narwhals have one tusk.")
    assert outcomes(ingest(service, folder))[0] == ("a.txt", "updated")
    assert found(service, "what do whales eat?")[0][0] == "whales.txt"
    (folder / "whales.txt").write_text("Orcas hunt in groups.")
    ingest(service, folder)
    assert not any("krill" in h.chunk.text for h in service.hits(Query("krill"), 50)[1])


def test_an_update_that_was_cut_off_before_its_last_step_is_finished(
    tmp_path: Path, folder: Path
) -> None:
    settings = Settings(index=tmp_path / "index")
    service = Service(settings, create=True)
    ingest(service, folder)
    old = service.named(["whales.txt"])[0]
    points = list(service._store.points(("text", "joint", "words"), (old.document.id,)))
    (folder / "whales.txt").write_text("Orcas hunt in groups.")
    ingest(service, folder)
    service._store.begin(old.document.id)  # as if the process had died before deleting it
    for batch in points:
        service._store.upsert(batch)
    service._store.commit(old)
    service.close()
    again = Service(settings)
    assert len(again.status().documents) == 3  # opening removes nothing
    list(again.ingest([]))
    assert [d.name for d in again.status().documents] == ["pump.pdf", "whales.txt"]
    assert found(again, "orcas")[0][0] == "whales.txt"
    assert not any("krill" in h.chunk.text for h in again.hits(Query("krill"), 50)[1])
    again.close()


def test_one_source_that_raises_fails_alone(service: Service) -> None:
    def broken() -> bytes:
        raise StoreError("the original is missing")

    good = Source("w.txt", "w", lambda: WHALES.encode())
    with pytest.raises(StoreError, match="original is missing"):
        list(service.ingest([Source("x", "x", broken), good]))
    assert outcomes(list(service.ingest([good]))) == [("w.txt", "added")]


def test_an_index_is_not_made_in_a_folder_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "photos" / "abc").mkdir(parents=True)
    (tmp_path / "photos" / "abc" / "1").write_text("precious")
    with pytest.raises(StoreError, match=r"not an index and not empty \(it holds 'photos'\)"):
        Service(Settings(index=tmp_path), create=True)
    (tmp_path / "photos").rename(tmp_path / "blobs")
    with pytest.raises(StoreError, match=r"is damaged: manifest\.json is missing"):
        Service(Settings(index=tmp_path), create=True)
    assert (tmp_path / "blobs" / "abc" / "1").read_text() == "precious"


def test_a_full_disk_is_told_and_what_was_committed_stays(
    service: Service, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(service, folder / "pump.pdf")
    before = found(service, "oil")
    with monkeypatch.context() as patch:
        patch.setattr(
            "octavo.index.stores.qdrant_edge_shard.shutil.disk_usage",
            lambda _: SimpleNamespace(free=1 << 20),
        )
        with pytest.raises(StoreError, match=r"has 1 MB free.*make room and run the same again"):
            ingest(service, folder / "whales.txt")
    assert found(service, "oil") == before
    assert outcomes(ingest(service, folder / "whales.txt")) == [("whales.txt", "added")]


def test_odd_names_and_files_are_told(service: Service, folder: Path) -> None:
    os.mkfifo(folder / "pipe.txt")
    (folder / "loop").symlink_to(folder / "loop")
    odd = Path(os.fsdecode(bytes(folder / "caf") + b"\xe9.txt"))
    odd.write_text("Sea otters hold hands.")
    results = ingest(service, folder, folder / "pipe.txt", folder / "loop")
    said = {r.name: r.reason for r in results if r.outcome == "failed"}
    assert said["pipe.txt"] == "is not a regular file"
    assert "loop" in said
    assert found(service, "sea otters")[0][0] == "caf?.txt"


def test_an_update_replaces(service: Service, folder: Path) -> None:
    ingest(service, folder)
    (folder / "whales.txt").write_text("The colossal squid has the largest eyes of any animal.")
    assert ("whales.txt", "updated") in outcomes(ingest(service, folder))
    assert not any("krill" in h.chunk.text for h in service.hits(Query("krill"), 50)[1])
    assert [d.name for d in service.status().documents] == ["pump.pdf", "whales.txt"]


def test_add_then_delete_restores_every_result(service: Service, folder: Path) -> None:
    ingest(service, folder / "pump.pdf")
    before = found(service, "oil for the largest animal")
    ingest(service, folder / "whales.txt")
    assert found(service, "oil for the largest animal") != before
    service.delete("whales.txt")
    assert found(service, "oil for the largest animal") == before
    blobs = [p for p in (service.settings.index / "blobs").rglob("*") if p.is_file()]
    assert len(blobs) == 2  # the original of pump.pdf and its record
    with pytest.raises(StoreError, match=r"no document is named 'whales.txt'.*pump.pdf"):
        service.delete("whales.txt")


def test_bad_files_are_told_and_the_others_go_on(service: Service, folder: Path) -> None:
    (folder / "a-empty.pdf").write_bytes(b"")
    (folder / "b-broken.pdf").write_bytes(b"%PDF-1.7\n" + b"rubbish " * 50)
    (folder / "c-program.bin").write_bytes(b"\x7fELF\x00\x01" * 100)
    (folder / "d-locked.pdf").write_bytes(encrypted())
    results = ingest(service, folder, folder / "absent.pdf")
    said = {r.name: r.reason for r in results if r.outcome == "failed"}
    assert said["a-empty.pdf"] == "the file is empty"
    assert "cannot be opened as pdf" in said["b-broken.pdf"] or "no pages" in said["b-broken.pdf"]
    assert "not a document" in said["c-program.bin"]
    assert "encrypted" in said["d-locked.pdf"]
    assert said["absent.pdf"] == "no such file or directory"
    assert len(service.status().documents) == 2
    assert service.status().chunks == sum(r.chunks for r in results)


def encrypted() -> bytes:
    import pymupdf

    document = pymupdf.open(stream=text_pdf(["secret"]), filetype="pdf")
    return bytes(document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x"))


def test_a_picture_is_a_document(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "sign.png"
    file.write_bytes(picture("SHUT VALVE 7", size=(640, 400)))
    (result,) = ingest(service, file)
    assert result.outcome == "added"
    _, hits = service.hits(Query("", image=file.read_bytes()), 5)
    assert hits[0].name == "sign.png"
    assert next(s.score for s in hits[0].trace if s.name == "image") > 0.9
    assert found(service, "valve 7")[0][0] == "sign.png"


def test_a_stopped_ingest_leaves_whole_documents_only(service: Service, folder: Path) -> None:
    run = service.ingest(sources_of([folder], service.settings))
    assert next(run).name == "pump.pdf"
    run.close()  # type: ignore[attr-defined]
    assert [d.name for d in service.status().documents] == ["pump.pdf"]
    assert ("whales.txt", "added") in outcomes(ingest(service, folder))


def many_pages(folder: Path) -> None:
    for n in range(6):
        pages = [f"Document {n} page {p}. Valve {n * 100 + p} opens at {p} bar. " * 25
                 for p in range(8)]  # fmt: skip
        (folder / f"{n}.pdf").write_bytes(text_pdf(pages))


def test_kill_9_then_again_gives_what_an_undisturbed_run_gives(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    many_pages(docs)
    command = [sys.executable, "-m", "octavo", "ingest", str(docs), "--index"]
    killed = tmp_path / "killed"
    process = subprocess.Popen(
        [*command, str(killed)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    process.stdout.readline()  # the first document is committed
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    for index in (killed, tmp_path / "calm"):
        subprocess.run([*command, str(index)], check=True, capture_output=True)
    answers = []
    for index in (killed, tmp_path / "calm"):
        service = Service(Settings(index=index))
        answers.append((service.status().chunks, found(service, "which valve opens at 5 bar?")))
        service.close()
    (killed_chunks, killed_hits), (calm_chunks, calm_hits) = answers
    assert killed_chunks == calm_chunks
    assert [h[:2] for h in killed_hits] == [h[:2] for h in calm_hits]
    # Batches are filled as pages arrive, and another batch sums in another order.
    assert [h[2] for h in killed_hits] == pytest.approx([h[2] for h in calm_hits], abs=1e-4)


def read(reader: Reader, data: bytes) -> list[Opened | PageContent]:
    return list(reader.pages(data, "pdf"))


def test_a_page_that_kills_the_reader_fails_and_the_next_are_read() -> None:
    reader = Reader()
    pages = reader.pages(text_pdf(["word " * 200] * 400), "pdf")
    next(pages)
    next(pages)
    assert reader._process is not None
    os.kill(reader._process.process.pid or 0, signal.SIGKILL)
    rest = [p for p in pages if isinstance(p, PageContent)]
    assert [p.number for p in rest] == list(range(2, 401))
    (lost,) = [p.status for p in rest if p.status.state == "failed"]
    assert "died (exit code -9)" in lost.reason
    assert len(read(reader, text_pdf(["one", "two"]))) == 3
    reader.close()


def test_a_page_that_takes_too_long_ends_its_document() -> None:
    """At opening it fails the document; where that was quick enough, its page is lost."""
    reader = Reader(ReadLimits(seconds=0.1))
    said = ""
    try:
        for item in read(reader, slow_pdf("x")):
            said += item.status.reason if isinstance(item, PageContent) else ""
    except DocumentError as error:
        said = str(error)
    assert "took over" in said
    reader.close()


def test_a_reader_that_needs_too_much_memory_says_so(tmp_path: Path) -> None:
    reader = Reader(ReadLimits(memory=300 << 20))
    with pytest.raises(DocumentError, match=r"memory|died"):
        read(reader, b"%PDF-1.7\n" + b"\x00" * (200 << 20))
    reader.close()


def test_a_source_that_cannot_be_read_is_told(service: Service) -> None:
    def read_nothing() -> bytes:
        raise PermissionError(13, "Permission denied")

    (result,) = service.ingest([Source("x.pdf", "/x.pdf", read_nothing)])
    assert (result.outcome, result.reason) == ("failed", "permission denied")
