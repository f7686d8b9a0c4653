"""The built-in joint space: MiniLM's 384 dimensions beside 256 of image features.

A picture's first part is ConSE (Norouzi et al. 2014, arXiv:1312.5650): the mean of the MiniLM
vectors of its likeliest ImageNet class names, weighted by their probability. Its second part is
EfficientNet-Lite0's pooled features, centred and projected. A text has the first part only. So a
text and a picture meet in words, two pictures mostly in looks. What this knows of charts and
drawings in words is little: ImageNet has a thousand classes, and few are found in documents.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from index.encode import Matrix, ModelLimits, unit
from index.images import open_image
from index.minilm import MiniLm
from index.weights.files import identity, verified

_SIDE = 224  # pixels
_GREY = (127, 127, 127)
_CLASSES = 50  # likeliest classes that are averaged
_TEMPERATURE = 1.5  # of the softmax over them; see the table in weights/README.md
_TEXT_PART = 0.5  # length of a picture's text part; the rest of its length is looks
_FILES = ("efficientnet-lite0.onnx", "imagenet-label-vectors.npy", "image-pca.npz")


class BuiltinJoint:
    """Satisfies `JointEncoder`."""

    dim = 384 + 256
    limits = ModelLimits(tokens=256, pixels=_SIDE, dtype="int8 weights of text")

    def __init__(self, text: MiniLm) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(verified("efficientnet-lite0.onnx")), options, providers=["CPUExecutionProvider"]
        )
        self.name = f"{text.name}, {identity(*_FILES)}"
        self._text = text
        self._labels = np.load(verified("imagenet-label-vectors.npy")).astype(np.float32)
        projection = np.load(verified("image-pca.npz"))
        self._mean = projection["mean"].astype(np.float32)
        self._components = projection["components"].astype(np.float32)

    def joint_texts(self, texts: Sequence[str]) -> Matrix:
        """`(n, 640)` float32 unit vectors: MiniLM, then zeros."""
        said = self._text.embed_texts(texts)
        return np.concatenate([said, np.zeros((len(said), 256), np.float32)], axis=1)

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        """As `joint_texts`: MiniLM is symmetric."""
        self._text.keep(texts)
        return self.joint_texts(texts)

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        """`(n, 640)` float32 unit vectors. Raises ValueError for bytes that are no image."""
        if not images:
            return np.zeros((0, self.dim), np.float32)
        return np.concatenate([self._image(data) for data in images])

    def _image(self, data: bytes) -> Matrix:
        """One at a time: eight together took as long, and moved the last digits, so that a picture
        embedded before could not stand in for the same one in other company."""
        features, logits = self._session.run(None, {"pixels": _pixels(data)[None]})
        return self._joined(features, logits)

    def _joined(self, features: Matrix, logits: Matrix) -> Matrix:
        looks = unit((unit(features) - self._mean) @ self._components.T)
        named = unit(_conse(logits, self._labels))
        share = np.float32(np.sqrt(1 - _TEXT_PART**2))
        return np.concatenate([_TEXT_PART * named, share * looks], axis=1)


def _conse(logits: Matrix, labels: Matrix) -> Matrix:
    """Label vectors averaged over the likeliest classes by probability."""
    top = np.argsort(-logits, axis=1)[:, :_CLASSES]
    chosen = np.take_along_axis(logits, top, axis=1)
    weights = np.exp((chosen - chosen.max(axis=1, keepdims=True)) / _TEMPERATURE)
    return np.asarray(np.einsum("nk,nkd->nd", weights, labels[top]), np.float32)


def _pixels(data: bytes) -> npt.NDArray[np.float32]:
    """`(3, 224, 224)` float32, 0 to 255: the whole picture, its shape kept, on mid grey."""
    image = open_image(data, _SIDE)
    scale = _SIDE / max(image.width, image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    shown = image.resize(size, Image.Resampling.BICUBIC)
    page = Image.new("RGB", (_SIDE, _SIDE), _GREY)
    page.paste(shown, ((_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2))
    return np.asarray(page, np.float32).transpose(2, 0, 1)
