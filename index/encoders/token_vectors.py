"""Late interaction with the built-in model: token states on few numbers, and fewer of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from octavo.index.encoders.block_matmul import matmul_blocks
from octavo.index.encoders.encoder import Encoder, Matrix, unit
from octavo.index.encoders.token_pooling import pool_tokens
from octavo.index.weights.weight_files import identity, verified

_FACTOR = 2  # token vectors of a document that become one, on the average
_TOGETHER = 256  # rows pooled at a time at most: the cost grows with their square


class StateModel(Encoder, Protocol):
    """A text model that gives its last states."""

    def token_states(self, texts: Sequence[str]) -> list[Matrix]: ...

    def cache_states(self, texts: Sequence[str]) -> None: ...


class MiniLmTokens:
    """Satisfies `TokenEncoder`: token states on 96 principal components, scaled to length 1; a
    document's pooled by 2. The model was not trained for late interaction.

    nDCG@10 of the final score: on SciFact 96 of 384 dimensions lost 0.001 to 0.003, and 64 about
    as much. Pooling by 2 changed it by +.0010 (SciFact train), +.0007 (test), -.0012 (mmlong; with
    4 bits a number -.0031) and -.0010 (Cranfield), all within chance. `index/weights/README.md`
    has what else was tried.
    """

    def __init__(self, model: StateModel) -> None:
        self.name = f"{model.name}, token states pooled by {_FACTOR}, {identity('tokens-pca.npy')}"
        self.limits = model.limits
        self._model = model
        self._components = np.load(verified("tokens-pca.npy")).astype(np.float32)
        self.dim = int(self._components.shape[1])

    def every_token(self, texts: Sequence[str]) -> list[Matrix]:
        """For each text `(tokens, 96)` float32 unit rows, one a token, in order."""
        if not texts:
            return []
        return [
            unit(matmul_blocks(unit(s), self._components)) for s in self._model.token_states(texts)
        ]

    def embed_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """For each text `(rows, 96)` float32 unit rows, one a cluster of like tokens. A long text
        is pooled part by part; the rows of one part stand before those of the next."""
        return [_pool_parts(rows) for rows in self.every_token(texts)]

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """As `every_token`: not pooled, and no query expansion."""
        self._model.cache_states(texts)
        return self.every_token(texts)


def _pool_parts(rows: Matrix) -> Matrix:
    parts = np.array_split(rows, -(-len(rows) // _TOGETHER))
    return np.concatenate([pool_tokens(part, _FACTOR) for part in parts])
