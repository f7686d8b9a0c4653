"""A virtual environment a system, and the embedder; made again when what they need changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from evals.peers.child import PeerError

ROOT = Path(__file__).parents[2]
_HERE = Path(__file__).parent
#: Nothing is fetched, nothing is reported home, and no GPU helps one system only.
_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONPATH": str(ROOT),
}
_NOT_PASSED_ON = ("OCTAVO_", "OMP_", "MKL_", "TOKENIZERS_", "PYTHON")
_FOLDERS = ("environments", "embedder", "runs")  # what --clean removes


def python_of(work: Path, name: str, ours: bool) -> Path:
    """The interpreter of an environment, made where it is missing or out of date; `ours`: with
    Octavo in it. Raises PeerError."""
    folder = work / "environments" / name
    needed, locked = _HERE / f"{name}.txt", constraints_of(name)
    stamp = needed.read_text(encoding="utf-8") + locked.read_text(encoding="utf-8") + sys.version
    if ours:
        project = ROOT / "pyproject.toml"
        if not project.is_file():
            raise PeerError(f"{ROOT} is not a checkout of Octavo: peers are compared from one")
        stamp += str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"])
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not _current(folder, stamp):
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        ourselves = ["-e", str(ROOT)] if ours else []
        _pip(python, "-r", str(needed), "-c", str(locked), *ourselves)
        (folder / "stamp").write_text(stamp, encoding="utf-8")
    return python


def constraints_of(name: str) -> Path:
    """The versions of all that an environment holds, as `make lock` wrote them."""
    return _HERE / "constraints" / f"{name}.txt"


def embedder_of(work: Path) -> Path:
    """The directory of the embedder, in the form of sentence-transformers. Raises PeerError."""
    folder = work / "embedder"
    needed = _HERE / "embedder.txt"
    stamp = needed.read_text(encoding="utf-8")
    if not _current(folder, stamp):
        shutil.rmtree(folder, ignore_errors=True)
        # Without what it depends on: only the files are wanted.
        _pip(Path(sys.executable), "--no-deps", "--target", str(folder), "-r", str(needed))
        (folder / "stamp").write_text(stamp, encoding="utf-8")
    found = sorted(folder.rglob("modules.json"))
    if not found:
        raise PeerError(f"{folder} has no modules.json: {needed.name} names no embedder")
    return found[0].parent


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables of a driver: ours without what would set one system apart."""
    kept = {k: v for k, v in environment.items() if not k.startswith(_NOT_PASSED_ON)}
    return kept | _ENVIRONMENT


def clean(work: Path) -> None:
    """Removes what was made under `work`, and nothing else that may lie there."""
    for name in _FOLDERS:
        shutil.rmtree(work / name, ignore_errors=True)


def _current(folder: Path, stamp: str) -> bool:
    file = folder / "stamp"
    return file.is_file() and file.read_text(encoding="utf-8") == stamp


def _pip(python: Path, *arguments: str) -> None:
    _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        said = [line for line in lines if line.startswith("ERROR")] or lines[-3:]
        raise PeerError(f"{' '.join(command)} failed: {' '.join(said)}")
