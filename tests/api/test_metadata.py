"""Metadata beside files and from the user: kept, renewed, carried along, and never in the way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from octavo.api.cli.main import cli
from octavo.api.cli.sync_calls import make_plan, run_sync
from octavo.api.client import Client
from octavo.api.http.app import make_app
from octavo.api.schemas.folders import SyncOut
from octavo.api.service import Service, sources_of
from octavo.api.settings import Settings
from octavo.api.sync import RemovalLimit
from octavo.api.sync_plan import FileHashes
from octavo.index.stores.payload import document_payload, stored_from
from octavo.ingest.document import DocumentError
from octavo.ingest.sidecar import metadata_beside
from tests.conftest import served, text_pdf
from tests.support.stores import A, stored

TEXT = "The turbine of the mill was rebuilt by the Halvorsen workshop."


def sync(service: Service, folder: Path) -> SyncOut:
    plan = make_plan([folder], service.status(), FileHashes())
    return run_sync(service, plan, 1 << 30, {}, RemovalLimit(), as_json=False)


def metadata(service: Service, name: str) -> dict[str, str]:
    found = service.entry(name).documents[0].metadata
    return {k: v for k, v in found.items() if k != "modified"}


def ingest(service: Service, *paths: Path, **labels: str) -> list[str]:
    return [r.outcome for r in service.ingest(sources_of(paths, service.settings, labels))]


def test_the_nearest_file_decides(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    (folder / "mills").mkdir(parents=True)
    (folder / ".octavometa.toml").write_text('owner = "museum"\nstate = "draft"\nrooms = 3\n')
    (folder / "mills" / ".octavometa.toml").write_text("state = 'checked'\nopened = 1921-05-01\n")
    (folder / "mills" / "turbine.pdf").write_bytes(text_pdf([TEXT], title="Turbine"))
    (folder / "mills" / "turbine.meta.toml").write_text('title = "The turbine"\ntags = ["a", "b"]')
    (folder / "mills" / "turbine.pdf.meta.json").write_text('{"tags": "c", "open": true}')
    assert ingest(service, folder, state="final") == ["added"]
    assert metadata(service, "turbine.pdf") == {
        "owner": "museum", "state": "final", "rooms": "3", "opened": "1921-05-01",
        "title": "The turbine", "tags": "c", "open": "true",
    }  # fmt: skip
    assert service.entry("turbine.pdf").documents[0].metadata["modified"].endswith("Z")


def test_metadata_is_renewed_without_reading_again(service: Service, tmp_path: Path) -> None:
    file, beside = tmp_path / "mill.txt", tmp_path / "mill.txt.meta.json"
    file.write_text(TEXT)
    beside.write_text('{"state": "draft", "old": 1}')
    ingest(service, file, project="north")
    before = service.entry("mill.txt").documents[0]
    beside.write_text('{"state": "final"}')
    assert ingest(service, file) == ["metadata"]
    assert metadata(service, "mill.txt") == {"state": "final", "project": "north"}
    assert ingest(service, file) == ["unchanged"]
    assert ingest(service, file, project="", since="1921") == ["metadata"]
    assert metadata(service, "mill.txt") == {"state": "final", "since": "1921"}
    beside.unlink()
    assert sync(service, tmp_path).totals["metadata"] == 1
    assert metadata(service, "mill.txt") == {"since": "1921"}
    after = service.entry("mill.txt").documents[0]
    assert (after.document, after.chunks) == (before.document, before.chunks)
    assert set(sync(service, tmp_path).totals) == {"unchanged"}


def test_labels_stay_with_a_place_and_a_document(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    file = folder / "mill.txt"
    file.write_text(TEXT)
    ingest(service, folder, project="north")
    file.write_text(TEXT + " It runs again.")  # a new version
    sync(service, folder)
    assert metadata(service, "mill.txt") == {"project": "north"}
    file.rename(folder / "wheel.txt")  # moved
    sync(service, folder)
    assert metadata(service, "wheel.txt") == {"project": "north"}
    (folder / "wheel.txt").rename(folder / "gone.txt")
    (folder / "gone.txt.meta.json").write_text('{"state": "lost"}')
    assert sync(service, folder).totals == {"moved": 1, "metadata": 1}
    assert metadata(service, "gone.txt") == {"project": "north", "state": "lost"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("mill.txt.meta.json", "{", r"mill\.txt\.meta\.json cannot be read"),
        ("mill.meta.json", "[1, 2]", "is no table of keys and values"),
        ("mill.meta.toml", "a = \n", r"mill\.meta\.toml cannot be read"),
        (".octavometa.toml", "a = [[1]]", "'a' is neither a text"),
        ("mill.txt.meta.json", '{"a": {"b": 1}}', "'a' is neither a text"),
        ("mill.txt.meta.json", '{"a": null}', "'a' is neither a text"),
        ("mill.txt.meta.json", '{"a": NaN}', "not a finite number"),
        ("mill.txt.meta.json", '{"": 1}', "'' is no key"),
        ("mill.txt.meta.json", '{"a=b": 1}', "is no key"),
        ("mill.txt.meta.json", json.dumps({"a": "x" * 501}), "has 501 characters"),
        ("mill.txt.meta.json", json.dumps({str(n): 1 for n in range(65)}), "has 65 keys"),
        ("mill.txt.meta.json", " " * 70_000, "has over 64 KB"),
        ("mill.txt.meta.json", "[" * 60_000, "cannot be read"),
        ("mill.txt.meta.toml", "a = 0x" + "f" * 9000, "number of over 1024 bits"),
        ("mill.txt.meta.json", '{"a": "\xff"}'.encode("latin-1"), "cannot be read"),
    ],
)
def test_what_is_no_metadata_is_told(
    tmp_path: Path, name: str, content: str | bytes, reason: str
) -> None:
    (tmp_path / "mill.txt").write_text(TEXT)
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DocumentError, match=reason):
        metadata_beside(tmp_path / "mill.txt")


def test_a_file_with_broken_metadata_fails_until_it_is_mended(
    service: Service, tmp_path: Path
) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "mill.txt").write_text(TEXT)
    (folder / "weir.txt").write_text("The weir is opened in March.")
    ingest(service, folder)
    (folder / "mill.txt.meta.json").write_text("{")
    out = sync(service, folder)
    assert [(r.name, r.outcome) for r in out.results] == [("mill.txt", "failed")]
    assert len(service.status().documents) == 2  # the version before stays
    assert sync(service, folder).results == []
    (folder / "mill.txt.meta.json").write_text('{"state": "final"}')
    assert [r.outcome for r in sync(service, folder).results] == ["metadata"]
    assert service.status().failed == []
    assert metadata(service, "mill.txt") == {"state": "final"}


@pytest.mark.parametrize("name", ["a" * 250 + ".txt", "mill", "näh er.tar.gz"])
def test_any_name_may_have_metadata(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    if len(name) < 200:
        (tmp_path / f"{name}.meta.json").write_text('{"a": "b"}')
    assert metadata_beside(tmp_path / name) == ({"a": "b"} if len(name) < 200 else {})
    assert [s.name for s in sources_of([tmp_path], Settings())] == [name]


def test_a_pipe_of_that_name_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "mill.txt").write_text("x")
    os.mkfifo(tmp_path / ".octavometa.toml")
    os.mkfifo(tmp_path / ".octavoignore")
    assert metadata_beside(tmp_path / "mill.txt") == {}
    assert [s.name for s in sources_of([tmp_path], Settings())] == ["mill.txt"]


def test_records_of_before_are_read(service: Service, tmp_path: Path) -> None:
    """A record without metadata of the user is what it was, and one of before is read."""
    payload = document_payload(stored(A, 1))
    assert {"beside", "labels"}.isdisjoint(payload)
    assert stored_from(payload).metadata == {"title": "T"}
    (tmp_path / "mill.txt").write_text(TEXT)
    ingest(service, tmp_path / "mill.txt", project="north")
    (record,) = (tmp_path / "index" / "blobs").glob("*/*.json")
    row = json.loads(record.read_text())
    assert row["labels"] == {"project": "north"}
    for name in ("beside", "labels", "modified"):
        del row[name]
    record.write_text(json.dumps(row))
    assert service.original(service.entry("mill.txt").documents[0].document)


def test_an_index_that_is_made_anew_has_it_too(tmp_path: Path) -> None:
    index = str(tmp_path / "index")
    (tmp_path / "mill.txt").write_text(TEXT)
    (tmp_path / "mill.txt.meta.json").write_text('{"state": "final"}')
    run = CliRunner().invoke
    labels = ["--meta", "project=north", "--meta", "place=Old mill"]
    done = run(cli, ["ingest", str(tmp_path / "mill.txt"), "--index", index, *labels])
    assert done.exit_code == 0, done.output

    def kept() -> dict[str, str]:
        shown = run(cli, ["list", "--index", index, "--meta", "place=old*", "--json"])
        return dict(json.loads(shown.stdout)["documents"][0]["metadata"])

    before = kept()
    assert before | {"state": "final", "project": "north", "place": "Old mill"} == before
    (tmp_path / "mill.txt").unlink()
    store = tmp_path / "index" / "store"
    for file in sorted(store.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    store.rmdir()
    done = run(cli, ["repair", "--index", index])
    assert done.exit_code == 0, done.output
    assert kept() == before
    bad = run(cli, ["ingest", str(tmp_path), "--index", index, "--meta", "project"])
    assert (bad.exit_code, "KEY=VALUE" in bad.output) == (2, True)


def test_it_is_sent_to_a_server(service: Service, tmp_path: Path) -> None:
    (tmp_path / "mill.txt").write_text(TEXT)
    (tmp_path / "mill.txt.meta.json").write_text('{"state": "final"}')
    for url in served(make_app(service)):
        client = Client(url)
        sources = sources_of([tmp_path / "mill.txt"], service.settings, {"project": "north"})
        assert [r.outcome for r in client.ingest(sources)] == ["added"]
        (tmp_path / "mill.txt.meta.json").write_text("{")
        (failed,) = client.ingest(sources)
        assert failed.outcome == "failed"
        client.close()
    assert metadata(service, "mill.txt") == {"state": "final", "project": "north"}


def test_a_failed_file_keeps_its_labels_for_retry(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "mill.pdf"
    file.write_bytes(b"")
    assert ingest(service, file, project="north") == ["failed"]
    file.write_bytes(text_pdf([TEXT]))
    assert [r.outcome for r in service.retry()] == ["added"]
    assert metadata(service, "mill.pdf") == {"project": "north"}
