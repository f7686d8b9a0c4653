"""BM25 as sparse vectors (Robertson and Zaragoza 2009); the engine supplies the IDF."""

from __future__ import annotations

from functools import cache
from typing import Any

from octavo.index.encoders.raised_words import raised_apart
from octavo.index.store import Sparse

#: k1 and b as in most published baselines; the average length was measured on the built-in
#: chunking of the development sets (terms after stop words).
K1, B, AVERAGE_TERMS = 1.2, 0.75, 90.0


@cache
def _model() -> Any:
    from qdrant_edge import Bm25, Bm25Config

    config = Bm25Config(k=K1, b=B, avg_len=AVERAGE_TERMS, language="english", ascii_folding=True)
    return Bm25(config)


def document_words(text: str) -> Sparse:
    """Term weights of a stored text: `tf (k1 + 1) / (tf + k1 (1 - b + b length / average))`."""
    vector = _model().embed_document(raised_apart(text))
    return Sparse(tuple(vector.indices), tuple(vector.values))


def query_words(text: str) -> Sparse:
    """Every distinct term of a query with weight 1."""
    vector = _model().embed_query(raised_apart(text))
    return Sparse(tuple(vector.indices), tuple(vector.values))
