"""`octavo eval ingest`: docling's output, the ledger of damaged files, rates, one row of all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from octavo.api.cli.main import cli
from octavo.api.console.progress import progress
from octavo.api.settings import Settings
from octavo.evals.cli.eval_command import eval_
from octavo.evals.dataset import DatasetError
from octavo.evals.reading.docling import compare_document, compare_documents, docling_metrics
from octavo.evals.reading.docling_items import DoclingItem
from octavo.evals.reading.robustness import expected_pages, ingest_files, ledger_metrics, lost
from octavo.ingest.document import Block, Box, Line, PageContent, PageStatus
from tests.conftest import PUMP, WHALES, text_pdf
from tests.evals.test_regions import dataset


def line(text: str, x0: float, y0: float) -> Line:
    return Line(text, Box(x0, y0, x0 + 100, y0 + 10))


def read(*blocks: Block) -> list[PageContent]:
    return [PageContent(1, 600, 800, PageStatus(1, "text"), blocks)]


def text(*lines: Line) -> Block:
    return Block("text", Box(0, 0, 600, 800), lines)


def item(words: str, x0: float, y0: float, high: float = 30) -> DoclingItem:
    return DoclingItem("texts", 1, Box(x0, y0, x0 + 120, y0 + high), words)


def test_order_is_exact_where_every_text_comes_whole_and_in_turn() -> None:
    items = [item("one two", 0, 0), item("three", 300, 0), item("four", 0, 100)]
    right = compare_document(
        "a", items, read(text(line("one", 5, 5), line("two", 5, 18)), text(line("three", 305, 5)),
                         text(line("four", 5, 105)))
    )  # fmt: skip
    assert (right.texts_found, right.pairs, right.inverted, right.exact) == (3, 3, 0, True)
    assert right.likeness == 1.0
    swapped = compare_document("a", items, read(text(line("three", 305, 5), line("one two", 5, 5))))
    assert (swapped.texts_found, swapped.inverted, swapped.exact) == (2, 1, False)
    torn = compare_document(
        "a", items, read(text(line("one", 5, 5), line("three", 305, 5), line("two", 5, 18)))
    )
    assert (torn.inverted, torn.exact) == (0, False)


def test_cells_count_where_they_stand_in_one_row() -> None:
    rows = (("Name", "Age of all"), ("Ada", "36"), ("Bob", "41"))
    table = DoclingItem("tables", 1, Box(0, 0, 200, 100), "", rows)
    ours = Block(
        "table",
        Box(0, 0, 200, 110),
        (line("Name | Age of all", 0, 0), line("Ada | 36 | Bob", 0, 20), line("41", 0, 40)),
    )
    found = compare_document("a", [table], read(ours))
    assert (found.tables, found.tables_met, found.tables_as_tables) == (1, 1, 1)
    assert (found.cells, found.cells_kept) == (6, 5)  # of Bob's row one cell stands elsewhere
    missed = compare_document("a", [table], read(Block("figure", Box(0, 0, 200, 110), ())))
    assert (missed.tables_met, missed.tables_as_tables, missed.cells_kept) == (1, 0, 0)
    values = docling_metrics([found, missed], [])
    assert values["docling table recall@IoU0.5, as tables"] == 0.5
    assert "docling picture recall@IoU0.5" not in values


def test_a_docling_document_is_read_from_the_bottom_left(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "groundtruth").mkdir()
    (tmp_path / "sources" / "a.pdf").write_bytes(text_pdf([WHALES]))
    place = {"l": 70, "t": 842 - 70, "r": 525, "b": 842 - 110, "coord_origin": "BOTTOMLEFT"}
    whales = {
        "label": "text", "content_layer": "body", "children": [], "text": WHALES,
        "prov": [{"page_no": 1, "bbox": place}],
    }  # fmt: skip
    document = {
        "body": {"children": [{"$ref": "#/texts/0"}]}, "texts": [whales],
        "pages": {"1": {"size": {"width": 595, "height": 842}}},
    }  # fmt: skip
    (tmp_path / "groundtruth" / "a.json").write_text(json.dumps(document))
    [found] = compare_documents(tmp_path, ocr=False)
    assert (found.name, found.texts, found.texts_found, found.exact) == ("a", 1, 1, True)
    assert found.likeness == 1.0
    (tmp_path / "groundtruth" / "a.json").write_text('{"body": {}}')
    with pytest.raises(DatasetError, match=r"a\.json is no DoclingDocument"):
        compare_documents(tmp_path, ocr=False)


def hostile(folder: Path) -> Path:
    folder.mkdir()
    (folder / "good.pdf").write_bytes(text_pdf([PUMP, WHALES]))
    (folder / "torn.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 4)
    rows = [{"file": "good.pdf", "pages": 2}, {"file": "torn.pdf", "pages": 3}]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder


def test_the_ledger_of_a_folder_accounts_for_pages(tmp_path: Path) -> None:
    folder = hostile(tmp_path / "odd")
    filed = ingest_files(folder, Settings(ocr=False))
    assert [(f.file, f.state.name, f.accounted, f.expected) for f in filed] == [
        ("good.pdf", "indexed", 2, 2),
        ("torn.pdf", "failed", 0, 3),
    ]
    assert all(f.told for f in filed)
    assert sum(f.seconds for f in filed) > 0
    values = ledger_metrics(filed)
    assert values["ledger pages accounted"] == 2 / 5
    assert (values["ledger files told"], values["ledger files indexed"]) == (1.0, 0.5)
    assert [f.file for f in lost(filed)] == ["torn.pdf"]
    (folder / "good.pdf").unlink()
    with pytest.raises(DatasetError, match=r"manifest\.jsonl:1: 'good\.pdf' is no file"):
        expected_pages(folder)


def test_one_row_holds_all_and_the_report_shows_it(tmp_path: Path) -> None:
    folder, rows = dataset(tmp_path / "set"), tmp_path / "rows.jsonl"
    pdf = folder / "pdfs" / "a.pdf"
    asked = ["eval", "ingest", str(pdf), "--regions", str(folder), "--no-ocr", "--rounds=1"]
    done = CliRunner().invoke(cli, [*asked, "--out", str(rows)])
    assert done.exit_code == 0, done.output
    assert "region recall@IoU0.5, born digital" in done.stdout
    row = json.loads(rows.read_text())
    assert (row["n"], row["errors"], row["pages"]) == (2, [], 3)
    assert row["dataset"] == "set+1 files"
    found = row["metrics"]
    assert found["region recall@IoU0.5, born digital"] == 0.5
    assert row["intervals"]["region recall@IoU0.5, born digital"] == [0.0, 1.0]
    assert 0.01 < found["reading to bare loop"] < 2
    assert found["end to end pages/s"] > 0
    assert found["encoders alone pages/s"] > found["end to end pages/s"]
    out = tmp_path / "r.html"
    done = CliRunner().invoke(eval_, ["report", "--rows", str(rows), "--out", str(out)])
    assert done.exit_code == 0, done.output
    html = out.read_text()
    assert "Regions and gold boxes" in html
    assert "region recall@IoU0.5, born digital" in html


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "nothing to measure"),
        (["--ledger", "gone"], "--ledger gone is not a folder"),
        (["gone.pdf"], "gone.pdf is not a file"),
        (["--docling", "."], "has no groundtruth"),
        (["pyproject.toml", "--memory"], "--memory makes long PDFs"),
        (["pyproject.toml", "--out", "."], "--out .: is a directory"),
    ],
)
def test_what_cannot_be_measured_is_told_in_one_line(more: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, ["eval", "ingest", *more])
    assert done.exit_code == 1
    assert said in done.output
    assert len(done.output.splitlines()) == 1


def test_a_row_that_cannot_be_kept_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("octavo.evals.run_files.append_row", full)
    folder = hostile(tmp_path / "odd")
    asked = ["eval", "ingest", "--ledger", str(folder), "--no-ocr", "--out", str(tmp_path / "r")]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 1
    assert "No space left on device; the row is on standard output" in done.stderr
    assert json.loads(done.stdout)["metrics"]["ledger files"] == 2


def test_an_out_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    folder = dataset(tmp_path / "set")
    for command in ("run", "ablate"):
        asked = ["eval", command, "--dataset", str(folder), "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(cli, asked)
        assert done.exit_code == 1
        assert "out: is a file; give a folder for the results" in done.output


def test_the_bar_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("documents", unit="pages") as report:
        report(1, 3, "a.pdf")
        report(3)
    assert capsys.readouterr() == ("", "")
