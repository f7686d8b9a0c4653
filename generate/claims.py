"""A model's draft as claims: its sentences without their [n], and the numbers these named.

Also whether the draft is the refusal that the prompt asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from octavo.generate.prompt import REFUSAL
from octavo.ingest.text.sentences import sentences

_NUMBERS = r"\d{1,3}(?:\s*(?:[,;&–-]|and)\s*\d{1,3}){0,3}"
#: [1], [1, 3], [1-3], [Source 2], 【1】. A list of over four is no citation but text of a figure.
_MARKER = re.compile(
    rf"[\[【]\s*(?:(?:source|evidence|item|document|ref)s?\s*:?\s*)?#?({_NUMBERS})"
    r"(?:\s*,\s*p(?:age|\.)\s*\d+)?\s*[\]】]",
    re.IGNORECASE,
)
_ROUND = re.compile(r"\(()(\d{1,2})\)(?=\s*[.!?]?\s*$)")
_AFTER_END = re.compile(rf"([.!?])((?:\s*{_MARKER.pattern})+)", re.IGNORECASE)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)|\A(?:(?!<think>).)*</think>", re.DOTALL)
_BULLET = re.compile(r"^\s*(?:[-*•#]+|\d{1,2}[.)])\s+")
_LABEL = re.compile(r"^\W*(?:final )?answer\s*:\W*", re.IGNORECASE)
_LISTING = re.compile(r"^\W*(?:sources?|references?|citations?)\b\W*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a draft without its markers, and the numbers that they named."""

    text: str
    cited: tuple[int, ...]


def read_claims(draft: str, shown: int, truncated: bool = False) -> Iterator[Claim]:
    """Sentences with what they cite; numbers that were not shown are left out."""
    text = _THOUGHT.sub("", draft).replace("**", "")
    has_square_markers = _MARKER.search(text) is not None
    lines = [line for line in text.splitlines() if line.strip() and not _LISTING.match(line)]
    pieces = [p for line in lines for p in _pieces(_LABEL.sub("", _BULLET.sub("", line)))]
    if truncated and pieces and not _plain(pieces[-1]).endswith((".", "!", "?")):
        pieces.pop()
    for piece in pieces:
        cited = [int(n) for m in _MARKER.finditer(piece) for n in _listed(m[1], shown)]
        if not has_square_markers:
            # (2) is as often the part's number in a drawing: it counts at the end of a sentence
            # and where the draft has no [2].
            cited = [int(m[2]) for m in _ROUND.finditer(piece) if 0 < int(m[2]) <= shown]
            piece = _ROUND.sub("", piece) if cited else piece
        plain = _plain(piece)
        if re.search(r"\w", plain) and REFUSAL.lower() not in plain.lower():
            yield Claim(plain, tuple(dict.fromkeys(n for n in cited if 0 < n <= shown)))


def is_refusal(draft: str) -> bool:
    """Whether the model says that it found no answer, in the words it was given for that."""
    text = re.sub(r"^\W+", "", _LABEL.sub("", _THOUGHT.sub("", draft)))
    return text.upper().startswith(REFUSAL)


def _pieces(line: str) -> list[str]:
    """Sentences of a line, markers after a full stop drawn before it: "A. [1] B." cites for A;
    unless the line begins with a marker, whose style is then to come first."""
    if not _MARKER.match(line.lstrip()):
        line = _AFTER_END.sub(r"\2\1", line)
    return [line[a:b] for a, b in sentences(line)]


def _plain(piece: str) -> str:
    text = " ".join(_MARKER.sub(" ", piece).split())
    return re.sub(r"\s+([.,;:!?])", r"\1", text).strip(" -–")


def _listed(numbers: str, shown: int) -> list[int]:
    """The numbers of "1, 3" or "1-3"."""
    span = re.fullmatch(r"(\d+)\s*[–-]\s*(\d+)", numbers)
    if span:
        return list(range(int(span[1]), min(int(span[2]), shown) + 1))
    return [int(n) for n in re.findall(r"\d+", numbers)]
