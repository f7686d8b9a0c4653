"""The example of docs/library.md runs as it is printed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import PUMP, ROOT, WHALES, text_pdf

GUIDE = ROOT / "docs" / "library.md"


def test_the_blocks_run_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    for folder in ("manuals", "judged/pdfs"):
        Path(folder).mkdir(parents=True)
        for name, text in (("pump.pdf", PUMP), ("whales.pdf", WHALES)):
            (Path(folder) / name).write_bytes(text_pdf([text]))
    questions = [
        {"_id": "q1", "text": "Which oil does the pump take?", "doc": "pump.pdf"},
        {"_id": "q2", "text": "What does the blue whale eat?", "doc": "whales.pdf"},
    ]
    Path("judged/queries.jsonl").write_text("".join(json.dumps(q) + "\n" for q in questions))
    Path("judged/qrels.tsv").write_text("q1\tpump.pdf#p1\t1\nq2\twhales.pdf#p1\t1\n")

    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 11
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(GUIDE), "exec"), namespace)
    said = capsys.readouterr().out
    assert "pump.pdf added 1" in said
    assert "pump.pdf, page 1" in said  # the answer as text
    assert "oil. support" in said
    assert '{"question": "Which oil does the pump take?", "abstained": false' in said
    assert "whales.pdf 1 1" in said  # deleted
    assert isinstance(namespace["png"], bytes)
    assert "2 1.0 (1.0, 1.0) ()" in said  # n, nDCG@10, interval, errors
    assert "no difference shown" in said
    assert "without late interaction" in said
    assert Path("report.html").stat().st_size > 10_000
