"""Printed lines parted where white space between their words is wide: cells of a table that MuPDF
takes for one line, because the columns stand close."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

_WIDE = 0.8  # of the font size
_WIDER = 2.2  # times the other gaps of the line: a justified line has them all alike

_Word = tuple[float, float, float, float, str, int, int, int]


def parted_lines(blocks: Sequence[dict[str, Any]], words: Sequence[_Word]) -> None:
    """Replaces lines of `blocks` (as `get_text("dict")` gives them) by their parts, in place.
    `words` are those of the same text page. Lines that are not level stay."""
    by_line: dict[tuple[int, int], list[_Word]] = defaultdict(list)
    for word in words:
        by_line[word[5], word[6]].append(word)
    for block in blocks:
        parts: list[dict[str, Any]] = []
        for number, line in enumerate(block.get("lines", ())):
            own = by_line.get((block["number"], number), [])
            cuts = _cuts(line, own) if len(own) > 1 else []
            parts += _parts(line, own, cuts) if cuts else [line]
        if parts:
            block["lines"] = parts


def _cuts(line: dict[str, Any], words: Sequence[_Word]) -> list[float]:
    """Places in points, from left to right, where the line is parted."""
    if tuple(line.get("dir", (1, 0))) != (1, 0) or not line["spans"]:
        return []
    size = max(s["size"] for s in line["spans"])
    gaps = [b[0] - a[2] for a, b in itertools.pairwise(words)]
    if min(gaps) < -size or max(gaps) < _WIDE * size:
        return []
    narrow = [g for g in gaps if g < _WIDE * size]
    usual = median(narrow) if narrow else 0.28 * size
    least = max(_WIDE * size, _WIDER * usual)
    pairs = itertools.pairwise(words)
    return [(a[2] + b[0]) / 2 for a, b in pairs if b[0] - a[2] >= least]


def _parts(
    line: dict[str, Any], words: Sequence[_Word], cuts: Sequence[float]
) -> Iterator[dict[str, Any]]:
    edges = [float("-inf"), *cuts, float("inf")]
    for left, right in itertools.pairwise(edges):
        own = [w for w in words if left <= w[0] < right]
        spans = [s for span in line["spans"] if (s := _inside(span, words, left, right))]
        if own and spans:
            box = (own[0][0], line["bbox"][1], max(w[2] for w in own), line["bbox"][3])
            yield {**line, "bbox": box, "spans": spans}


def _inside(
    span: dict[str, Any], words: Sequence[_Word], left: float, right: float
) -> dict[str, Any] | None:
    """The part of a span between two places; None where it has nothing there."""
    x0, _, x1, _ = span["bbox"]
    if left <= x0 and x1 <= right:
        return span
    # A word may go over several spans, as 10 and a raised 6 do: each has its part of it.
    pieces = span["text"].split()
    over = [w for w in words if w[2] > x0 + 0.1 and w[0] < x1 - 0.1]
    if len(pieces) != len(over):  # a word of no width: take them whole
        pieces = [w[4] for w in over]
    own = [p for p, w in zip(pieces, over, strict=True) if left <= w[0] < right]
    if not own:
        return None
    text = span["text"]
    first = " " if text[:1].isspace() and own[0] is pieces[0] else ""
    last = " " if text[-1:].isspace() and own[-1] is pieces[-1] else ""
    return {**span, "text": first + " ".join(own) + last}
