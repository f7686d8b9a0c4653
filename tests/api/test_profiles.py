"""The same case on every profile that runs without torch, on every store, chosen by a setting."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.store import StoreError
from tests.support.onnx_checkpoints import (
    make_onnx_colbert,
    make_onnx_pairs,
    make_onnx_siglip2,
    make_onnx_text,
)
from tests.support.profiles import end_to_end, write_profile

BUILTIN = {"text", "words", "joint", "fused", "maxsim", "final"}
LIGHT = {*BUILTIN, "cross"}


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`light` on tiny random checkpoints in the form of the real ones."""
    root = tmp_path_factory.mktemp("light")
    directories = {
        "text": make_onnx_text(root / "text", limit=128),
        "tokens": make_onnx_colbert(root / "tokens"),
        "joint": make_onnx_siglip2(root / "joint"),
        "cross_encoder": make_onnx_pairs(root / "pairs"),
    }
    # The real one's file is model_optimized.onnx, which its name in fastembed's list says.
    own = {"options": {"pooling": "mean"}}
    return write_profile(root / "light.toml", "light", directories, text=own)


def test_builtin(tmp_path: Path) -> None:
    end_to_end(Settings(index=tmp_path / "index"), BUILTIN)


def test_light(tmp_path: Path, light: Path) -> None:
    end_to_end(Settings(index=tmp_path / "index", profile=str(light)), LIGHT)


@pytest.mark.parametrize("kind", ["flat", "ivf", "hnsw"])
def test_builtin_with_faiss(tmp_path: Path, kind: str) -> None:
    end_to_end(Settings.model_validate({"index": tmp_path / "index", "knn": kind}), BUILTIN)


@pytest.mark.skipif("QDRANT_URL" not in os.environ, reason="needs a Qdrant server in QDRANT_URL")
def test_builtin_on_a_server(tmp_path: Path) -> None:
    collection = f"octavo-test-{uuid.uuid4().hex[:8]}"
    url = os.environ["QDRANT_URL"]
    end_to_end(Settings(index=tmp_path / "i", store=url, collection=collection), BUILTIN)


def test_an_index_of_another_profile_says_both_and_the_command(tmp_path: Path, light: Path) -> None:
    Service(Settings(index=tmp_path / "index"), create=True).close()
    with pytest.raises(StoreError) as caught:
        Service(Settings(index=tmp_path / "index", profile=str(light)))
    said = str(caught.value)
    assert "all-MiniLM-L6-v2-int8" in said
    assert "sha256" in said
    assert "octavo reindex --index" in said
    assert "--profile builtin" in said
