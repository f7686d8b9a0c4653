"""The built-in joint space: MiniLM's 384 dimensions beside 256 of image features.

A picture's first part says it in words: by ConSE (Norouzi et al. 2014, arXiv:1312.5650), the mean
of the MiniLM vectors of its likeliest classes, weighted by their probability. The classes are the
thousand of ImageNet and 32 kinds of figure; a regression on icons with names adds what is drawn.
Its second part, "looks", is EfficientNet-Lite0's pooled features, centred and projected. A text has
the first part only. So a text and a picture meet in words, two pictures mostly in looks.
How all was fitted, and what it is worth: weights/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from octavo.index.encoders.encoder import Matrix, ModelLimits, unit
from octavo.index.encoders.minilm import MiniLm
from octavo.index.image_files import open_image
from octavo.index.weights.weight_files import identity, verified

_SIDE = 224  # pixels
_GREY = (127, 127, 127)
_CLASSES = 50  # likeliest of ImageNet's that are averaged
_TEMPERATURE = 1.5  # of the softmax over them; see the table in weights/README.md
_TEXT_PART = 0.2  # length of a picture's text part; the rest of its length is looks. What a text
# finds does not depend on it; with .5 a worn photo found itself first in .92 of cases, now in .97
_TOWER = ("efficientnet-lite0.onnx", "image-pca.npz")
_WORDS = ("imagenet-label-vectors.npy", "image-words.npz")


class ImageEncoder:
    """The network, up to what both parts are made of."""

    def __init__(self, threads: int = 0) -> None:
        import onnxruntime

        network, projection = (verified(name) for name in _TOWER)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(network), options, providers=["CPUExecutionProvider"]
        )
        self._mean, self._components = _arrays(projection, "mean", "components")

    def encode(self, image: bytes) -> tuple[Matrix, Matrix]:
        """Looks `(1, 256)`, unit, and scores of ImageNet's classes `(1, 1000)`, of one encoded
        picture: eight together took as long, and moved the last digits, so that a picture
        embedded before could not stand in for the same one in other company.

        Raises ValueError for bytes that are no image.
        """
        features, logits = self._session.run(None, {"pixels": _pixels(image)[None]})
        centred: Matrix = unit(features) - self._mean
        return unit(centred @ self._components.T), logits


class ImageWords:
    """What a picture shows, in MiniLM's space."""

    def __init__(self) -> None:
        labels, heads = (verified(name) for name in _WORDS)
        self._labels = np.load(labels).astype(np.float32)
        self._kinds, self._figures, self._words = _arrays(heads, "kinds", "kind_vectors", "words")

    def embed(self, looks: Matrix, logits: Matrix) -> Matrix:
        """`(n, 384)` unit vectors. Classes of ImageNet count as far as a picture is no figure."""
        kinds = _softmax(_affine(looks, self._kinds))  # the last is "no figure"
        classes = kinds[:, -1:] * _conse(logits, self._labels) + kinds[:, :-1] @ self._figures
        return unit(classes + _affine(looks, self._words))


class BuiltinJoint:
    """Satisfies `JointEncoder`."""

    dim = 384 + 256
    limits = ModelLimits(tokens=256, pixels=_SIDE, dtype="int8 weights of text", latin_only=True)

    def __init__(self, text: MiniLm) -> None:
        self.name = f"{text.name}, {identity(*_TOWER, *_WORDS)}, {_TEXT_PART} text"
        self._text, self._tower, self._words = text, ImageEncoder(), ImageWords()

    def joint_texts(self, texts: Sequence[str]) -> Matrix:
        """`(n, 640)` float32 unit vectors: MiniLM, then zeros."""
        text_vectors = self._text.embed_texts(texts)
        return np.concatenate(
            [text_vectors, np.zeros((len(text_vectors), 256), np.float32)], axis=1
        )

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        """As `joint_texts`: MiniLM is symmetric."""
        self._text.cache_states(texts)
        return self.joint_texts(texts)

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        """`(n, 640)` float32 unit vectors. Raises ValueError for bytes that are no image."""
        if not images:
            return np.zeros((0, self.dim), np.float32)
        return np.concatenate([self._image(data) for data in images])

    def _image(self, data: bytes) -> Matrix:
        looks, logits = self._tower.encode(data)
        share = np.float32(np.sqrt(1 - _TEXT_PART**2))
        text_vectors = self._words.embed(looks, logits)
        return np.concatenate([np.float32(_TEXT_PART) * text_vectors, share * looks], axis=1)


def _conse(logits: Matrix, labels: Matrix) -> Matrix:
    """Label vectors averaged over the likeliest classes by probability."""
    top = np.argsort(-logits, axis=1)[:, :_CLASSES]
    chances = _softmax(np.take_along_axis(logits, top, axis=1) / np.float32(_TEMPERATURE))
    return np.asarray(np.einsum("nk,nkd->nd", chances, labels[top]), np.float32)


def _softmax(scores: Matrix) -> Matrix:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _affine(rows: Matrix, head: Matrix) -> Matrix:
    """`rows @ head` where the last row of `head` is added to all."""
    return np.asarray(rows @ head[:-1] + head[-1], np.float32)


def _arrays(file: Path, *names: str) -> list[Matrix]:
    stored = np.load(file)
    return [stored[name].astype(np.float32) for name in names]


def _pixels(data: bytes) -> npt.NDArray[np.float32]:
    """`(3, 224, 224)` float32, 0 to 255: the whole picture, its shape kept, on mid grey."""
    image = open_image(data, _SIDE)
    scale = _SIDE / max(image.width, image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    shown = image.resize(size, Image.Resampling.BICUBIC)
    page = Image.new("RGB", (_SIDE, _SIDE), _GREY)
    page.paste(shown, ((_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2))
    return np.asarray(page, np.float32).transpose(2, 0, 1)
