"""Folders and the index: what is new, changed, moved and removed, and what must never be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient

from octavo.api.cli.sync_calls import make_plan, run_sync
from octavo.api.client import Client
from octavo.api.document_sources import change_sources
from octavo.api.http.app import make_app
from octavo.api.schemas.folders import SourcesOut, SyncOut
from octavo.api.schemas.ledger import CacheOut, StatusOut, status_out
from octavo.api.service import Service, sources_of
from octavo.api.settings import Settings
from octavo.api.sync import RemovalLimit, SyncTarget, ordered_moves
from octavo.api.sync_plan import FileHashes, FolderError, SyncItem
from octavo.index.commit import commit_document
from octavo.index.originals import Originals
from octavo.index.settle import settle
from octavo.index.store import Store, StoredDocument
from octavo.index.stores.qdrant_edge import EdgeStore
from octavo.index.stores.qdrant_edge_shard import Shard
from octavo.index.stores.qdrant_server import QdrantStore
from octavo.ingest.document import Document, document_id
from octavo.retrieve.query import Query
from tests.conftest import ROOT, served, text_pdf
from tests.support.stores import SIZES, point

BREWERY = "The mash rests at 66 degrees for one hour before the wort is drawn off."
ORCHARD = "Apple trees of the north slope are pruned in February, pears in March."
FERRY = "The ferry to Langness leaves at 7.15 and needs forty minutes for the crossing."
BRIDGE = "The swing bridge opens for vessels of more than nine metres of height."


def sync(
    target: SyncTarget,
    *folders: Path,
    limit: RemovalLimit | None = RemovalLimit(),  # noqa: B008
    hashes: FileHashes | None = None,
) -> SyncOut:
    plan = make_plan(folders, target.status(), hashes or FileHashes())
    return run_sync(target, plan, 1 << 30, {}, limit, as_json=False)


def folder_of(place: Path, **texts: str) -> Path:
    folder = place / "library"
    for name, text in texts.items():
        file = folder / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def sources(target: Service | Client, folder: Path) -> dict[str, str]:
    """Relative path to name of every document under the folder."""
    return {
        os.path.relpath(s, folder): d.name for d in target.status().documents for s in d.sources
    }


def best(service: Service, question: str) -> str:
    hits = service.search(Query(question)).hits
    return hits[0].text if hits else ""


def octavo(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "octavo", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_the_command_says_first_and_does_then(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, brewery_txt=BREWERY, orchard_txt=ORCHARD, ferry_txt=FERRY)
    index = ("--index", tmp_path / "index")
    planned = octavo("sync", folder, "--dry-run", "--json", *index)
    assert json.loads(planned.stdout)["totals"] == {"new": 3}
    assert not (tmp_path / "index").exists()
    assert octavo("sync", folder, *index).stdout.endswith("3 new\n")

    (folder / "boats").mkdir()
    (folder / "ferry.txt").rename(folder / "boats" / "langness.txt")
    (folder / "orchard.txt").unlink()
    (folder / "brewery.txt").write_text(BREWERY.replace("66", "68"))
    planned = octavo("sync", folder, "--dry-run", *index)
    assert planned.stdout.splitlines() == [
        f"moved: {folder}/ferry.txt -> {folder}/boats/langness.txt",
        f"changed: {folder}/brewery.txt",
        f"removed: {folder}/orchard.txt",
        "1 changed, 1 moved, 1 removed",
    ]
    done = octavo("ingest", "--sync", folder, *index)
    assert done.returncode == 0, done.stderr
    assert "brewery.txt: updated" in done.stdout
    assert "langness.txt: " not in done.stdout.replace("boats/langness.txt", "")  # not read
    asked = octavo("ask", "When does the ferry to Langness leave?", *index)
    assert "langness.txt, page 1" in asked.stdout
    found = json.loads(octavo("search", "mash rests degrees", "--json", *index).stdout)
    assert [h["text"] for h in found["hits"] if "degrees" in h["text"]] == [
        BREWERY.replace("66", "68")
    ]
    assert octavo("sync", folder, *index).stdout == "2 unchanged\n"


@pytest.mark.parametrize("name", ["missing", "empty", "hidden", "file"])
def test_a_folder_that_is_not_there_removes_nothing(
    service: Service, tmp_path: Path, name: str
) -> None:
    folder = folder_of(tmp_path, brewery_txt=BREWERY, orchard_txt=ORCHARD)
    sync(service, folder)
    shutil.rmtree(folder)
    if name == "empty":
        folder.mkdir()
    elif name == "hidden":
        folder_of(tmp_path, **{"_git__config": "x"})
    elif name == "file":
        folder.write_text("x")
    with pytest.raises(FolderError, match=str(folder)):
        sync(service, folder, limit=None)
    other = tmp_path / "other"
    other.mkdir()
    (other / "ferry.txt").write_text(FERRY)
    with pytest.raises(FolderError):
        sync(service, other, folder)
    assert len(service.status().documents) == 2


def test_more_than_the_share_is_never_removed_unasked(service: Service, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, **{f"n{n}_txt": f"Crate {n} holds {n} lamps." for n in range(15)})
    sync(service, folder)
    for n in range(11):
        (folder / f"n{n}.txt").unlink()
    (folder / "new.txt").write_text(FERRY)
    out = sync(service, folder)
    assert (out.withheld, out.max_removed) == (11, 10)
    assert len(service.status().documents) == 16  # what is new got in
    assert sync(service, folder, limit=RemovalLimit.read("50%")).withheld == 11
    out = sync(service, folder, limit=RemovalLimit.read("11"))
    assert out.withheld == 0
    assert len(service.status().documents) == 5


@pytest.mark.parametrize("text", ["", "many", "-3", "101%", "2.5", "%"])
def test_a_limit_that_is_none_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"%"):
        RemovalLimit.read(text)


def test_without_yes_the_command_fails_and_removes_nothing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, brewery_txt=BREWERY, orchard_txt=ORCHARD, ferry_txt=FERRY)
    index = ("--index", tmp_path / "index")
    octavo("sync", folder, *index)
    (folder / "ferry.txt").unlink()
    (folder / "orchard.txt").unlink()
    refused = octavo("sync", folder, "--max-removed", "1", *index)
    assert refused.returncode == 2
    assert "2 files are no longer there, and at most 1 are removed at once" in refused.stderr
    assert "removed: " not in refused.stdout
    assert octavo("sync", folder, "--max-removed", "1", "--yes", *index).returncode == 0
    assert "1 documents" in octavo("status", *index).stdout


def test_only_what_came_from_the_folder_is_touched(service: Service, tmp_path: Path) -> None:
    beside = tmp_path / "library-2"
    beside.mkdir()
    (beside / "bridge.txt").write_text(BRIDGE)
    folder = folder_of(tmp_path, brewery_txt=BREWERY, bridge_txt=BRIDGE, ferry_txt=FERRY)
    list(service.ingest(sources_of([beside, folder], service.settings)))
    (beside / "bridge.txt").unlink()  # gone, but nobody asked about it
    (folder / "bridge.txt").unlink()
    sync(service, folder)
    assert sources(service, tmp_path) == {
        "library/brewery.txt": "brewery.txt",
        "library/ferry.txt": "ferry.txt",
        "library-2/bridge.txt": "bridge.txt",
    }
    assert "nine metres" in best(service, "swing bridge height")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_or_folder_that_cannot_be_read_removes_nothing(
    service: Service, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, a__brewery_txt=BREWERY, orchard_txt=ORCHARD, ferry_txt=FERRY)
    sync(service, folder)
    (folder / "a").chmod(0)
    (folder / "ferry.txt").chmod(0)
    try:
        out = sync(service, folder)
    finally:
        (folder / "a").chmod(0o755)
    assert out.totals == {"unreadable": 1, "unchanged": 1}
    assert len(service.status().documents) == 3


def test_a_subfolder_that_cannot_be_listed_removes_nothing(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, a__brewery_txt=BREWERY, orchard_txt=ORCHARD)
    sync(service, folder)
    scan = os.scandir

    def refuse(path: Any) -> Any:
        if os.fspath(path).endswith("/a"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert sync(service, folder).totals == {"unchanged": 1}
    monkeypatch.undo()
    assert sorted(sources(service, folder)) == ["a/brewery.txt", "orchard.txt"]


def test_a_new_version_that_fails_leaves_the_old_one(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "ferry.pdf").write_bytes(text_pdf([FERRY]))
    (folder / "orchard.txt").write_text(ORCHARD)
    sync(service, folder)
    (folder / "ferry.pdf").write_bytes(b"%PDF-1.7 cut off")
    out = sync(service, folder)
    assert [r.outcome for r in out.results] == ["failed"]
    assert "7.15" in best(service, "ferry to Langness")
    again = sync(service, folder)
    assert (again.results, again.totals) == ([], {"failed": 1, "unchanged": 1})
    (folder / "ferry.pdf").unlink()
    assert sync(service, folder).totals == {"removed": 1, "unchanged": 1}
    assert not service.status().failed


def test_files_that_changed_names_in_a_circle(service: Service, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a_txt=BREWERY, b_txt=ORCHARD, c_txt=FERRY, d_txt=BRIDGE)
    sync(service, folder)
    before = {d.name: d.document for d in service.status().documents}
    for old, new in (("a", "x"), ("c", "a"), ("b", "c"), ("x", "b"), ("d", "e")):
        (folder / f"{old}.txt").rename(folder / f"{new}.txt")
    assert not sync(service, folder).results  # nothing is read again
    after = {d.name: d.document for d in service.status().documents}
    assert after == {
        "a.txt": before["c.txt"], "b.txt": before["a.txt"],
        "c.txt": before["b.txt"], "e.txt": before["d.txt"],
    }  # fmt: skip
    assert sync(service, folder).totals == {"unchanged": 4}


def test_a_moved_file_that_replaces_another(service: Service, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a_txt=BREWERY, b_txt=ORCHARD, c_txt=FERRY)
    sync(service, folder)
    (folder / "a.txt").replace(folder / "b.txt")
    sync(service, folder)
    assert sources(service, folder) == {"b.txt": "b.txt", "c.txt": "c.txt"}
    assert "66 degrees" in best(service, "mash rests degrees")
    assert "February" not in best(service, "pruned in February")


def test_moves_wait_for_the_place_to_be_free() -> None:
    items = [
        SyncItem("moved", "/f/b", None, "A", "/f/a"),
        SyncItem("moved", "/f/c", None, "B", "/f/b"),
    ]
    changes = ordered_moves(items, {"/f/a": "A", "/f/b": "B"})
    assert [(c.document, c.add, c.drop) for c in changes] == [
        ("B", ["/f/c"], ["/f/b"]),
        ("A", ["/f/b"], ["/f/a"]),
    ]
    circle = [
        SyncItem("moved", "/f/b", None, "A", "/f/a"),
        SyncItem("moved", "/f/a", None, "B", "/f/b"),
    ]
    changes = ordered_moves(circle, {"/f/a": "A", "/f/b": "B"})
    assert [c.document for c in changes] == ["A", "B", "A"]
    assert changes[-1].add == ["/f/b"]


def test_attachments_go_with_their_mail(service: Service, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, orchard_txt=ORCHARD)
    mail = EmailMessage()
    mail["Subject"] = "The plan"
    mail.set_content("Here is the plan.")
    mail.add_attachment(BRIDGE, filename="plan.txt")
    (folder / "letter.eml").write_bytes(mail.as_bytes())
    sync(service, folder)
    held = {d.name: d.document for d in service.status().documents}
    assert set(held) == {"letter.eml", "orchard.txt", "plan.txt in letter.eml"}
    assert sync(service, folder).totals == {"unchanged": 2}
    (folder / "letter.eml").rename(folder / "old.eml")
    assert sync(service, folder).totals == {"moved": 2, "unchanged": 1}
    moved = {d.name: d.document for d in service.status().documents}
    assert moved["plan.txt in old.eml"] == held["plan.txt in letter.eml"]
    (folder / "old.eml").unlink()
    sync(service, folder)
    assert [d.name for d in service.status().documents] == ["orchard.txt"]


@pytest.mark.parametrize("sign", ["#", "!", ":"])
def test_a_name_that_begins_like_another_is_a_file_of_its_own(
    service: Service, tmp_path: Path, sign: str
) -> None:
    folder = folder_of(tmp_path, orchard_txt=ORCHARD)
    other = folder / f"orchard.txt{sign}old.txt"
    other.write_text(BRIDGE)
    sync(service, folder)
    other.unlink()
    assert sync(service, folder).totals == {"removed": 1, "unchanged": 1}
    assert [d.name for d in service.status().documents] == ["orchard.txt"]


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        ("*.log\n!keep.log\n", {"a.txt", "keep.log", "deep/b.txt", "deep/er/a.txt"}),
        ("/a.txt\ndeep/er/\n", {"keep.log", "x.log", "deep/b.txt", "deep/x.log"}),
        ("# nothing but\n\ndeep/**\n", {"a.txt", "keep.log", "x.log"}),
    ],
)
def test_octavoignore_leaves_out(tmp_path: Path, patterns: str, kept: set[str]) -> None:
    folder = folder_of(
        tmp_path, a_txt="a", keep_log="k", x_log="x", deep__b_txt="b", deep__x_log="y",
        deep__er__a_txt="c",
    )  # fmt: skip
    (folder / ".octavoignore").write_text(patterns)
    found = {s.source for s in sources_of([folder], Settings())}
    assert {os.path.relpath(s, folder) for s in found} == kept


def test_an_ignore_file_further_down_decides(service: Service, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a_txt="a", deep__b_txt="b", deep__c_txt="c")
    (folder / ".octavoignore").write_text("*.txt\n")
    (folder / "deep" / ".octavoignore").write_text("!c.txt\n")
    assert [s.name for s in sources_of([folder], Settings())] == ["c.txt"]
    (folder / ".octavoignore").unlink()
    sync(service, folder)
    assert sorted(sources(service, folder)) == ["a.txt", "deep/b.txt", "deep/c.txt"]
    (folder / ".octavoignore").write_text("b.txt\n")
    out = sync(service, folder)
    assert [(i.action, i.reason) for i in out.items] == [("removed", "left out now")]
    assert sorted(sources(service, folder)) == ["a.txt", "deep/c.txt"]


def test_an_index_in_the_folder_is_no_part_of_it(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a_txt="a", y2024__01__b_txt="b", blobs__c_txt="c")
    with opened(folder / "octavo-index") as service:
        sync(service, folder)
        assert sync(service, folder).totals == {"unchanged": 3}
    of_server = folder / "server" / "blobs-octavo" / "0f"
    of_server.mkdir(parents=True)
    (of_server / ("0f" * 32)).write_text("kept")
    found = {os.path.relpath(s.source, folder) for s in sources_of([folder], Settings())}
    assert found == {"a.txt", "y2024/01/b.txt", "blobs/c.txt"}


@pytest.mark.parametrize("line", ["!", "x" * 1001, "a/**/" * 300])
def test_a_pattern_that_is_none_is_told(tmp_path: Path, line: str) -> None:
    folder = folder_of(tmp_path, a_txt="a")
    (folder / ".octavoignore").write_text(f"*.log\n{line}\n")
    with pytest.raises(ValueError, match=r"\.octavoignore, line 2: "):
        sources_of([folder], Settings())


def test_through_a_server(service: Service, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, brewery_txt=BREWERY, orchard_txt=ORCHARD, ferry_txt=FERRY)
    for url in served(make_app(service)):
        client = Client(url)
        sync(client, folder)
        (folder / "ferry.txt").rename(folder / "langness.txt")
        (folder / "orchard.txt").unlink()
        (folder / "brewery.txt").write_text(BREWERY.replace("66", "68"))
        out = sync(client, folder)
        assert out.totals == {"changed": 1, "moved": 1, "removed": 1}
        assert [r.name for r in out.results] == ["brewery.txt"]
        assert sync(client, folder).totals == {"unchanged": 2}
        client.close()
    assert sources(service, folder) == {
        "langness.txt": "langness.txt", "brewery.txt": "brewery.txt"
    }  # fmt: skip
    assert "68 degrees" in best(service, "mash rests degrees")


@contextmanager
def opened(index: Path) -> Iterator[Service]:
    service = Service(Settings(index=index), create=True)
    yield service
    service.close()


_STEPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (Shard, ("upsert", "upsert_record", "delete", "delete_where")),
    (Originals, ("put", "write_record", "mark_deleted", "delete")),
)
_DYING = """
import os, sys
from pathlib import Path
left = int(sys.argv[3])

