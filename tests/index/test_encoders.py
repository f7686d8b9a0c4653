"""The built-in encoders: unit vectors, windows, golden values, images."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from octavo.index.chunk_vectors import Encoders
from octavo.index.encoders.bm25 import document_words, english_terms
from octavo.index.encoders.encoder import ModelError, TokenEncoder
from octavo.index.encoders.image_encoder import BuiltinJoint
from octavo.index.encoders.minilm import MiniLm
from octavo.index.weights.weight_files import pinned, verified
from tests.conftest import picture


def tokens_of(encoders: Encoders) -> TokenEncoder:
    assert encoders.tokens is not None
    return encoders.tokens


def test_every_shipped_file_has_its_pinned_sum() -> None:
    for name in pinned():
        assert verified(name).is_file()


def test_a_changed_model_file_is_an_error_that_names_both_sums(tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(b"changed")
    found = hashlib.sha256(b"changed").hexdigest()
    with pytest.raises(ModelError, match=f"{found}, expected {'0' * 64}"):
        verified(file, "0" * 64)
    with pytest.raises(ModelError, match="missing"):
        verified(tmp_path / "absent", "0" * 64)


def test_text_vectors_are_unit_and_mean_what_they_should(encoders: Encoders) -> None:
    texts = ["The pump is leaking oil.", "Oil drips from the pump.", "Whales eat krill."]
    vectors = encoders.text.embed_texts(texts)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert vectors[0] @ vectors[1] > 0.7 > 0.2 > vectors[0] @ vectors[2]


def test_golden_values(encoders: Encoders) -> None:
    """A change of weights, tokenizer or pooling shows here first."""
    (vector,) = encoders.text.embed_texts(["What torque do the impeller bolts take?"])
    assert vector[:4] == pytest.approx(GOLDEN, abs=0.004)


GOLDEN = [-0.0903, 0.0055, -0.0566, -0.0287]


def test_long_text_is_windowed_not_cut(encoders: Encoders) -> None:
    padding = "the quick brown fox jumps over the lazy dog " * 90
    (plain, ended) = encoders.text.embed_texts(
        [padding, padding + "hydraulic torque wrench setting " * 120]
    )
    assert plain @ ended < 0.97
    tokens = tokens_of(encoders).embed_tokens([padding])[0]
    assert len(tokens) > 400  # of 810, pooled by 2


def test_nothing_in_gives_nothing_out(encoders: Encoders) -> None:
    assert encoders.text.embed_texts([]).shape == (0, 384)
    assert encoders.joint.joint_images([]).shape == (0, 640)
    assert tokens_of(encoders).embed_tokens([]) == []
    assert len(tokens_of(encoders).embed_tokens([""])[0]) >= 1


def test_token_vectors_are_unit_rows(encoders: Encoders) -> None:
    (rows,) = tokens_of(encoders).embed_tokens(["torque wrench"])
    assert rows.shape[1] == tokens_of(encoders).dim
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(len(rows)), abs=1e-5)


def test_a_batch_gives_nearly_what_single_texts_give(encoders: Encoders) -> None:
    """Only the weights are int8, activations are float32."""
    texts = ["short", "a rather longer sentence about pumps and their seals", "x " * 200]
    together = encoders.text.embed_texts(texts)
    alone = np.concatenate([encoders.text.embed_texts([t]) for t in texts])
    assert np.abs(together - alone).max() < 1e-6


def test_the_same_picture_is_its_own_nearest(encoders: Encoders) -> None:
    pictures = [picture(color=c) for c in ("#4477aa", "#aa3322", "#228833")]
    pictures.append(picture("WARNING", color="#111111"))
    image = Image.open(io.BytesIO(pictures[3])).convert("RGB").resize((160, 120))
    worn = io.BytesIO()
    image.save(worn, "JPEG", quality=50)
    vectors = encoders.joint.joint_images([*pictures, worn.getvalue()])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-4)
    scores = vectors @ vectors.T
    assert (scores.argmax(axis=1)[:3] == [0, 1, 2]).all()
    assert scores[4, :4].argmax() == 3


@pytest.mark.parametrize("data", [b"", b"not an image", picture()[:60]])
def test_what_is_no_image_is_refused(encoders: Encoders, data: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        encoders.joint.joint_images([data])


def test_a_picture_bomb_is_refused(encoders: Encoders) -> None:
    out = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(out, "PNG")
    with pytest.raises(ValueError, match="200"):
        encoders.joint.joint_images([out.getvalue()])


def test_texts_have_no_looks(encoders: Encoders) -> None:
    assert isinstance(encoders.joint, BuiltinJoint)
    assert isinstance(encoders.text, MiniLm)
    (vector,) = encoders.joint.joint_texts(["a steel bolt"])
    assert not vector[384:].any()
    assert vector[:384] == pytest.approx(encoders.text.embed_texts(["a steel bolt"])[0], abs=1e-6)


def test_words_are_stemmed_and_stop_words_left_out() -> None:
    assert english_terms("the pumps") == english_terms("pump")
    assert english_terms("of the and") == frozenset()
    weights = dict(zip(*_pair(document_words("pump pump valve")), strict=True))
    (pump,), (valve,) = english_terms("pump"), english_terms("valve")
    assert weights[pump] > weights[valve] > 0


def _pair(sparse: object) -> tuple[tuple[int, ...], tuple[float, ...]]:
    return sparse.indices, sparse.values  # type: ignore[attr-defined]
