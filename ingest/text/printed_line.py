"""The text of one printed line of MuPDF's `dict` or `rawdict`: signs of symbol fonts in Unicode,
raised and lowered characters written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from octavo.ingest.files import utf8
from octavo.ingest.text.plain_characters import composed_line
from octavo.ingest.text.raised_text import Level, Run, plain_text
from octavo.ingest.text.right_to_left import RIGHT_TO_LEFT, line_text
from octavo.ingest.text.symbol_fonts import symbol_text

_SMALLER = 0.92  # of the line's size that a raised character has at most
_RAISED = 0.1  # of that size that it stands above the line at least: MuPDF's own measure
_LOWERED = 0.06  # and below it: MuPDF sets it 0.2 lower, TeX 0.15
_SAME_SIZE = 0.2  # and either way where it is no smaller
_FARTHEST = 1.0  # and at most, or it belongs to another line
_GAP = 0.3  # of that size between it and what it belongs to at most
_LONGEST = 24  # characters: more are a line of their own


def printed_text(raw: dict[str, Any]) -> str:
    """One line without white space around it, and with single spaces in it."""
    spans = raw["spans"]
    texts = [_span_text(s) for s in spans]
    plain = "".join(texts)
    if RIGHT_TO_LEFT.search(plain):
        plain = line_text(raw) if spans and "chars" in spans[0] else plain
    elif len(spans) > 1:
        levels = _levels(spans, texts, raw.get("dir", (1.0, 0.0)))
        plain = plain_text([Run(t, n) for t, n in zip(texts, levels, strict=True)])
    return utf8(composed_line(" ".join(plain.split())))


def _span_text(span: dict[str, Any]) -> str:
    text = span["text"] if "text" in span else "".join(str(c["c"]) for c in span["chars"])
    return symbol_text(text, str(span.get("font", "")))


def _levels(
    spans: Sequence[dict[str, Any]], texts: Sequence[str], along: tuple[float, float]
) -> list[Level]:
    """Of each span of a line that runs `along` a direction, measured against its largest text."""
    heights = [_above(s, along) for s in spans]
    lead = max(range(len(spans)), key=lambda n: (round(_size(spans[n])), len(texts[n].strip())))
    size = _size(spans[lead])
    levels: list[Level] = [0] * len(spans)
    for n, span in enumerate(spans):
        above = (heights[n] - heights[lead]) / size if size else 0.0
        is_short = 0 < len(texts[n].strip()) <= _LONGEST
        if not is_short or abs(above) < _LOWERED or _is_apart(spans, n, along, size):
            continue
        levels[n] = _level(above, is_smaller=_size(span) <= _SMALLER * size)
    return levels


def _level(above: float, is_smaller: bool) -> Level:
    """`above`: how far over the line, of its size."""
    if (_RAISED if is_smaller else _SAME_SIZE) < above < _FARTHEST:
        return 1
    return -1 if (_LOWERED if is_smaller else _SAME_SIZE) < -above < _FARTHEST else 0


def _size(span: dict[str, Any]) -> float:
    return float(span["size"])


def _above(span: dict[str, Any], along: tuple[float, float]) -> float:
    """How far up a span stands, across the direction of its line, in points."""
    x, y = span["origin"]
    return float(along[1] * x - along[0] * y)


def _is_apart(
    spans: Sequence[dict[str, Any]], n: int, along: tuple[float, float], size: float
) -> bool:
    """Whether there is a gap between a span and what is printed before it, or, of the first one,
    after it."""
    beside = n - 1 if n else 1
    a, b = spans[beside]["bbox"], spans[n]["bbox"]
    axis = 0 if abs(along[0]) >= abs(along[1]) else 1
    gap = max(b[axis] - a[axis + 2], a[axis] - b[axis + 2])
    return float(gap) > _GAP * size
