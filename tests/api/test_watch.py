"""Folders that are watched: a real process, real files, and what happens to the index."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from octavo.api.client import Client
from octavo.api.http.app import make_app
from octavo.api.service import Service
from octavo.api.sync import RemovalLimit
from octavo.api.watch import ChangedPaths, RemovalBudget
from tests.conftest import served

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to processes")


def until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_what_changes_is_followed(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "kiln.txt").write_text("The kiln is fired on Mondays.")
    (folder / "weir.txt").write_text("The weir is opened in March.")
    (folder / ".octavoignore").write_text("*.part\n")
    for url in served(make_app(service)):
        client = Client(url)

        def names(client: Client = client) -> set[str]:
            return {d.name for d in client.status().documents}

        arguments = [str(folder), "--url", url, "--quiet", "0.5", "--max-removed", "1"]
        watching = subprocess.Popen(
            [sys.executable, "-m", "octavo", "watch", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        try:
            until(lambda: names() == {"kiln.txt", "weir.txt"})
            (folder / "kiln.txt").rename(folder / "oven.txt")
            until(lambda: names() == {"oven.txt", "weir.txt"})
            with (folder / "long.txt").open("w") as file:  # written bit by bit
                (folder / "x.part").write_text("left out")
                for n in range(12):
                    file.write(f"Line {n} of the long report on the weir.\n")
                    file.flush()
                    time.sleep(0.2)
                    assert "long.txt" not in names()
            until(lambda: "long.txt" in names())
            (folder / "weir.txt").unlink()
            until(lambda: names() == {"oven.txt", "long.txt"})
            (folder / "long.txt").unlink()  # one an hour may go, and one has
            (folder / "lock.txt").write_text("The lock is closed at night.")
            until(lambda: "lock.txt" in names())
            assert names() == {"oven.txt", "long.txt", "lock.txt"}
            shutil.rmtree(folder)
            time.sleep(1.5)
            assert names() == {"oven.txt", "long.txt", "lock.txt"}
            folder.mkdir()
            (folder / "oven.txt").write_text("The kiln is fired on Mondays.")
            (folder / "ferry.txt").write_text("The ferry leaves at noon.")
            until(lambda: "ferry.txt" in names())
            assert "lock.txt" in names()
            start = time.monotonic()
            watching.send_signal(signal.SIGINT)
            said = watching.communicate(timeout=30)
            assert time.monotonic() - start < 3  # 0.5 where nothing else runs
            assert watching.returncode == 130
            assert "is gone; nothing is removed" in said[1]
            assert "Traceback" not in said[1]
            assert said[0].count("long.txt: added") == 1
        finally:
            watching.kill()
            client.close()


def test_a_path_is_still_when_it_has_not_changed_for_a_while(tmp_path: Path) -> None:
    changed = ChangedPaths(quiet=0.3)
    paths = [str(tmp_path / name) for name in ("grows", "rests", "gone")]
    Path(paths[1]).write_text("x")
    changed.add(paths)
    for n in range(8):
        with Path(paths[0]).open("a") as file:
            file.write(str(n))
        time.sleep(0.1)
        still, moving = changed.look()
        assert paths[0] in moving
    assert still == {paths[1], paths[2]}
    changed.drop(still)
    time.sleep(0.4)
    assert changed.look() == ({paths[0]}, set())


@pytest.mark.parametrize(("limit", "first", "held", "left"), [
    (RemovalLimit(), 4, 30, 6),
    (RemovalLimit.read("50%"), 10, 20, 5),
    (RemovalLimit.read("3"), 3, 50, 0),
])  # fmt: skip
def test_what_went_within_the_hour_counts(
    limit: RemovalLimit, first: int, held: int, left: int
) -> None:
    budget = RemovalBudget(limit)
    assert budget.left(held).files == limit.most(held)
    budget.note(first)
    assert budget.left(held).files == left
