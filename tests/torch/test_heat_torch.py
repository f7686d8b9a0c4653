"""A heat map through a real visual late-interaction model with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo.index.encoders.sentence_transformers_late_interaction import StPatches
from octavo.rerank.similarity_map import similarity_map
from tests.conftest import picture
from tests.torch.checkpoints import make_multivector_visual
from tests.torch.test_encoders_torch import spec


@pytest.mark.parametrize(
    ("size", "grid"), [((320, 240), (3, 4)), ((640, 300), (2, 5)), ((200, 400), (5, 2))]
)
def test_the_grid_is_that_of_the_model(
    tmp_path: Path, size: tuple[int, int], grid: tuple[int, int]
) -> None:
    """28 pixels a patch, 16 at most, among rows of marks and a prompt."""
    encoder = StPatches(spec(make_multivector_visual(tmp_path / "model")))
    found = similarity_map("the ring", picture("ring", size), encoder)
    assert found is not None
    assert found.shape == grid
    assert (float(found.min()) >= 0, float(found.max())) == (True, 1.0)
