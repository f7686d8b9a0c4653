"""Encoder contracts. A backend is one file that satisfies one of these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


class ModelError(Exception):
    """A model that is missing, damaged or of the wrong kind; the text says what to do."""


class TextEncoder(Protocol):
    """Text to one vector each."""

    name: str
    dim: int

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        """`(n, dim)` float32 unit vectors. Text over the model's limit is windowed and the
        windows' vectors averaged, never cut."""
        ...


class TokenEncoder(Protocol):
    """Text to one vector per token, for late interaction (Khattab and Zaharia 2020)."""

    name: str
    dim: int

    def embed_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """For each text `(tokens, dim)` float32 unit vectors; at least one row."""
        ...


class JointEncoder(Protocol):
    """Text and images to vectors in one space."""

    name: str
    dim: int

    def joint_texts(self, texts: Sequence[str]) -> Matrix:
        """`(n, dim)` float32, norm at most 1."""
        ...

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        """`(n, dim)` float32 unit vectors. `images` are encoded files (PNG, JPEG, ...);
        raises ValueError for bytes that are no image."""
        ...


def unit(rows: Matrix) -> Matrix:
    """Rows scaled to length 1; rows of zeros stay zeros."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
