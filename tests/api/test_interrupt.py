"""Ctrl-C while documents are read: an end within a second, and nothing that was done is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from octavo.api.console.ingest_progress import told
from octavo.api.service import Service, sources_of
from octavo.index.progress import Progress
from tests.conftest import slow_pdf, text_pdf

_SECONDS = 3.0  # 0.2 to 0.5 where nothing else runs


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to processes")
@pytest.mark.parametrize("command", ["ingest", "sync"])
def test_ctrl_c_ends_within_a_second_and_keeps_what_is_committed(
    tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "a.txt").write_text("The kiln is fired on Mondays.")
    for n in range(6):
        shapes = 60_000 + n
        (folder / f"slow{n}.pdf").write_bytes(slow_pdf(f"Sheet {n} of the survey.", shapes))
    index = str(tmp_path / "index")
    running = subprocess.Popen(
        [sys.executable, "-m", "octavo", command, str(folder), "--index", index],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
        env={**os.environ, "PYTHONUNBUFFERED": "1"}, start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    assert "a.txt: added" in running.stdout.readline()
    time.sleep(0.5)  # in the middle of the next one
    start = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)
    said = running.communicate(timeout=60)[1]
    seconds = time.monotonic() - start
    assert running.returncode == 130
    lines = said.splitlines()
    assert lines == ["octavo: interrupted; what was committed stays, run again to go on"]
    assert seconds < _SECONDS
    status = subprocess.run(
        [sys.executable, "-m", "octavo", "status", "--json", "--index", index],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    state = json.loads(status.stdout)
    assert [d["name"] for d in state["documents"]][:1] == ["a.txt"]
    assert (state["failed"], state["failed_pages"]) == ([], 0)


def test_files_are_counted_from_the_start(service: Service, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(text_pdf(["One.", "Two.", "Three."]))
    (tmp_path / "b.txt").write_text("Beech wood.")
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.7 nothing")
    (tmp_path / "d.txt").write_text("Beech wood.")
    steps: list[Progress] = []
    sources = sources_of(sorted(tmp_path.glob("?.*")), service.settings)
    list(service.ingest(sources, steps.append))
    assert {s.files for s in steps} == {4}
    last = steps[-1]
    assert (last.finished, last.waiting, last.done, last.total) == (4, 0, 4, 4)
    assert last.read == 2  # the broken one was never open, the last one was there already
    assert [s.finished for s in steps] == sorted(s.finished for s in steps)


@pytest.mark.parametrize(
    ("step", "seconds", "line"),
    [
        (Progress("a.pdf", 0, 0, 9, 9), 1.0, "a.pdf: 0 pages"),
        (Progress("a.pdf", 30, 40, 8, 10, 1, 1), 10.0, "a.pdf: 30 pages, 3.0 pages/s, about 90 s"),
        # Of 100 files 90 were there already: the time left is not that of ten times as many.
        (Progress("b.pdf", 50, 50, 100, 200, 100, 10), 20.0, "50 pages, 2.5 pages/s, about 20 s"),
        (Progress("c" * 40, 5, 5, 0, 3, 3, 1), 1.0, "5 pages, 5.0 pages/s"),
        (Progress("d.txt", 0, 0, 5, 10, 5, 0), 4.0, "d.txt: 0 pages"),
    ],
)
def test_the_rate_is_of_what_was_read(step: Progress, seconds: float, line: str) -> None:
    assert line.replace("about 90 s", "about 2 min") in re.sub(r"\s+", " ", told(step, seconds))
