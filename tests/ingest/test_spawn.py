"""Reading processes start without the script that wants them, and without the files beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from octavo.ingest.worker import spawn
from octavo.ingest.worker.worker_process import serve
from octavo.ingest.worker.worker_protocol import READY, RecyclePolicy
from tests.conftest import PUMP, text_pdf

#: No `if __name__ == "__main__"`. Each run leaves a line; the process that reads must leave none.
_SCRIPT = """
from pathlib import Path
import octavo

folder = Path(__file__).parent
with open(folder / "runs", "a") as file:
    file.write("run\\n")
with octavo.open(folder / "index") as index:
    for result in index.ingest([folder / "pump.pdf", folder / "prices.csv"]):
        print(result.outcome)
    print(index.ask("How many litres of oil does the bearing housing take?").text)
"""
_DECOY = "raise ImportError('a file of the user was imported by the library')\n"


def decoys(folder: Path, *names: str) -> None:
    """Modules and one package that raise when they are imported."""
    for name in names:
        (folder / f"{name}.py").write_text(_DECOY)
    (folder / "api").mkdir()
    (folder / "api" / "__init__.py").write_text(_DECOY)


def test_a_script_without_a_main_guard_reads_and_answers(tmp_path: Path) -> None:
    scripts, empty = tmp_path / "scripts", tmp_path / "empty"
    scripts.mkdir()
    empty.mkdir()
    (scripts / "ask.py").write_text(_SCRIPT)
    (scripts / "pump.pdf").write_bytes(text_pdf([PUMP]))
    (scripts / "prices.csv").write_text("Part,Price\nRotor,370\nSeal,12\n")
    decoys(scripts, "glob", "pprint")  # only what reads imports these
    decoys(empty, "queue", "csv")  # `python -m` would import from the current folder
    run = subprocess.run(
        [sys.executable, str(scripts / "ask.py")],
        cwd=empty,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[:2] == ["added", "added"]
    assert "0.45 litres" in run.stdout
    assert (scripts / "runs").read_text() == "run\n"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_process_that_is_gone_at_once_leaves_no_pipe_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*_: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process

    policy = RecyclePolicy(memory=4 << 30, pages=1, growth=1 << 30)
    monkeypatch.setattr(spawn, "_run", run)
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="Broken pipe") as failed:
        spawn.start(serve, policy)
    assert set(os.listdir("/proc/self/fd")) <= before
    del failed  # and with it what a traceback would keep open


def test_another_interpreter_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `multiprocessing.set_executable` does where Python is embedded in another program."""
    policy = RecyclePolicy(memory=4 << 30, pages=1, growth=1 << 30)
    monkeypatch.setattr("multiprocessing.spawn._python_exe", sys.executable)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    reading = spawn.start(serve, policy)
    assert reading.pipe.poll(120)
    assert reading.pipe.recv() == READY
    reading.end()
    assert reading.process.poll() is not None
