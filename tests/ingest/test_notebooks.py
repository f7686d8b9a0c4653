"""Notebooks and JSON: what a person reads of them, and no encoded data."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from octavo.ingest.document import DocumentError
from octavo.ingest.files import file_type
from octavo.ingest.open_document import open_document
from tests.conftest import picture
from tests.ingest.test_formats import blocks_of, headings, tables, texts


def notebook(*cells: dict[str, Any]) -> bytes:
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book).encode()


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source.splitlines(True), "outputs": list(outputs),
            "metadata": {}, "execution_count": 1}  # fmt: skip


def shown(**forms: str) -> dict[str, Any]:
    data = {k.replace("_", "/"): v for k, v in forms.items()}
    return {"output_type": "display_data", "data": data, "metadata": {}}


_PNG = base64.b64encode(picture()).decode()


def test_cells_and_their_outputs_are_read() -> None:
    data = notebook(
        {"cell_type": "markdown", "source": ["# Drift of gauge G7\n", "\n", "It drifts 0.4 mm."]},
        code("fit(gauge)\n", {"output_type": "stream", "name": "stdout",
                              "text": ["slope = \x1b[31m0.031\x1b[0m\n"]}),
        code("plot()", shown(image_png=_PNG, text_plain="<Figure size 640x480>")),
        code("boom()", {"output_type": "error", "ename": "ValueError", "evalue": "no tide",
                        "traceback": ["x"]}),
        {"cell_type": "raw", "source": "A raw remark."},
    )  # fmt: skip
    assert file_type(data, ".ipynb") == "ipynb"
    blocks = blocks_of(data, ".ipynb")
    assert headings(blocks) == ["Drift of gauge G7"]
    found = texts(blocks)
    for line in ("It drifts 0.4 mm.", "fit(gauge)", "slope = 0.031", "ValueError: no tide",
                 "A raw remark."):  # fmt: skip
        assert line in found
    assert [b.kind for b in blocks].count("figure") == 1
    assert not any(_PNG[:40] in line or "Figure size" in line for line in found)


def test_tables_that_code_shows_are_tables() -> None:
    html = "<table><tr><th>gauge</th><th>mm</th></tr><tr><td>G7</td><td>0.4</td></tr></table>"
    data = notebook(code("df", shown(text_html=html, text_plain="gauge mm")))
    assert tables(blocks_of(data, ".ipynb")) == [["gauge | mm", "G7 | 0.4"]]


def test_attached_pictures_and_old_notebooks() -> None:
    cell = {"cell_type": "markdown", "source": "![Harbour plan](attachment:plan.png)",
            "attachments": {"plan.png": {"image/png": _PNG}}}  # fmt: skip
    (figure,) = (b for b in blocks_of(notebook(cell), ".ipynb") if b.kind == "figure")
    assert "Harbour plan" in figure.caption[0].text
    old = {"worksheets": [{"cells": [
        {"cell_type": "heading", "level": 1, "source": ["Soundings"]},
        {"cell_type": "code", "input": ["depth()"], "outputs": [
            {"output_type": "pyout", "text": ["8.5 m"], "prompt_number": 1}]},
    ]}], "nbformat": 3}  # fmt: skip
    found = texts(blocks_of(json.dumps(old).encode(), ".ipynb"))
    assert found == ["Soundings", "depth()", "8.5 m"]


@pytest.mark.parametrize("data", [b"{}", b"[1, 2]", b'{"cells": 5}', b"not json", b'{"cells": '])
def test_what_is_no_notebook_says_so(data: bytes) -> None:
    with pytest.raises(DocumentError, match="not a Jupyter notebook"):
        open_document(data, "ipynb")


@pytest.mark.parametrize("cells", [[5, None, "x"], [{"cell_type": "code", "outputs": [7, {}]}],
                                   [{"cell_type": "markdown", "source": {"a": 1}}]])  # fmt: skip
def test_damaged_cells_do_no_harm(cells: list[Any]) -> None:
    fine = {"cell_type": "markdown", "source": "The gauge is fine."}
    data = json.dumps({"cells": [*cells, fine]}).encode()
    assert "The gauge is fine." in texts(blocks_of(data, ".ipynb"))


def test_flat_records_are_a_table() -> None:
    records = [{"buoy": "B-1", "depth": 8.50, "lit": True, "seen": {"by": "Una"}},
               {"buoy": "Bø-2", "depth": 12, "lit": False, "note": None}]  # fmt: skip
    for data, suffix in (
        (json.dumps(records).encode(), ".json"),
        ("\n".join(map(json.dumps, records)).encode(), ".jsonl"),
    ):
        assert tables(blocks_of(data, suffix)) == [
            ["buoy | depth | lit | seen.by | note", "B-1 | 8.5 | true | Una | ",
             "Bø-2 | 12 | false |  | "]
        ]  # fmt: skip


def test_objects_are_lines_of_paths_and_values() -> None:
    data = b'{"gauge": "G\\u00fc7", "limits": {"high": 4.20, "tags": ["a", "b"]}, "log": [' \
           b'{"at": "06:42", "depth": 3}, {"at": "12:55", "depth": 5}]}'  # fmt: skip
    blocks = blocks_of(data, ".json")
    assert texts(blocks)[:3] == ["gauge: Gü7;", "limits.high: 4.20;", "limits.tags: a, b"]
    assert tables(blocks) == [["at | depth", "06:42 | 3", "12:55 | 5"]]


def test_records_with_long_texts_stand_one_below_the_other() -> None:
    records = [
        {"id": n, "text": f"Log {n}. " + "The pilot came aboard early. " * 20} for n in (1, 2)
    ]
    blocks = blocks_of("\n".join(map(json.dumps, records)).encode(), ".jsonl")
    assert tables(blocks) == []
    assert headings(blocks) == ["Record 1", "Record 2"]
    assert any("Log 2. The pilot" in line for line in texts(blocks))


def test_encoded_data_and_broken_lines_in_json() -> None:
    data = json.dumps({"name": "lamp", "photo": _PNG * 3}).encode()
    found = texts(blocks_of(data, ".json"))
    assert found == ["name: lamp;", f"photo: [encoded data, {len(_PNG) * 3} characters]"]
    lines = b'{"a": 1, "b": 2}\nnot json at all\n{"a": 3, "b": 4}\n'
    assert any("not json at all" in line for line in texts(blocks_of(lines, ".jsonl")))
    assert texts(blocks_of(b'{"a": 1, trailing', ".json")) == ['{"a": 1, trailing']


def test_deep_json_is_bounded() -> None:
    with pytest.raises(DocumentError, match="OCTAVO_MAX_NESTING"):
        open_document(b'{"a":' * 300 + b"1" + b"}" * 300, "json")
    assert texts(blocks_of(b"[" * 100_000, ".json"))  # no JSON: shown as it is
