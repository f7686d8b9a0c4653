"""The wheel: installs outside the tree, holds what the program needs, starts fast."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from tests.conftest import ROOT, WHALES


def test_the_wheel_runs_outside_the_tree(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
        assert archive.infolist()
    (tmp_path / "w.txt").write_text(WHALES)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"}
    index = str(tmp_path / "index")
    for arguments in (["ingest", "w.txt"], ["ask", "What do whales eat?"], ["status"]):
        done = subprocess.run(
            [sys.executable, "-m", "octavo", *arguments, "--index", index],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        loaded = subprocess.run(
            [sys.executable, "-c", "import api.cli; print(octavo.api.cli.main.__file__)"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert str(tmp_path) in loaded.stdout


def test_help_answers_at_once() -> None:
    best = 9.0
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "octavo", "--help"], check=True, capture_output=True)
        best = min(best, time.perf_counter() - start)
    assert best < 0.5
