"""What the documents name is there: files, modules, links, settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from octavo.api.settings import Settings
from tests.conftest import ROOT

FOLDERS = ("ingest", "index", "retrieve", "rerank", "generate", "api", "evals", "tools", "tests")
PAGES = sorted(
    p
    for p in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if p.name != "CHANGELOG.md"  # it speaks of what was
)


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def files() -> list[str]:
    return [str(f.relative_to(ROOT)) for folder in FOLDERS for f in (ROOT / folder).rglob("*.*")]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_python_files_are_there(page: Path) -> None:
    names = set(re.findall(r"`([\w/]+\.py)`", page.read_text(encoding="utf-8")))
    known = files()
    shown = {"NAME"}  # "index/encoders/NAME.py": to be written
    missing = {n for n in names if not any(f"/{k}".endswith(f"/{n}") for k in known)}
    assert not {n for n in missing if not any(s in n for s in shown)}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_folders_and_links_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    local = {name for name in links if "://" not in name}
    assert not {name for name in local if not (page.parent / name).exists()}
    roots = "|".join(FOLDERS)
    assert not {f for f in re.findall(rf"`((?:{roots})/[\w/]*)`", text) if not (ROOT / f).is_dir()}


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_modules_can_be_imported(page: Path) -> None:
    for name in set(re.findall(r"\boctavo(?:\.\w+)+", page.read_text(encoding="utf-8"))):
        parts = name.split(".")[1:]
        if parts[0] in FOLDERS:
            path = ROOT.joinpath(*parts)
            symbol = path.parent.with_suffix(".py")  # octavo.rerank.rerank.rerank
            assert path.is_dir() or path.with_suffix(".py").is_file() or symbol.is_file(), name


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_settings_exist(page: Path) -> None:
    names = set(re.findall(r"\bOCTAVO_([A-Z_]+[A-Z])\b", page.read_text(encoding="utf-8")))
    assert not {n for n in names if n.lower() not in Settings.model_fields}