def dying(method):
    def step(*a, **k):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return method(*a, **k)
    return step

from octavo.api.service import Service
from octavo.api.settings import Settings
from tests.api.test_sync import _STEPS, sync
for owner, names in _STEPS:
    for name in names:
        setattr(owner, name, dying(getattr(owner, name)))

service = Service(Settings(index=Path(sys.argv[1])), create=True)
sync(service, Path(sys.argv[2]))
os._exit(0)
"""


@pytest.mark.parametrize("step", [3, 7, 11, 15])
def test_a_process_that_dies_in_a_sync_has_lost_nothing(tmp_path: Path, step: int) -> None:
    folder = folder_of(tmp_path, a_txt=BREWERY, b_txt=ORCHARD, c_txt=FERRY, d_txt=BRIDGE)
    index = tmp_path / "index"
    with opened(index) as service:
        sync(service, folder)
    (folder / "a.txt").rename(folder / "aa.txt")  # moved
    (folder / "b.txt").write_text(ORCHARD.replace("March", "April"))  # changed
    (folder / "c.txt").unlink()  # removed
    (folder / "e.txt").write_text("The kiln is fired on Mondays with beech wood.")  # new
    died = subprocess.run(
        [sys.executable, "-c", _DYING, str(index), str(folder), str(step)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=120,
    )  # fmt: skip
    assert died.returncode == 9, died.stderr
    with opened(index) as service:
        # Each is found, in one of its versions, before anything is put right.
        assert "66 degrees" in best(service, "mash rests degrees")
        assert "north slope" in best(service, "apple trees of the north slope")
        assert "nine metres" in best(service, "swing bridge height")
        sync(service, folder)
        wanted = {"aa.txt": "aa.txt", "b.txt": "b.txt", "d.txt": "d.txt", "e.txt": "e.txt"}
        assert sources(service, folder) == wanted
        assert "April" in best(service, "apple trees of the north slope")
        assert "Langness" not in best(service, "ferry to Langness")
        assert sync(service, folder).totals == {"unchanged": 4}


def test_moves_and_removals_on_a_qdrant_server(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, **{f"{n}_txt": f"File {n}." for n in "abc"})
    engine = Engine(tmp_path / "there", QdrantStore(QdrantClient(":memory:"), "c", SIZES))
    for number, file in enumerate(sorted(folder.iterdir()), 1):
        engine.add(number, file)
    ids = {d.name: d.document for d in engine.status().documents}
    (folder / "a.txt").rename(folder / "x.txt")
    (folder / "b.txt").rename(folder / "a.txt")
    (folder / "c.txt").unlink()
    assert sync(engine, folder).totals == {"moved": 2, "removed": 1}
    held = {d.name: d.document for d in engine.status().documents}
    assert held == {"x.txt": ids["a.txt"], "a.txt": ids["b.txt"]}
    assert engine.store.count() == 2
    assert sync(engine, folder).totals == {"unchanged": 2}
    engine.store.close()


class DiedError(BaseException):
    """The process is gone."""


class Engine:
    """A store without models: what is moved and removed needs none."""

    def __init__(self, place: Path, store: Store | None = None) -> None:
        place.mkdir(exist_ok=True)
        self.store = store or EdgeStore(place / "store", SIZES)
        self.originals = Originals(place / "blobs")
        settle(self.store, self.originals)

    def add(self, number: int, file: Path) -> None:
        data = file.read_bytes()
        document = document_id(data)
        self.originals.put(document, data)
        self.store.begin(document)
        self.store.upsert([point(number, document)])
        source = str(file)
        record = StoredDocument(
            Document(document, file.name, source, 1), "txt", len(data), 1, (source,), number
        )
        commit_document(self.store, self.originals, record)

    def status(self) -> StatusOut:
        cache = CacheOut(entries=0, limit=0, hits=0, misses=0)
        return status_out("", "", self.store.documents(), self.store.failures(), cache)

    def ingest(self, sources: object, report: object = None) -> Iterator[Any]:
        raise AssertionError("nothing is to be read")

    def change_sources(self, changes: Any) -> SourcesOut:
        return change_sources(self.store, self.originals, changes)


def test_moves_and_removals_survive_a_death_at_any_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, **{f"{n}_txt": f"File {n}." for n in "abcdef"})
    engine = Engine(tmp_path / "whole")
    for number, file in enumerate(sorted(folder.iterdir()), 1):
        engine.add(number, file)
    before = {d.name: d.document for d in engine.status().documents}
    engine.store.close()
    for old, new in (("a", "x"), ("b", "a"), ("x", "b")):  # two that changed names
        (folder / f"{old}.txt").rename(folder / f"{new}.txt")
    (folder / "c.txt").replace(folder / "d.txt")  # one in the place of another
    (folder / "e.txt").unlink()
    wanted = {
        "a": before["b.txt"],
        "b": before["a.txt"],
        "d": before["c.txt"],
        "f": before["f.txt"],
    }
    for step in range(200):
        place = tmp_path / f"step{step}"
        shutil.copytree(tmp_path / "whole", place)
        engine = Engine(place)
        left = step

        def counted(method: Any) -> Any:
            def run(*arguments: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    raise DiedError
                return method(*arguments)

            return run

        with monkeypatch.context() as patch:
            for owner, names in _STEPS:
                for name in names:
                    patch.setattr(owner, name, counted(getattr(owner, name)))
            try:
                sync(engine, folder)
                died = False
            except DiedError:
                died = True
        engine.store.close()
        engine = Engine(place)
        there = {d.document for d in engine.status().documents}
        assert there >= set(wanted.values()), step  # none of what is still in the folder is lost
        sync(engine, folder)
        now = {d.source: d.document for d in engine.status().documents}
        assert now == {f"{folder}/{n}.txt": d for n, d in wanted.items()}, step
        assert {d.name for d in engine.status().documents} == {f"{n}.txt" for n in wanted}
        assert set(sync(engine, folder).totals) == {"unchanged"}
        assert all(engine.originals.get(d) for d in wanted.values())
        engine.store.close()
        shutil.rmtree(place)
        if not died:
            break
    assert 10 < step < 199
