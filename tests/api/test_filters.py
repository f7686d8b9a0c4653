"""Conditions on documents: folder, name, type, date, metadata; met inside every search."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import octavo
from octavo.api.cli.main import cli
from octavo.api.client import Client
from octavo.api.document_filter import document_date, read_conditions
from octavo.api.http.app import make_app
from octavo.api.library.where import Where
from octavo.api.naming import AmbiguousError
from octavo.api.service import Service, sources_of
from octavo.api.settings import Settings
from octavo.index.store import NotFoundError
from octavo.retrieve.query import Query
from tests.conftest import picture, served, text_pdf

#: Every one answers the same question, so that only the condition tells them apart.
FILES = {
    "contracts/2023/annual-report-harbour.txt": "The crane of the harbour lifts 40 tonnes.",
    "contracts/2024/annual_report_quarry.txt": "The crane of the quarry lifts 25 tonnes.",
    "notes/crane diary.md": "# Diary\n\nThe crane of the shipyard lifts 12 tonnes.",
    "notes/old/yard.txt": "The crane of the yard lifts 8 tonnes.",
}
QUESTION = "How many tonnes does the crane lift?"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    folder = tmp_path_factory.mktemp("filters") / "library"
    for n, (name, text) in enumerate(FILES.items()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
        os.utime(folder / name, (1_600_000_000 + n * 40_000_000,) * 2)
    (folder / "notes" / "dock.pdf").write_bytes(
        text_pdf(["The crane of the dock lifts 60 tonnes."], title="Lifting gear handbook")
    )
    (folder / "notes" / "dock.pdf.meta.json").write_text(
        '{"site": ["North", "East"], "year": 2019}'
    )
    (folder / "crane.png").write_bytes(picture("CRANE 33 TONNES"))
    (folder / "contracts" / ".octavometa.toml").write_text('site = "South"\ndate = 2021-07-04\n')
    service = Service(Settings(index=folder.parent / "index"), create=True)
    labels = {"project": "lift"}
    list(service.ingest(sources_of([folder / "notes"], service.settings, labels)))
    list(service.ingest(sources_of([folder], service.settings)))
    yield service, folder
    service.close()


def found(service: Service, where: Where) -> set[str]:
    hits = service.search(service.question(QUESTION, None, where), 50).hits
    return {h.name for h in hits}


HARBOUR, QUARRY = "annual-report-harbour.txt", "annual_report_quarry.txt"
DIARY, YARD, DOCK, PICTURE = "crane diary.md", "yard.txt", "dock.pdf", "crane.png"
CONDITIONS: list[tuple[list[str], set[str]]] = [
    (["folder=contracts"], {HARBOUR, QUARRY}),
    (["folder=contracts/2024"], {QUARRY}),
    (["folder=Contracts/2024/"], {QUARRY}),
    (["folder=notes"], {DIARY, YARD, DOCK}),
    (["folder=old", "folder=2023"], {YARD, HARBOUR}),
    (["name=annual*"], {HARBOUR, QUARRY}),
    (["name=*.MD"], {DIARY}),
    (["name=????.*"], {YARD, DOCK}),
    (["type=pdf"], {DOCK}),
    (["type=.md", "type=PDF"], {DIARY, DOCK}),
    (["type=png"], {PICTURE}),
    (["site=north"], {DOCK}),
    (["site=s*"], {HARBOUR, QUARRY}),
    (["SITE=*"], {HARBOUR, QUARRY, DOCK}),
    (["year=2019", "site=east"], {DOCK}),
    (["project=lift", "type=txt"], {YARD}),
    (["since=2021-07-04", "until=2021-07-04"], {HARBOUR, QUARRY}),
    (["since=2021-07", "until=2021"], {HARBOUR, QUARRY}),
    (["until=2023", "folder=notes", "type=md"], {DIARY}),
    (["in=annual"], {HARBOUR, QUARRY}),
    (["in=report 2023"], set()),
    (["in=quarry REPORT"], {QUARRY}),
    (["in=lifting gear"], {DOCK}),
    (["in=yard.txt", "in=diary"], {YARD, DIARY}),
    (["in=annual", "folder=2023"], {HARBOUR}),
]


@pytest.mark.parametrize(("conditions", "wanted"), CONDITIONS, ids=lambda c: " ".join(sorted(c)))
def test_only_what_meets_the_conditions_is_found(
    library: tuple[Service, Path], conditions: list[str], wanted: set[str]
) -> None:
    service, _ = library
    where = read_conditions(conditions)
    if wanted:
        assert found(service, where) == wanted
        assert {d.name for d in service.status(where).documents} == wanted
        answer = service.ask(service.question(QUESTION, None, where))
        cited = {c.name for s in answer.sentences for c in s.citations}
        assert cited <= wanted
    else:
        with pytest.raises(NotFoundError, match="in the index: "):
            service.question(QUESTION, None, where)


def test_a_path_from_the_root_is_the_folder_itself(library: tuple[Service, Path]) -> None:
    service, folder = library
    assert found(service, Where(folders=[str(folder / "notes")])) == {DIARY, YARD, DOCK}
    with pytest.raises(NotFoundError, match="folder=/notes"):
        service.question(QUESTION, None, Where(folders=["/notes"]))


def test_the_picture_leg_and_what_a_question_names_are_limited_too(
    library: tuple[Service, Path],
) -> None:
    service, folder = library
    image = (folder / "crane.png").read_bytes()
    where = Where(folders=["contracts"])
    hits = service.search(service.question("", image, where), 50).hits
    assert {h.name for h in hits} <= {HARBOUR, QUARRY}
    named = 'in dock.pdf: how many tonnes does "the crane of the dock" lift?'
    hits = service.search(service.question(named, None, where), 50).hits
    assert {h.name for h in hits} <= {HARBOUR, QUARRY}
    assert PICTURE in {h.name for h in service.search(Query("", image), 50).hits}


def test_it_is_told_what_a_part_of_a_name_was_taken_for(library: tuple[Service, Path]) -> None:
    service, _ = library
    understood = service.search(service.question(QUESTION, None, Where(["annual"]))).understood
    (row,) = [u for u in understood if u.said == "annual"]
    assert (row.use, row.why) == ("filter", f"taken for {HARBOUR}, {QUARRY}")
    with pytest.raises(NotFoundError):
        service.delete("annual")  # what removes takes no part of a name
    assert len(service.status().documents) == 6


def test_a_whole_name_of_several_is_still_refused(service: Service, tmp_path: Path) -> None:
    for n in "12":
        (tmp_path / n).mkdir()
        (tmp_path / n / "plan.txt").write_text(f"Plan number {n} of the garden.")
    list(service.ingest(sources_of([tmp_path / "1", tmp_path / "2"], service.settings)))
    with pytest.raises(AmbiguousError):
        service.question("garden", None, Where(["plan.txt"]))
    assert len(service.question("garden", None, Where(["plan"])).where.documents) == 2
    assert len(service.question("garden", None, Where(names=["plan.txt"])).told) == 1


@pytest.mark.parametrize(
    "condition",
    ["type", "=pdf", "type=", "since=May", "until=2024-13", "page=x", "kind=poem",
     "name=" + "*" * 11, "since=2024-02-40", "name=" + "x" * 501],
)  # fmt: skip
def test_a_condition_that_is_none_is_told(library: tuple[Service, Path], condition: str) -> None:
    with pytest.raises(ValueError, match=r"expected|is no|is none|too long"):
        library[0].question("x", None, read_conditions([condition]))


@pytest.mark.parametrize(
    ("metadata", "date"),
    [
        ({"creationDate": "D:20240131120000+01'00'"}, "2024-01-31"),
        ({"creationDate": "2023-05-06T07:08:09Z", "modified": "2024-01-01"}, "2023-05-06"),
        ({"creationDate": "last week", "modified": "2024-01-01T00:00:00Z"}, "2024-01-01"),
        ({"date": "1999", "creationDate": "D:2024"}, "1999"),
        ({"date": "5 May 1999"}, ""),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_date_of_a_document(metadata: dict[str, str], date: str) -> None:
    assert document_date(metadata) == date


def test_through_the_command_line_the_library_and_a_server(
    library: tuple[Service, Path], tmp_path: Path
) -> None:
    service, folder = library
    for url in served(make_app(service)):
        client = Client(url)
        where = read_conditions(["site=north", "type=pdf"])
        hits = client.search(Query(QUESTION), 50, where).hits
        assert {h.name for h in hits} == {DOCK}
        assert [d.name for d in client.status(where).documents] == [DOCK]
        run = CliRunner().invoke
        options = ["--folder", "contracts", "--url", url]
        done = run(cli, ["search", QUESTION, *options, "--json"])
        assert {h["name"] for h in json.loads(done.stdout)["hits"]} == {HARBOUR, QUARRY}
        done = run(cli, ["ask", QUESTION, "--in", "quarry", "--url", url])
        assert "25 tonnes" in done.stdout
        done = run(cli, ["list", "--type", "txt", "--url", url])
        assert "3 documents, 3 pages" in done.stdout
        assert run(cli, ["list", "--meta", "site", "--url", url]).exit_code == 2
        bad = run(cli, ["search", "x", "--since", "soon", "--url", url])
        assert (bad.exit_code, "is no date" in bad.stderr) == (1, True)
        client.close()
    with octavo.open(tmp_path / "index") as index:
        index.ingest([folder / "notes"])
        hits2 = index.search(QUESTION, where=octavo.Where(metadata={"site": "east"}))
        assert {h.name for h in hits2} == {DOCK}
