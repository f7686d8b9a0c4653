"""Nothing is ever deleted by opening: damaged indexes are told, kept and repaired."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from octavo.api.cli.main import cli
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.originals import Originals
from octavo.index.store import StoreError
from octavo.index.stores.qdrant_edge import EdgeStore
from octavo.ingest.document import document_id
from octavo.ingest.worker import reader as reader_module
from octavo.retrieve.query import Query
from tests.support import faulty
from tests.support.damage import original_hashes


def run(index: Path, *given: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [*given, "--index", str(index)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three notes, and the folder that they came from."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "docs").mkdir()
    for n in (1, 2, 3):
        (folder / "docs" / f"note{n}.txt").write_text(f"Pump {n} takes ISO VG {n}0 oil.\n")
    assert run(folder / "index", "ingest", str(folder / "docs"))[0] == 0
    return folder


@pytest.fixture
def index(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled / "index", tmp_path / "index"))


def _rid(index: Path, parts: Sequence[str]) -> None:
    for part in parts:
        path = index / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _segment(index: Path) -> str:
    """The segment that holds the points."""
    segments = list((index / "store" / "segments").iterdir())
    return str(max(segments, key=_written).relative_to(index))


def _written(folder: Path) -> int:
    return sum(f.stat().st_blocks for f in folder.rglob("*"))


@pytest.mark.parametrize("part", ["store", "segment", "manifest.json"])
def test_a_missing_part_is_named_nothing_is_deleted_and_repair_brings_it_back(
    index: Path, part: str
) -> None:
    before = original_hashes(index)
    _rid(index, [_segment(index) if part == "segment" else part])
    for command in (["status"], ["search", "oil"], ["ingest", str(index.parent)], ["reindex"]):
        code, said = run(index, *command)
        assert (code, original_hashes(index)) == (1, before), said
        assert "damaged" in said
        assert "octavo repair" in said
    code, said = run(index, "repair")
    assert code == 0, said
    assert original_hashes(index) == before
    code, said = run(index, "ask", "Which oil does pump 2 take?")
    assert (code, "ISO VG 20" in said, "note2.txt" in said) == (0, True, True)
    assert run(index, "repair")[1].startswith("nothing to repair")
    assert not list(index.glob("*.damaged-*"))


def test_an_index_without_records_is_used_and_never_swept(index: Path) -> None:
    """One of an earlier version has none; they are written when somebody writes."""
    before = original_hashes(index)
    for record in (index / "blobs").glob("*/*.json"):
        record.unlink()
    assert run(index, "status")[0] == 0
    assert Originals(index / "blobs").committed() == set()
    (index.parent / "new.txt").write_text("Valve 9 opens at 3 bar.\n")
    assert run(index, "ingest", str(index.parent / "new.txt"))[0] == 0
    assert before.items() <= original_hashes(index).items()
    assert Originals(index / "blobs").committed() == set(original_hashes(index))


def test_what_was_deleted_on_purpose_goes_with_the_next_write(index: Path) -> None:
    """Of processes that died: one within a deletion, one before it committed what it placed."""
    originals = Originals(index / "blobs")
    deleted, *kept = sorted(original_hashes(index))
    originals.mark_deleted(deleted)
    placed = b"of an ingest that died"
    originals.put(document_id(placed), placed)
    service = Service(Settings(index=index))
    service._store.delete(deleted)
    service.close()
    service = Service(Settings(index=index))
    service.status()
    assert len(original_hashes(index)) == 4  # opening and reading remove nothing
    list(service.ingest([]))
    service.close()
    assert sorted(original_hashes(index)) == kept


def test_chunks_that_were_never_committed_are_hidden_from_readers(index: Path) -> None:
    service = Service(Settings(index=index))
    store, other = service._store, "f" * 64
    (points,) = store.points(("text", "joint", "words"), (store.documents()[0].document.id,))
    store.begin(other)
    store.upsert(
        [replace(p, chunk=replace(p.chunk, id=str(uuid4()), document=other)) for p in points]
    )
    service.close()
    service = Service(Settings(index=index))
    hits = service.search(Query("Which oil does the pump take?"), 10).hits
    service.close()
    assert hits
    assert all(h.document != other for h in hits)


def test_an_original_is_compared_with_its_name_when_it_is_read(index: Path) -> None:
    originals = Originals(index / "blobs")
    first, second, third = sorted(original_hashes(index))
    whole = originals.get(first)
    file = originals.path(first)
    file.write_bytes(whole[:-3])  # truncated after it was verified once
    with pytest.raises(StoreError, match=r"note\d\.txt .* is damaged"):
        originals.get(first)
    flipped = bytearray(originals.path(second).read_bytes())
    flipped[3] ^= 1
    originals.path(second).write_bytes(bytes(flipped))
    with pytest.raises(StoreError, match="is damaged"):
        Originals(index / "blobs").get(second)
    originals.path(third).write_bytes(whole)  # swapped
    with pytest.raises(StoreError, match="is damaged"):
        Originals(index / "blobs").get(third)
    service = Service(Settings(index=index))
    try:
        with pytest.raises(StoreError, match="is damaged"):
            service.page_png(third, 1)
    finally:
        service.close()


def test_a_damaged_original_is_taken_again_from_its_file_or_said_to_be_lost(
    filled: Path, index: Path
) -> None:
    originals = Originals(index / "blobs")
    first = sorted(original_hashes(index))[0]
    name, source = originals.read_record(first).name, originals.read_record(first).sources[0]
    whole = originals.get(first)
    originals.path(first).write_bytes(b"other")
    code, said = run(index, "repair")
    assert (code, f"{name}: its original was taken again" in said) == (0, True)
    assert Originals(index / "blobs").get(first) == whole
    originals.path(first).write_bytes(b"other")
    Path(source).rename(source + ".away")
    try:
        code, said = run(index, "repair")
        assert code == 2
        assert f"not mended: {name}: the original of {name}" in said
    finally:
        Path(source + ".away").rename(source)
    assert run(index, "ingest", source)[0] == 0  # the same bytes again mend it, too
    assert Originals(index / "blobs").get(first) == whole


def test_what_cannot_be_mended_is_told_and_the_rest_can_be_used(filled: Path, index: Path) -> None:
    """The store is gone, and one original is damaged whose file is gone, too."""
    stored_originals = Originals(index / "blobs")
    first = sorted(original_hashes(index))[0]
    name, source = (
        stored_originals.read_record(first).name,
        stored_originals.read_record(first).sources[0],
    )
    stored_originals.path(first).write_bytes(b"other bytes")
    shutil.rmtree(index / "store")
    Path(source).rename(source + ".away")
    try:
        code, text = run(index, "repair")
        assert code == 2
        assert f"not mended: {name}: the original" in text
    finally:
        Path(source + ".away").rename(source)
    code, text = run(index, "status")
    assert (code, "2 documents" in text, f"failed: {source}: lost" in text) == (0, True, True)
    (kept,) = (index / "blobs").glob("*/*.damaged")
    assert kept.read_bytes() == b"other bytes"
    assert run(index, "repair")[0] == 0  # nothing is left to be mended
    assert run(index, "ingest", source)[0] == 0
    code, text = run(index, "status")
    assert (code, "3 documents" in text, "failed: /" in text) == (0, True, False)


def test_a_document_that_lost_chunks_and_its_original_keeps_the_others(
    index: Path, tmp_path: Path
) -> None:
    long = tmp_path / "long.txt"
    long.write_text("\n\n".join(f"Valve {n} opens at {n} bar. " * 40 for n in range(1, 9)))
    assert run(index, "ingest", str(long))[0] == 0
    service = Service(Settings(index=index))
    store = service._store
    (stored,) = service.named(["long.txt"])
    (points,) = store.points((), (stored.document.id,))
    assert isinstance(store, EdgeStore)
    store._shard.delete([points[0].chunk.id])
    service.close()
    path = Originals(index / "blobs").path(stored.document.id)
    whole = path.read_bytes()
    path.write_bytes(b"other bytes")
    long.unlink()
    assert "damaged" in run(index, "status")[1]
    code, text = run(index, "repair")
    left = len(points) - 1
    assert (code, f"{left} of {left + 1} chunks are left" in text) == (2, True)
    assert run(index, "status")[0] == 0
    assert "long.txt" in run(index, "search", "Valve 8 opens at 8 bar")[1]
    long.write_bytes(whole)
    assert run(index, "repair")[0] == 0  # from the file, where it is back
    assert Originals(index / "blobs").get(stored.document.id) == whole


def test_what_cannot_be_read_again_is_kept_for_retry(
    filled: Path, index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deadly = tmp_path / "deadly.txt"
    deadly.write_text("A deadly valve.")
    assert run(index, "ingest", str(deadly))[0] == 0
    before = original_hashes(index)
    shutil.rmtree(index / "store")
    with monkeypatch.context() as patch:
        patch.setattr(reader_module, "serve", faulty.deadly_to_open)
        code, text = run(index, "repair")
    assert (code, "not mended: deadly.txt: the reading process died" in text) == (2, True)
    assert original_hashes(index) == before
    code, text = run(index, "status")
    assert (code, "3 documents" in text, "deadly.txt" in text) == (0, True, True)
    deadly.unlink()  # only the stored original is left
    assert run(index, "retry")[0] == 0
    assert "4 documents" in run(index, "status")[1]
    assert original_hashes(index) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a process a case")
@pytest.mark.parametrize(
    "path",
    ["SEGMENT/segment.json", "SEGMENT/payload_storage/page_0.dat", "blobs"],
)
def test_no_command_loses_an_original_over_damage(index: Path, path: str) -> None:
    """Some cases of `python -m tests.support.damage`, which tries every file and command."""
    path = path.replace("SEGMENT", _segment(index))
    given = [str(index), "--only", path, "--commands", "status,ingest,repair"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.damage", *given], stdout=subprocess.PIPE, text=True
    )
    *rows, total = map(json.loads, done.stdout.splitlines())
    assert (rows, total["lost_originals_in"]) == ([], 0)
    assert total["tried"] == (3 if path == "blobs" else 9)
