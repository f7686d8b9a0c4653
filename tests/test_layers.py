"""The shape of the code: imports point one way, roads stay short, files small, names single."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.conftest import ROOT

ORDER = ("ingest", "index", "retrieve", "rerank", "generate", "api", "evals")
MODEL_LIBRARIES = {
    "onnxruntime", "tokenizers", "qdrant_edge", "pymupdf", "rapidocr", "cv2", "torch", "numpy",
    "PIL", "fastapi", "pydantic", "httpx", "rich", "faiss", "qdrant_client", "fastembed",
    "transformers", "sentence_transformers", "open_clip", "huggingface_hub", "cachetools",
}  # fmt: skip
_LINES = 300


def modules() -> dict[str, Path]:
    """Dotted names of our modules, with their files."""
    found = {}
    for package in ORDER:
        for file in (ROOT / package).rglob("*.py"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            name = ".".join(("octavo", *(p for p in parts if p != "__init__")))
            found[name] = file
    return found


def imported(file: Path, lazy: bool = True) -> set[str]:
    """Our modules that a file imports; with `lazy` inside functions and for type checking, too."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    known = modules()
    found = set()
    for node in ast.walk(tree) if lazy else _at_import(tree):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{a.name}" for a in node.names}
    return found & known.keys()


def _at_import(tree: ast.Module) -> Iterator[ast.AST]:
    for node in tree.body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node


def test_imports_point_one_way() -> None:
    for level, package in enumerate(ORDER):
        above = set(ORDER[level + 1 :])
        for file in (ROOT / package).rglob("*.py"):
            levels = {name.split(".")[1] for name in imported(file) if "." in name}
            assert not levels & above, f"{file} imports from above"


def test_there_is_no_circle_of_imports() -> None:
    graph = {name: imported(file, lazy=False) for name, file in modules().items()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"circle: {' -> '.join([*path[path.index(name) :], name])}"
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_packages_do_nothing_at_import() -> None:
    for name, file in modules().items():
        if file.name == "__init__.py":
            tree = ast.parse(file.read_text(encoding="utf-8"))
            assert all(isinstance(n, ast.Expr) for n in tree.body), name


def test_files_are_short() -> None:
    """A file holds one noun or one verb; over 300 lines it holds two."""
    long = {
        str(file.relative_to(ROOT)): lines
        for file in modules().values()
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > _LINES
    }
    assert not long


def test_a_class_name_means_one_thing() -> None:
    names = Counter(
        node.name.lstrip("_")
        for file in modules().values()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert not [name for name, times in names.items() if times > 1]


def test_site_packages_get_one_name_of_ours() -> None:
    owners = packages_distributions()
    assert set(owners.get("octavo", ["octavo"])) == {"octavo"}
    assert not [n for n in ORDER if "octavo" in owners.get(n, [])]


@pytest.mark.parametrize("names", ["octavo", "octavo.api.cli.main, octavo.evals.cli.eval_command"])
def test_importing_loads_no_model_library(names: str) -> None:
    """Neither the library nor the command line."""
    code = f"import sys, {names}; print(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not MODEL_LIBRARIES & set(done.stdout.split())
