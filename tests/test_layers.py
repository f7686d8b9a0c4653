"""Imports point one way, and nothing claims our names."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.conftest import ROOT

ORDER = ("ingest", "index", "retrieve", "rerank", "generate", "api", "evals")
MODEL_LIBRARIES = {
    "onnxruntime", "tokenizers", "qdrant_edge", "pymupdf", "rapidocr", "cv2", "torch", "numpy",
    "PIL", "fastapi", "pydantic", "httpx", "rich", "faiss", "qdrant_client", "fastembed",
    "transformers", "sentence_transformers", "open_clip", "huggingface_hub", "cachetools",
}  # fmt: skip


def imported(file: Path) -> set[str]:
    """Top-level names a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_imports_point_one_way() -> None:
    for level, package in enumerate(ORDER):
        above = set(ORDER[level + 1 :]) | {"tests"}
        for file in (ROOT / package).rglob("*.py"):
            assert not imported(file) & above, f"{file} imports from above"


def test_packages_do_nothing_at_import() -> None:
    for package in ORDER:
        tree = ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))
        assert all(isinstance(n, ast.Expr) for n in tree.body)


def test_no_other_distribution_claims_our_names() -> None:
    owners = packages_distributions()
    for package in ORDER:
        assert set(owners.get(package, ["octavo"])) <= {"octavo"}


def test_the_command_line_loads_no_model_library() -> None:
    names = "print(*{m.split('.')[0] for m in sys.modules})"
    code = f"import sys, api.cli, evals.command, evals.bench;{names}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not MODEL_LIBRARIES & set(done.stdout.split())
