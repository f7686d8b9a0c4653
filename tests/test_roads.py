"""One question and one document travel a short road, and nothing on it calls back.

The roads are those of ARCHITECTURE.md. They are driven for real and every call between our files
is recorded, so a road that grew longer or turned back shows here.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from click.testing import CliRunner

from octavo.api.cli.main import cli
from octavo.ingest.read import read_pages
from tests.conftest import PUMP, ROOT, text_pdf

#: File to the files that it called.
Calls = dict[str, set[str]]
_MOST = 12

QUESTION = (
    "api/cli/question_commands.py",
    "api/cli/question_calls.py",
    "api/service.py",
    "retrieve/search.py",
    "retrieve/understanding/query_understanding.py",
    "retrieve/subqueries.py",
    "rerank/rerank.py",
    "retrieve/deduplication.py",
    "generate/extractive.py",
    "index/stores/qdrant_edge.py",  # searched by several of those above
    "api/schemas/answers.py",
)
DOCUMENT = (
    "api/cli/document_commands.py",
    "api/cli/ingest_calls.py",
    "api/service.py",
    "index/build.py",
    "index/prefetch.py",
    "ingest/worker/reader.py",  # the pages come from the child process: `READING`
    "index/embed_worker.py",
    "index/ingest_pipeline.py",  # the queues between them
    "ingest/chunk.py",
    "index/chunk_vectors.py",
    "index/stores/qdrant_edge.py",
)
READING = ("ingest/read.py", "ingest/open_document.py", "ingest/page.py")


class _Recorder:
    """Calls between our files, and the files that were called."""

    def __init__(self) -> None:
        self.calls: Calls = {}
        self.files: set[str] = set()

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or (name := _ours(frame)) is None:
            return
        self.files.add(name)
        back = frame.f_back
        while back is not None:
            caller = _ours(back)
            if caller is not None:
                if caller != name:
                    self.calls.setdefault(caller, set()).add(name)
                return
            back = back.f_back


def _ours(frame: FrameType) -> str | None:
    file = frame.f_code.co_filename
    if "/octavo/" not in file or frame.f_code.co_name in ("<module>", "report"):
        return None
    name = file.rpartition("/octavo/")[2]
    return name if (ROOT / name).exists() else None


@contextmanager
def recorded() -> Iterator[_Recorder]:
    recorder = _Recorder()
    before = sys.getprofile()
    threading.setprofile(recorder)
    sys.setprofile(recorder)
    try:
        yield recorder
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


def backwards(calls: Calls, road: tuple[str, ...]) -> list[str]:
    """Calls from a file of a road to one that stands before it; none where the road goes one way.

    Progress that is reported does not count: it is a function that was handed down for it.
    """
    return [
        f"{caller} -> {called}"
        for at, caller in enumerate(road)
        for called in road[:at]
        if called in calls.get(caller, set())
    ]


def reached(calls: Calls, road: tuple[str, ...]) -> list[str]:
    """Files of a road that no file before them calls, itself or through helpers."""
    return [f for at, f in enumerate(road) if at and not _below(calls, set(road[:at]), f)]


def _below(calls: Calls, above: set[str], file: str) -> bool:
    seen: set[str] = set()
    left = list(above)
    while left:
        name = left.pop()
        if file in calls.get(name, set()):
            return True
        if name not in seen:
            seen.add(name)
            left += calls.get(name, set())
    return False


def _run(*given: str) -> Callable[[], None]:
    def run() -> None:
        done = CliRunner().invoke(cli, given)
        assert done.exit_code == 0, done.output

    return run


def test_the_road_of_a_question(tmp_path: Path) -> None:
    (tmp_path / "pump.pdf").write_bytes(text_pdf([PUMP]))
    index = ("--index", str(tmp_path / "index"))
    _run("ingest", str(tmp_path / "pump.pdf"), *index)()
    with recorded() as recorder:
        _run("ask", "Which oil does the pump on page 1 take?", *index)()
    assert len(QUESTION) <= _MOST
    assert reached(recorder.calls, QUESTION) == []
    assert backwards(recorder.calls, QUESTION) == []


def test_the_road_of_a_document(tmp_path: Path) -> None:
    (tmp_path / "pump.pdf").write_bytes(text_pdf([PUMP]))
    with recorded() as recorder:
        _run("ingest", str(tmp_path / "pump.pdf"), "--index", str(tmp_path / "index"))()
    assert len(DOCUMENT) <= _MOST
    assert set(DOCUMENT) <= recorder.files
    assert backwards(recorder.calls, DOCUMENT) == []


def test_the_road_of_a_page() -> None:
    with recorded() as recorder:
        assert len(list(read_pages(text_pdf([PUMP]), "pdf", ocr=False))) == 2
    assert reached(recorder.calls, READING) == []
    assert backwards(recorder.calls, READING) == []


def test_no_call_of_ours_takes_ten_parameters() -> None:
    """What belongs together is one record."""
    import ast

    for folder in ("retrieve", "rerank", "generate"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name != "__init__":
                    given = [a for a in node.args.args if a.arg not in ("self", "cls")]
                    assert len(given) + len(node.args.kwonlyargs) <= 7, f"{file}: {node.name}"
