"""Long texts in windows that a model can see whole: nothing is cut in silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from octavo.index.encoders.encoder import Matrix, unit

#: Tokens of each text as the model would see it: special tokens and prompt included, uncut.
Count = Callable[[Sequence[str]], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a text and the tokens a model sees of it."""

    text: str
    tokens: int


def windows(texts: Sequence[str], limit: int, count: Count) -> list[list[Window]]:
    """For each text pieces of about equal length, none over `limit` tokens, at least one.

    Together they are the whole text but for white space at the cuts, which fall within a word
    only where no white space is near. A single character is never divided. Raises ValueError
    where prompt and special tokens alone fill the limit.
    """
    sizes = count(texts)
    if all(size <= limit for size in sizes):
        return [[Window(t, n)] for t, n in zip(texts, sizes, strict=True)]
    around = count([""])[0]
    if around >= limit:
        raise ValueError(
            f"prompt and special tokens are {around} tokens, and the model takes {limit}: "
            "nothing is left for text; shorten the prompt"
        )
    divided = []
    for text, size in zip(texts, sizes, strict=True):
        if size <= limit or len(text) < 2:
            divided.append([Window(text, size)])
            continue
        divided.append(_divided(text, -(-(size - around) // (limit - around)), limit, count))
    return divided


def _divided(text: str, least: int, limit: int, count: Count) -> list[Window]:
    """At least `least` windows. Density varies: where a part is too long, one part more makes all
    shorter; only then is a single part divided again."""
    for number in (least, least + 1):
        pieces = _pieces(text, number)
        sizes = count(pieces)
        if max(sizes) <= limit:
            return [Window(p, n) for p, n in zip(pieces, sizes, strict=True)]
    return [w for part in windows(pieces, limit, count) for w in part]


def _pieces(text: str, number: int) -> list[str]:
    """`number` (at least two) parts of about equal length, cut at white space if there is some
    in the half part before the cut. Every part is shorter than the text."""
    number = min(max(2, number), len(text))
    step = len(text) / number
    cuts = [0]
    for i in range(1, number):
        ideal = max(round(i * step), cuts[-1] + 1)
        earliest = max(cuts[-1] + 1, ideal - int(step / 2))
        cuts.append(next((c for c in range(ideal, earliest - 1, -1) if text[c].isspace()), ideal))
    cuts.append(len(text))
    parts = [text[a:b].strip() for a, b in pairwise(cuts)]
    return [part for part in parts if part] or [""]


def embed_windowed(
    texts: Sequence[str],
    dim: int,
    limit: int,
    count: Count,
    embed: Callable[[list[str]], Matrix],
) -> Matrix:
    """`(n, dim)` float32 unit vectors: the mean of each text's windows, weighted by tokens."""
    if not texts:
        return np.zeros((0, dim), np.float32)
    cut = windows(texts, limit, count)
    rows = embed([w.text for part in cut for w in part])
    if len(rows) == len(texts):
        return unit(rows)
    weights = np.array([w.tokens for part in cut for w in part], np.float32)
    starts = np.cumsum([0, *(len(part) for part in cut[:-1])])
    return unit(np.add.reduceat(unit(rows) * weights[:, None], starts, axis=0))


def tokens_windowed(
    texts: Sequence[str],
    limit: int,
    count: Count,
    embed: Callable[[list[str]], Sequence[Matrix]],
) -> list[Matrix]:
    """For each text `(tokens, d)`: the token vectors of its windows, one after the other."""
    cut = windows(texts, limit, count) if texts else []
    rows = iter(embed([w.text for part in cut for w in part]) if cut else [])
    return [np.concatenate([next(rows) for _ in part]) for part in cut]
