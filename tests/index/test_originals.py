"""Originals and their records: whole after a death at any step, and whoever else writes them."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from octavo.api.cli.main import cli
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.durable import write_file
from octavo.index.ledger import rewriting_guards
from octavo.index.originals import Originals
from octavo.index.store import StoredDocument, StoreError
from octavo.ingest.document import document_id


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a process a step")
def test_a_process_may_die_at_any_step_of_a_change(tmp_path: Path) -> None:
    """Adding, deleting, and forgetting what failed: it is done or it is not, and nothing else is
    left. `python -m tests.support.dying` prints the steps."""
    command = [sys.executable, "-m", "tests.support.dying", str(tmp_path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    deaths = [json.loads(line) for line in done.stdout.splitlines()]
    assert [d for d in deaths if d["wrong"]] == []
    steps = {change: max(d["step"] for d in deaths if d["change"] == change)
             for change in ("add", "delete", "forget")}  # fmt: skip
    assert steps["add"] >= 12
    assert min(steps["delete"], steps["forget"]) >= 5


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    """As two containers that share a folder, whose processes have the same number."""
    file = tmp_path / "record"
    given = [bytes([n]) * 200_000 for n in range(4)]
    errors: list[BaseException] = []

    def write(data: bytes) -> None:
        try:
            for _ in range(25):
                write_file(file, data)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(data,)) for data in given]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert file.read_bytes() in given
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("code", "raises"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_file_system_that_cannot_sync_folders_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, raises: bool
) -> None:
    fsync = os.fsync

    def without_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(code, os.strerror(code))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", without_folders)
    if raises:
        with pytest.raises(OSError, match="Input/output"):
            write_file(tmp_path / "a", b"a")
    else:
        write_file(tmp_path / "a", b"a")
    assert (tmp_path / "a").read_bytes() == b"a"


def test_an_original_that_cannot_be_read_is_told_like_a_lost_one(tmp_path: Path) -> None:
    originals, document = Originals(tmp_path), document_id(b"x")
    assert originals.put(document, b"x")
    assert originals.get(document) == b"x"
    originals.path(document).unlink()
    originals.path(document).mkdir()
    with pytest.raises(StoreError, match=r"cannot be read \(is a directory\).*octavo repair"):
        originals.get(document)
    assert "cannot be read" in str(originals.damage(document))


def test_bytes_that_come_back_while_they_are_deleted_are_a_new_ingest(tmp_path: Path) -> None:
    originals, document = Originals(tmp_path), document_id(b"x")
    originals.put(document, b"x")
    originals.mark_deleted(document)  # the process dies here
    assert originals.deleted() == {document}
    assert originals.put(document, b"x")
    assert originals.deleted() == set()
    originals.sweep(set())
    assert not originals.path(document).exists()  # it was never committed either


def _run(index: Path, *given: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [*given, "--index", str(index)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def _interrupt_rewriting(index: Path, name: str) -> StoredDocument:
    """As a process that died while it wrote a document anew."""
    service = Service(Settings(index=index))
    store = service._index.store
    (stored,) = (s for s in store.documents() if s.document.name == name)
    for guard in rewriting_guards(stored):
        store.record_failure(guard)
    store.begin(stored.document.id)
    service.close()
    return stored


def test_a_new_version_replaces_one_whose_rewriting_was_interrupted(tmp_path: Path) -> None:
    """Its original went on standing for a document that the store had lost."""
    index, note = tmp_path / "index", tmp_path / "note.txt"
    note.write_text("Pump 1 takes ISO VG 10 oil.\n")
    assert _run(index, "ingest", str(note))[0] == 0
    old = _interrupt_rewriting(index, "note.txt")
    note.write_text("Pump 1 takes ISO VG 22 oil.\n")
    assert _run(index, "ingest", str(note))[0] == 0
    code, said = _run(index, "search", "Which oil does pump 1 take?")
    assert (code, "VG 22" in said, "VG 10" in said) == (0, True, False)
    assert not Originals(index / "blobs").path(old.document.id).exists()


def test_a_lost_original_does_not_stop_the_retry_of_others(tmp_path: Path) -> None:
    index, note, other = tmp_path / "index", tmp_path / "a.txt", tmp_path / "b.txt"
    note.write_text("Pump 1 takes ISO VG 10 oil.\n")
    other.write_text("\n")  # nothing can be indexed of it
    assert _run(index, "ingest", str(note), str(other))[0] == 2
    lost = _interrupt_rewriting(index, "a.txt")
    Originals(index / "blobs").path(lost.document.id).unlink()
    other.write_text("Valve 9 opens at 3 bar.\n")
    code, said = _run(index, "retry")
    assert code == 2
    assert "the original of a.txt" in said
    assert "VALVE 9" in _run(index, "search", "When does valve 9 open?")[1].upper()
