"""The end-to-end case on `standard` and `unified`, each model a tiny random checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from octavo.api.settings import Settings
from tests.support.profiles import end_to_end, write_profile
from tests.torch.checkpoints import (
    make_cross_encoder_multimodal,
    make_cross_encoder_text,
    make_minilm_like_text,
    make_multivector_text,
    make_multivector_visual,
    make_siglip2,
    make_unified,
)
from tests.torch.generator_checkpoints import phi4 as make_phi4

CPU = {"dtype": "float32"}


@pytest.fixture(scope="module")
def phi4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_phi4(tmp_path_factory.mktemp("phi4"))


def test_standard(tmp_path: Path, phi4: Path) -> None:
    directories = {
        "text": make_minilm_like_text(tmp_path / "text", limit=64),
        "tokens": make_multivector_text(tmp_path / "tokens", limit=64),
        "joint": make_siglip2(tmp_path / "joint"),
        "cross_encoder": make_cross_encoder_text(tmp_path / "pairs", limit=64),
        "generator": phi4,
    }
    profile = write_profile(
        tmp_path / "standard.toml",
        "standard",
        directories,
        cross_encoder=CPU,
        generator=CPU,
        generate={"context_tokens": 2048, "answer_tokens": 16},
    )
    settings = Settings(index=tmp_path / "index", profile=str(profile), device="cpu")
    end_to_end(settings, {"text", "words", "joint", "fused", "maxsim", "cross", "final"})


def test_unified_with_patches(tmp_path: Path, phi4: Path) -> None:
    """One model in two roles, a cross-encoder that looks, and visual late interaction beside."""
    one = make_unified(tmp_path / "unified")
    directories = {
        "text": one,
        "joint": one,
        "cross_encoder": make_cross_encoder_multimodal(tmp_path / "pairs"),
        "generator": phi4,
    }
    profile = write_profile(
        tmp_path / "unified.toml",
        "unified",
        directories,
        text=CPU,
        joint=CPU,
        cross_encoder=CPU,
        generator=CPU,
        generate={"context_tokens": 2048, "answer_tokens": 16},
    )
    patches = make_multivector_visual(tmp_path / "patches")
    with profile.open("a", encoding="utf-8") as file:
        file.write(
            f'\n[models.patches]\nbackend = "sentence_transformers"\nmodel = "{patches}"\n'
            'licence = "MIT"\nsize_mb = 0\npurpose = "test"\nmeasured = false\n'
        )
    settings = Settings(index=tmp_path / "index", profile=str(profile), device="cpu")
    end_to_end(settings, {"text", "words", "joint", "fused", "patches", "cross", "final"})
