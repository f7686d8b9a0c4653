"""What holds for every late-interaction encoder, asserted once for all backends."""

from __future__ import annotations

import numpy as np

from octavo.index.encoders.encoder import TokenEncoder


def check_late(encoder: TokenEncoder, long: str, expansion: int) -> None:
    """Markers, query expansion to `expansion` tokens, windows instead of cuts, padding left out.
    Documents are "oil pump" (5 tokens with markers), punctuated, empty, and `long`."""
    query, longer = encoder.query_tokens(["oil pump", long])
    assert query.shape == (expansion, encoder.dim)
    assert len(longer) > 180
    short, punctuated, empty, whole = encoder.embed_tokens(["oil pump", "oil, pump!", "", long])
    assert len(short) == len(punctuated) == 5
    assert len(empty) == 3
    assert 180 <= len(whole) <= 230
    for rows in (query, longer, short, punctuated, empty, whole):
        assert rows.dtype == np.float32
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    # Padding beside a long document changes nothing.
    assert np.allclose(short, encoder.embed_tokens(["oil pump"])[0], atol=1e-5)
    assert np.allclose(query, encoder.query_tokens(["oil pump"])[0], atol=1e-5)
    ends = encoder.embed_tokens([long + "bolt", long + "chart"])
    assert np.abs(ends[0][-2] - ends[1][-2]).max() > 1e-3
    assert encoder.embed_tokens([]) == encoder.query_tokens([]) == []
