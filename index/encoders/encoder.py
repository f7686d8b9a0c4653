"""Encoder contracts. A backend is one file in `index/encoders/` that satisfies some of these.

Queries and documents are told apart because many models are asymmetric: each side has a prompt of
its own (E5, EmbeddingGemma), or markers and padding of its own (ColBERT). Symmetric models embed
both sides alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from octavo.ingest.text.scripts import mostly_latin

Matrix = npt.NDArray[np.float32]


class ModelError(Exception):
    """A model that is missing, damaged or of the wrong kind; the text says what to do."""


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """What a model takes. A manifest holds the prompts and the dtype: they move vectors.

    `tokens` are pieces of the model's own tokenizer in one pass, special ones included; longer
    text is windowed. `pixels` is the side to which an image is scaled, 0 where none are taken.
    `batch_dependent`: company in a batch moves a vector's last digits (int8 activations scaled by
    call), so that questions are embedded one at a time and the same one always finds the same.
    `latin_only`: what it makes of other scripts tells little (see `reads`).
    """

    tokens: int
    pixels: int = 0
    query_prompt: str = ""
    document_prompt: str = ""
    dtype: str = "float32"
    batch_dependent: bool = False
    latin_only: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """Text, an image (bytes of a PNG, JPEG, ...), or both: one side of a pair."""

    text: str = ""
    image: bytes | None = None


class Encoder(Protocol):
    """What every encoder says of itself: `name` identifies its weights (file hashes included)."""

    name: str
    limits: ModelLimits


def reads(encoder: Encoder, text: str) -> bool:
    """Whether a model was trained on the script of a text."""
    return not encoder.limits.latin_only or mostly_latin(text)


class TextEncoder(Encoder, Protocol):
    """Text to one vector each."""

    dim: int

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        """Documents: `(n, dim)` float32 unit vectors. Text over `limits.tokens` is windowed and
        the windows' vectors averaged by their length, never cut."""
        ...

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Questions: the same shape and space as `embed_texts`."""
        ...


class TokenEncoder(Encoder, Protocol):
    """Text to one vector per token, for late interaction (Khattab and Zaharia 2020)."""

    dim: int

    def embed_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Documents: for each text `(tokens, dim)` float32 unit rows, at least one; padding left
        out, the windows of a long text one after the other."""
        ...

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Questions: the same shapes; a model's query expansion is kept."""
        ...


class PatchEncoder(Encoder, Protocol):
    """Images to one vector per patch, for visual late interaction (Faysse et al. 2024)."""

    dim: int

    def embed_patches(self, images: Sequence[bytes]) -> list[Matrix]:
        """For each encoded image file `(patches, dim)` float32 unit rows. Raises ValueError for
        bytes that are no image."""
        ...

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Questions, in the space of the patches: `(tokens, dim)` float32 unit rows each."""
        ...


class JointEncoder(Encoder, Protocol):
    """Text and images to vectors in one space."""

    dim: int

    def joint_texts(self, texts: Sequence[str]) -> Matrix:
        """Documents: `(n, dim)` float32, norm at most 1; windowed as in `TextEncoder`."""
        ...

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        """Questions: the same shape and space as `joint_texts`."""
        ...

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        """`(n, dim)` float32 unit vectors. `images` are encoded files (PNG, JPEG, ...);
        raises ValueError for bytes that are no image."""
        ...


class PairScorer(Encoder, Protocol):
    """A cross-encoder: reads question and content together (Nogueira and Cho 2019)."""

    def score_pairs(self, query: Content, contents: Sequence[Content]) -> Matrix:
        """`(n,)` float32, greater is better, comparable within one query only. A content that
        does not fit beside the query is scored window by window, and its best window counts.
        A text-only model ignores images."""
        ...


def unit(rows: Matrix) -> Matrix:
    """Rows scaled to length 1; rows of zeros stay zeros."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
