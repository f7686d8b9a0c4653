"""Regions against gold boxes: values by hand, and the command over real PDFs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pymupdf
import pytest
from click.testing import CliRunner

from octavo.api.cli.main import cli
from octavo.evals.dataset import DatasetError, read_dataset
from octavo.evals.reading.region_scores import score_regions
from octavo.evals.reading.regions import PageRegions, found_on, regions_of
from octavo.ingest.document import Block, Box, Line

_BOX = Box(100, 100, 300, 200)


def page(*regions: Box, stored: tuple[Box, ...] = ()) -> PageRegions:
    return PageRegions("a.pdf", 1, True, "", regions, stored)


def test_the_best_region_is_told() -> None:
    found = page(Box(100, 100, 300, 150), Box(100, 110, 300, 210), stored=(_BOX,))
    assert found.best(_BOX) == pytest.approx(90 / 110)
    assert found.best(_BOX, stored=True) == 1.0
    assert page().best(_BOX) == 0.0


def test_repeated_and_nested_regions_are_counted() -> None:
    found = page(_BOX, Box(100, 100, 300, 199), Box(120, 120, 140, 140), Box(500, 500, 600, 600))
    assert found.doubles == 1
    assert found.nested == 2  # the little one, and the repeated one in the first


def test_a_caption_makes_a_second_region() -> None:
    caption = Line("Figure 1: a pump", Box(100, 205, 260, 215))
    assert list(regions_of(Block("figure", _BOX, (), (caption,)))) == [
        _BOX,
        Box(100, 100, 300, 215),
    ]
    assert list(regions_of(Block("text", _BOX, ()))) == [_BOX]


def dataset(folder: Path) -> Path:
    """Two paragraphs far apart on page 2 of 3, one gold box on the first, one on empty ground; and
    a page without text."""
    document = pymupdf.open()
    for number in range(3):
        drawn = document.new_page(width=595, height=842)
        if number < 2:
            for top, text in ((100, "The pump takes oil. " * 12), (500, "Whales eat krill. " * 12)):
                drawn.insert_textbox(pymupdf.Rect(72, top, 523, top + 120), text, fontsize=11)
    (folder / "pdfs").mkdir(parents=True)
    document.save(folder / "pdfs" / "a.pdf")
    first = Box(*pymupdf.open(folder / "pdfs" / "a.pdf")[1].get_text("blocks")[0][:4])
    rows = [
        {"_id": "q1", "text": "oil?", "doc": "a.pdf", "evidence_sources": ["Chart"]},
        {"_id": "q2", "text": "what?", "doc": "a.pdf", "evidence_sources": ["Table"]},
        {"_id": "q3", "text": "scan?", "doc": "a.pdf", "evidence_sources": ["Figure"]},
    ]
    write(folder / "queries.jsonl", rows)
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\ta.pdf#p2\t1\n")
    gold = [("q1", 2, first.rounded()), ("q2", 2, [50, 650, 500, 800]), ("q3", 3, [9, 9, 99, 99])]
    write(
        folder / "boxes.jsonl",
        [{"query-id": q, "doc": "a.pdf", "page": p, "bbox": box} for q, p, box in gold],
    )
    return folder


def write(file: Path, rows: Sequence[Mapping[str, object]]) -> None:
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))


def test_the_command_tells_recall_by_kind_and_draws_the_misses(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    asked = ["eval", "regions", "--dataset", str(folder), "--no-ocr", "--json", "--workers=1"]
    done = CliRunner().invoke(cli, [*asked, "--misses", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["region recall@IoU0.5, born digital"] == 0.5
    assert found["region recall@IoU0.5, chart, born digital"] == 1.0
    assert found["region recall@IoU0.5, table, born digital"] == 0.0
    assert found["region recall@IoU0.5, scans"] == 0.0
    assert (found["gold boxes, born digital"], found["gold boxes, scans"]) == (2, 1)
    assert (found["pages, born digital"], found["regions/page, born digital"]) == (2, 2.0)
    assert found["gold boxes on unread pages"] == 0
    names = sorted(f.name for f in (tmp_path / "out").iterdir())
    assert names == ["digital_a_p2_chart-table_0.00.png", "scan_a_p3_figure_0.00.png"]


def test_pages_with_gold_alone_keep_their_numbers(tmp_path: Path) -> None:
    file = dataset(tmp_path / "set") / "pdfs" / "a.pdf"
    whole = {p.page: p for p in found_on(file, [], ocr=False)}
    some = found_on(file, [2, 3], ocr=False)
    assert [p.page for p in some] == [2, 3]
    assert [p.digital for p in some] == [True, False]
    assert some[0].regions == whole[2].regions


def test_a_set_without_gold_boxes_is_refused(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    (folder / "boxes.jsonl").unlink()
    with pytest.raises(DatasetError, match="has no gold boxes"):
        score_regions(read_dataset(folder), folder, ocr=False, workers=1)
