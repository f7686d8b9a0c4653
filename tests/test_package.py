"""The package: what is installed, where it runs, how fast it starts."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, WHALES

_LIBRARY = """
import api  # the application's own
import octavo

assert api.MINE
with octavo.open("index") as index:
    print([r.outcome for r in index.ingest("w.txt")])
    answer = index.ask("What does the blue whale eat?")
    print(answer.text, answer.citations[0].page, type(answer.to_dict()).__name__)
    assert answer._repr_png_().startswith(b"\\x89PNG")
    print([d.name for d in index.delete("w.txt")])
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.fixture
def site(built: Path, tmp_path: Path) -> Path:
    """What `pip install` of the wheel puts into site-packages."""
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    return tmp_path / "site"


def test_the_wheel_has_one_package_and_all_of_it(site: Path) -> None:
    names = {p.name for p in site.iterdir()}
    assert {n for n in names if not n.endswith(".dist-info")} == {"octavo"}
    installed = {str(p.relative_to(site / "octavo")) for p in (site / "octavo").rglob("*.py")}
    folders = ("ingest", "index", "retrieve", "rerank", "generate", "api", "evals")
    ours = {str(p.relative_to(ROOT)) for f in folders for p in (ROOT / f).rglob("*.py")}
    assert installed == ours | {"__init__.py", "__main__.py"}
    assert (site / "octavo" / "py.typed").exists()
    assert (site / "octavo" / "index" / "weights" / "minilm.onnx").exists()
    assert (site / "octavo" / "api" / "profiles" / "builtin.toml").exists()


def test_the_sdist_has_no_file_twice_and_the_sources_of_all(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()]
    assert len([n for n in names if n.endswith("minilm.onnx")]) == 1
    assert {"Makefile", "LICENSE", "pyproject.toml", "src/octavo/__init__.py"} <= set(names)
    assert any(n.startswith("tools/weights/") for n in names)


def test_the_wheel_runs_outside_the_tree_beside_an_application_with_its_own_api(
    site: Path, tmp_path: Path
) -> None:
    """A script without `if __name__ == "__main__"`, in a folder of its own."""
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "__init__.py").write_text("MINE = True\n")
    (tmp_path / "w.txt").write_text(WHALES)
    (tmp_path / "app.py").write_text(_LIBRARY)
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert str(site) in run("-c", "import octavo.api; print(octavo.api.__file__)")
    said = run("app.py").splitlines()
    assert (said[0], said[-1]) == ("['added']", "['w.txt']")
    assert "krill" in said[1]
    for arguments in (["ingest", "w.txt"], ["ask", "What do whales eat?"], ["status"]):
        run("-m", "octavo", *arguments, "--index", "other")


@pytest.mark.parametrize("arguments", [["-m", "octavo", "--help"], ["-c", "import octavo"]])
def test_it_starts_at_once(arguments: list[str]) -> None:
    """0.2 s on a quiet machine."""
    best = 9.0
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        best = min(best, time.perf_counter() - start)
    assert best < 1.0
