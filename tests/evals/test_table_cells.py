"""Scores of table cells: by hand, and through the command on drawn tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from octavo.evals.cli.eval_command import eval_
from octavo.evals.tables.cell_scores import CellScores, read_rows, score_cells
from octavo.evals.tables.measure_tables import TableLayout, table_layouts
from octavo.evals.tables.table_cases import TableCase, with_header_groups, with_merged_names
from octavo.ingest.document import Box, Region
from octavo.ingest.tables.table_rows import TableCell, TableRow

CASE = TableCase(
    "wards",
    (("", "2024", "2024"), ("Ward", "Beds", "Staff")),
    (("North", "87", "12"), ("South", "54", "9")),
)


def row(*cells: tuple[str, str]) -> TableRow:
    region = Region("d" * 64, 1, Box(0, 0, 1, 1))
    return TableRow("", tuple(TableCell(t, h) for t, h in cells), "", region)


def test_cells_are_right_wrong_bare_or_missed() -> None:
    rows = [
        row(("North", "Ward"), ("87", "2024 > Beds"), ("12", "2024 > Beds")),
        row(("South", "Ward"), ("54", "")),
    ]
    assert score_cells(CASE, rows) == CellScores(cells=6, right=3, wrong=1, bare=1, missed=1)


def test_a_header_without_its_upper_row_is_wrong() -> None:
    rows = [row(("North", "Ward"), ("87", "Beds"), ("12", "2024 Staff"))]
    assert score_cells(CASE, rows) == CellScores(cells=6, right=2, wrong=1, bare=0, missed=3)


def test_header_groups_and_merged_names() -> None:
    plain = TableCase("t", (("A", "B", "C"),), (("x", "1", "2"),) * 4)
    assert with_header_groups(plain).full_header(1) == "Results B"
    merged = with_merged_names(plain)
    assert [r[0] for r in merged.rows] == ["Alder group"] * 3 + ["Birch group"]


@pytest.mark.parametrize("layout", [x for x in table_layouts() if not x.slow], ids=lambda x: x.name)
def test_every_layout_is_read(layout: TableLayout) -> None:
    body = tuple((f"Ward {n}", f"{n * 37:,}", f"{n * 11}", "open" if n % 2 else "shut")
                 for n in range(3, 12))  # fmt: skip
    case = layout.change(TableCase("w", (("Ward", "Beds", "Staff", "State"),), body))
    assert score_cells(case, read_rows(*layout.make(case))).right == sum(map(len, case.rows))


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "tables.jsonl"
    rows = [[f"Item {n}", str(n * 7), f"{n}.5"] for n in range(1, 8)]
    header = ["Item", "Mass kg", "Price"]
    file.write_text(json.dumps({"id": "t1", "header": header, "rows": rows}) + "\n")
    args = ["tables", str(file), "--layout", "html", "--scans", "0", "--json"]
    done = CliRunner().invoke(eval_, args)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["html"] == {
        "cells": 21, "right": 1.0, "wrong header": 0.0, "no header": 0.0, "missed": 0.0,
    }  # fmt: skip


def test_a_file_without_tables_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "tables.jsonl"
    file.write_text('{"id": "t1", "header": ["one"], "rows": [["1"]]}\n')
    done = CliRunner().invoke(eval_, ["tables", str(file)])
    assert done.exit_code == 1
    assert "no table of 3 to 7 columns" in done.output
