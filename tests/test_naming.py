"""Which document a word means: an id is never a name, and a name that fits several is an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from api.cli import cli
from api.client import Client
from api.naming import AmbiguousError, find_document, find_entry
from api.server import make_app
from api.service import Service, sources_of
from api.settings import Settings
from index.store import NotFoundError, Stored, StoreError
from ingest.document import Document, document_id
from tests.conftest import PUMP, WHALES, served, text_pdf


def add(service: Service, *files: Path) -> None:
    assert {r.outcome for r in service.ingest(sources_of(files, service.settings))} <= {
        "added", "failed",
    }  # fmt: skip


def write(file: Path, data: bytes) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    return file


def names(service: Service) -> list[str]:
    return [d.name for d in service.status().documents]


@pytest.fixture
def pump(service: Service, tmp_path: Path) -> str:
    """The id of a document, beside another one whose file is called by that id."""
    data = text_pdf([PUMP])
    called = document_id(data)
    add(service, write(tmp_path / "pump.pdf", data), write(tmp_path / called, text_pdf([WHALES])))
    return called


@pytest.fixture
def specs(service: Service, tmp_path: Path) -> list[Path]:
    """Two files of one name in two folders, both in the index."""
    files = [
        write(tmp_path / "a" / "spec.txt", b"The flange takes eight M16 bolts."),
        write(tmp_path / "b" / "spec.txt", b"The cover takes four M8 screws."),
    ]
    add(service, *files)
    return files


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    yield from served(make_app(service))


def test_a_file_called_by_an_id_does_not_take_its_pages(service: Service, pump: str) -> None:
    other = next(d for d in service.status().documents if d.name == pump)
    assert service.page_png(pump, 1) == service.page_png("pump.pdf", 1)
    assert service.page_png(pump, 1) != service.page_png(other.document, 1)
    assert service.where([pump]).documents == (pump,)
    assert service.entry(pump).documents[0].name == "pump.pdf"
    assert service.entry(other.source).documents == [other]


def test_a_file_called_by_an_id_is_not_deleted_for_it(service: Service, pump: str) -> None:
    assert [d.name for d in service.delete(pump).deleted] == ["pump.pdf"]
    assert names(service) == [pump]


def test_an_id_that_is_gone_is_nobodys_name(service: Service, pump: str) -> None:
    """A link in an old answer must not show what somebody called by that id."""
    service.delete("pump.pdf")
    other = service.status().documents[0]
    for call in (
        lambda: service.page_png(pump, 1),
        lambda: service.delete(pump),
        lambda: service.where([pump]),
        lambda: service.entry(pump),
    ):
        with pytest.raises(NotFoundError, match=f"no document has the id.*{other.document[:12]}"):
            call()
    assert service.status().documents == [other]


def test_a_beginning_of_an_id_gives_way_to_no_name(service: Service, tmp_path: Path) -> None:
    data = text_pdf([PUMP])
    start = document_id(data)[:12]
    add(service, write(tmp_path / "pump.pdf", data))
    assert service.named([start])[0].document.name == "pump.pdf"
    add(service, write(tmp_path / start, WHALES.encode()))
    with pytest.raises(AmbiguousError, match="fits 2 documents") as error:
        service.delete(start)
    assert {c.name for c in error.value.candidates} == {"pump.pdf", start}
    assert len(names(service)) == 2
    service.delete(str(tmp_path / start))
    assert names(service) == ["pump.pdf"]


def test_over_http_links_are_by_id(service: Service, url: str, pump: str) -> None:
    said = httpx.post(f"{url}/v1/query", json={"text": "Which oil does the housing take?"}).json()
    assert said["sentences"][0]["citations"][0]["document"] == pump
    page = httpx.get(f"{url}/v1/documents/{pump}/pages/1.png").content
    assert page == service.page_png("pump.pdf", 1)
    body = {"text": "oil krill", "documents": [pump]}
    hits = httpx.post(f"{url}/v1/search", json=body).json()["hits"]
    assert {h["name"] for h in hits} == {"pump.pdf"}
    gone = httpx.delete(f"{url}/v1/documents/{pump}").json()
    assert [d["name"] for d in gone["deleted"]] == ["pump.pdf"]
    assert httpx.get(f"{url}/v1/documents/{pump}/pages/1.png").status_code == 404
    assert httpx.delete(f"{url}/v1/documents/{pump}").status_code == 404
    assert names(service) == [pump]


def test_a_name_of_two_documents_deletes_neither(service: Service, specs: list[Path]) -> None:
    with pytest.raises(AmbiguousError) as error:
        service.delete("spec.txt")
    for file in specs:
        assert f"{document_id(file.read_bytes())[:12]} from {file}" in str(error.value)
    assert "by its id or its source" in str(error.value)
    assert len(names(service)) == 2
    assert service.delete(str(specs[0])).deleted[0].source == str(specs[0])
    assert service.delete("spec.txt").deleted[0].source == str(specs[1])


def test_a_name_of_two_documents_is_an_error_in_every_call(
    service: Service, specs: list[Path]
) -> None:
    for call in (
        lambda: service.entry("spec.txt"),
        lambda: service.named(["spec.txt"]),
        lambda: service.where(["spec.txt"]),
        lambda: service.page_png("spec.txt", 1),
        lambda: list(service.retry(["spec.txt"])),
    ):
        with pytest.raises(AmbiguousError, match="fits 2 documents"):
            call()
    chosen = service.where([str(specs[1])]).documents
    assert chosen == (document_id(specs[1].read_bytes()),)


def test_over_http_a_name_of_two_documents_is_a_conflict(
    service: Service, url: str, specs: list[Path]
) -> None:
    listed = {document_id(f.read_bytes()): [str(f)] for f in specs}
    at = f"{url}/v1/documents/spec.txt"
    body = {"text": "bolts", "documents": ["spec.txt"]}
    for reply in (
        httpx.delete(at),
        httpx.get(at),
        httpx.get(f"{at}/pages/1.png"),
        httpx.post(f"{url}/v1/query", json=body),
        httpx.post(f"{url}/v1/search", json=body),
        httpx.post(f"{url}/v1/explain", json={"text": "bolts", "expect": "spec.txt#p1"}),
        httpx.post(f"{url}/v1/retry", json={"names": ["spec.txt"]}),
    ):
        assert reply.status_code == 409
        problem = reply.json()
        assert {c["document"]: c["sources"] for c in problem["candidates"]} == listed
        assert "by its id or its source" in problem["error"]
    client = Client(url)
    with pytest.raises(StoreError, match="fits 2 documents"):
        client.delete("spec.txt")
    assert len(names(service)) == 2
    assert client.delete(str(specs[0])).deleted[0].source == str(specs[0])
    client.close()


def octavo(index: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--index", str(index)])


def test_the_command_line_asks_which(tmp_path: Path) -> None:
    index = tmp_path / "index"
    files = [
        write(tmp_path / "a" / "spec.txt", b"The flange takes eight M16 bolts."),
        write(tmp_path / "b" / "spec.txt", b"The cover takes four M8 screws."),
    ]
    octavo(index, "ingest", *map(str, files))
    for command in (
        ["delete", "spec.txt"],
        ["status", "spec.txt"],
        ["retry", "spec.txt"],
        ["search", "bolts", "--in", "spec.txt"],
        ["ask", "bolts", "--in", "spec.txt"],
        ["explain", "bolts", "--expect", "spec.txt#p1"],
    ):
        done = octavo(index, *command)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr.count("\n") == 1
        assert all(str(f) in done.stderr for f in files)
    assert "2 documents" in octavo(index, "status").stdout
    some = octavo(index, "search", "bolts", "--in", str(files[1]), "--json")
    assert {h["text"] for h in json.loads(some.stdout)["hits"]} == {files[1].read_text()}
    assert "deleted spec.txt" in octavo(index, "delete", str(files[0])).stdout
    assert "deleted spec.txt" in octavo(index, "delete", "spec.txt").stdout


def test_sources_that_failed_are_told_apart(tmp_path: Path) -> None:
    service = Service(Settings(index=tmp_path / "index"), create=True)
    files = [write(tmp_path / folder / "bad.pdf", b"") for folder in ("a", "b")]
    good = write(tmp_path / "c" / "bad.pdf", text_pdf([PUMP]))
    try:
        add(service, *files, good)
        with pytest.raises(AmbiguousError, match="fits 3 documents") as error:
            service.delete("bad.pdf")
        assert [c.failed for c in error.value.candidates] == [False, True, True]
        assert service.named(["bad.pdf"])[0].document.source == str(good)
        assert [f.source for f in service.delete(str(files[0])).forgotten] == [str(files[0])]
        assert (len(service.status().documents), len(service.status().failed)) == (1, 1)
    finally:
        service.close()


FIRST, SECOND = "ab" * 32, "ab" * 4 + "cd" * 28
WORDS = (FIRST, SECOND, FIRST[:8], "a.txt", "/x/a.txt")


def indexes() -> Iterator[list[Stored]]:
    """Two documents, called in every way by words that mean the other one, or both."""
    for name, source, other, another in product(WORDS, repeat=4):
        yield [
            Stored(Document(i, n, s, 1), "text", 1, 1, (s,))
            for i, n, s in ((FIRST, name, source), (SECOND, other, another))
        ]


def test_a_word_means_one_document_or_is_refused() -> None:
    for documents, word in product(indexes(), WORDS):
        ids = [s.document.id for s in documents]
        if word in ids:
            assert find_document(word, documents).document.id == word
            assert find_entry(word, documents, []).document == find_document(word, documents)
            continue
        called = {
            s.document.id
            for s in documents
            if word in (s.document.name, s.document.source, s.document.source.rpartition("/")[2])
        }
        meant = called | {i for i in ids if i[:8] == word}
        assert outcome(word, documents) == meant


def outcome(word: str, documents: list[Stored]) -> set[str]:
    """The ids of the one document found, of those listed, or of none."""
    try:
        return {find_document(word, documents).document.id}
    except AmbiguousError as error:
        return {c.document for c in error.candidates}
    except NotFoundError:
        return set()
