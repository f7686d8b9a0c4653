"""Cross-encoder scores of contents that do not fit beside the query: their best window counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from octavo.index.encoders.encoder import Content, Matrix
from octavo.index.encoders.text_windows import windows

#: Tokens of the query beside each content, uncut.
CountPairs = Callable[[Content, Sequence[Content]], Sequence[int]]
#: A score for each content beside the query; all fit.
ScorePairs = Callable[[Content, Sequence[Content]], Sequence[float]]


def score_windowed(
    query: Content,
    contents: Sequence[Content],
    limit: int,
    count: CountPairs,
    score: ScorePairs,
) -> Matrix:
    """`(n,)` float32: for each content the score of its best window (MaxP, Dai and Callan 2019,
    arXiv:1905.09217).

    A query that takes more than half of `limit` is divided too, and the scores of its windows
    are averaged by their tokens.
    """
    total = np.zeros(len(contents), np.float32)
    if not contents:
        return total
    query_windows = windows(
        [query.text],
        limit // 2,
        lambda texts: [count(replace(query, text=t), [Content()])[0] for t in texts],
    )[0]
    for part in query_windows:
        total += part.tokens * _best(replace(query, text=part.text), contents, limit, count, score)
    return np.asarray(total / sum(part.tokens for part in query_windows), np.float32)


def _best(
    query: Content,
    contents: Sequence[Content],
    limit: int,
    count: CountPairs,
    score: ScorePairs,
) -> Matrix:
    pieces: list[tuple[int, Content]] = []
    plain = [i for i, content in enumerate(contents) if content.image is None]
    content_windows = windows(
        [contents[i].text for i in plain],
        limit,
        lambda texts: count(query, [Content(t) for t in texts]),
    )
    for i, part in zip(plain, content_windows, strict=True):
        pieces += [(i, Content(w.text)) for w in part]
    for i, content in enumerate(contents):
        if content.image is not None:  # its image takes tokens of its own
            pieces += [(i, c) for c in _with_image(query, content, limit, count)]
    best = np.full(len(contents), -np.inf, np.float32)
    scores = score(query, [content for _, content in pieces])
    for (i, _), value in zip(pieces, scores, strict=True):
        best[i] = max(best[i], value)
    return best


def _with_image(query: Content, content: Content, limit: int, count: CountPairs) -> list[Content]:
    part = windows(
        [content.text],
        limit,
        lambda texts: count(query, [replace(content, text=t) for t in texts]),
    )[0]
    return [replace(content, text=w.text) for w in part]
