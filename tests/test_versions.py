"""The lists of versions fit pyproject.toml, and pyproject.toml names what is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from octavo.evals.baselines.environments import constraints_of
from octavo.evals.baselines.systems import SYSTEMS
from tests.conftest import ROOT
from tests.test_layers import ORDER

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE: list[str] = PROJECT["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
CONSTRAINTS = ROOT / "requirements" / "constraints.txt"
LOWEST = ROOT / "requirements" / "lowest.txt"
PEERS = sorted({s.environment for s in SYSTEMS})
LISTS = (CONSTRAINTS, LOWEST, *map(constraints_of, PEERS))
#: A name, one version and perhaps a marker: no address, no path, no option.
LINE = re.compile(r"[a-z0-9][a-z0-9-]*==[\w.!+]+( ; [\w.'=<>!() ]+)?")
#: Packages whose name is not that of the module they bring.
PACKAGES = {"PIL": "pillow", "cv2": "opencv-python-headless", "faiss": "faiss-cpu",
            "markdown_it": "markdown-it-py", "open_clip": "open-clip-torch",
            "docx": "python-docx", "qdrant_edge": "qdrant-edge-py"}  # fmt: skip


def lines(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8").splitlines()
    return [line for line in text if line and not line.startswith("#")]


def versions(file: Path) -> dict[str, set[Version]]:
    """Several, where a marker decides."""
    found: dict[str, set[Version]] = {}
    for line in lines(file):
        name, version = line.split(" ; ")[0].split("==")
        found.setdefault(name, set()).add(Version(version))
    return found


def required(extra: str) -> list[Requirement]:
    """Of an extra and the extras of ours that it names; "" is the core."""
    found = []
    for requirement in map(Requirement, EXTRAS[extra] if extra else CORE):
        if requirement.name == "octavo":
            found += [r for named in sorted(requirement.extras) for r in required(named)]
        else:
            found.append(requirement)
    return found


def imported(file: Path) -> set[str]:
    """Top-level names that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def lower_bound(requirement: Requirement) -> Version:
    (bound,) = (s.version for s in requirement.specifier if s.operator == ">=")
    return Version(bound)


@pytest.mark.parametrize("file", LISTS, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_a_list_has_one_version_a_line_and_no_address(file: Path) -> None:
    assert len(lines(file)) > 30
    assert [line for line in lines(file) if not LINE.fullmatch(line)] == []
    assert not re.search(r"https?:|file:|/|--", file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("extra", ["", *EXTRAS])
def test_what_is_installed_lies_within_the_bounds(extra: str) -> None:
    installed = versions(CONSTRAINTS)
    for requirement in required(extra):
        held = installed[canonicalize_name(requirement.name)]
        assert all(v in requirement.specifier for v in held), f"make lock: {requirement}, {held}"


@pytest.mark.parametrize("extra", ["", "dev"])
def test_the_lowest_versions_are_the_lower_bounds(extra: str) -> None:
    lowest = versions(LOWEST)
    for requirement in required(extra):
        bound = lower_bound(requirement)
        first = min(lowest[canonicalize_name(requirement.name)])
        assert first.release[: len(bound.release)] == bound.release, f"make lock: {requirement}"


@pytest.mark.parametrize("environment", PEERS)
def test_peers_are_held_at_the_versions_that_were_measured(environment: str) -> None:
    held = versions(constraints_of(environment))
    for line in lines(constraints_of(environment).parents[1] / f"{environment}.txt"):
        name, version = line.split("==")
        assert held[canonicalize_name(name)] == {Version(version)}


def test_octavo_among_its_peers_is_octavo_as_it_installs() -> None:
    installed = versions(CONSTRAINTS)
    beside = versions(constraints_of("octavo"))
    assert {name: installed.get(name) for name in beside} == beside
    assert {canonicalize_name(r.name) for r in required("")} <= set(beside)


def test_what_is_imported_is_required() -> None:
    named = {canonicalize_name(r.name) for extra in ("", *EXTRAS) for r in required(extra)}
    known = {*sys.stdlib_module_names, "octavo"}
    apart = (ROOT / "evals" / "baselines",)  # environments of their own
    for file in (f for package in ORDER for f in (ROOT / package).rglob("*.py")):
        if not any(file.is_relative_to(folder) for folder in apart):
            packages = {PACKAGES.get(m, m) for m in imported(file) - known}
            assert {canonicalize_name(p) for p in packages} <= named, file
