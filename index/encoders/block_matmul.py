"""Matrix products in blocks of few rows."""

from __future__ import annotations

import numpy as np

from octavo.index.encoders.encoder import Matrix

# Too little work for OpenBLAS to wake its threads, which took a third of all processor time of
# ingestion to wait for each other; and a row's last digits do not depend on how many there are.
_BLOCK = 4


def matmul_blocks(rows: Matrix, columns: Matrix) -> Matrix:
    """`(n, k)` and `(k, m)` float32 to `(n, m)`."""
    blocks = -(-len(rows) // _BLOCK)
    padded = np.zeros((blocks, _BLOCK, rows.shape[1]), np.float32)
    padded.reshape(blocks * _BLOCK, -1)[: len(rows)] = rows
    products: Matrix = padded @ columns
    return products.reshape(blocks * _BLOCK, -1)[: len(rows)]
