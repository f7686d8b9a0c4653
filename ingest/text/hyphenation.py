"""Words parted at the end of a line: put together as the document itself writes them.

"informa-" and "tion" are one word; "self-" and "locking" keep their hyphen where the document
writes "self-locking" elsewhere. Nothing here knows a language, but for words before which a hyphen
stands for what follows later ("Nord- und Ostsee").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from octavo.ingest.document import Block, Line, PageContent

#: At a line's end: a hyphen that belongs to the word (U+2011 is the one that breaks no line).
KEPT = "\u2011"
_HYPHENS = "-\u2010"
_LONGEST = 100  # characters of a word before its hyphen
_MOST = 100_000  # words that are remembered
_LETTERS = re.compile(r"[^\W\d_]+")
_COMPOUND = re.compile(r"(?<![\w\-\u2010\u2011])\w+(?:[\-\u2010\u2011]\w+)+(?![\w\-])")
_LEFT = re.compile(r"(?:\w+[\-\u2010\u2011])*\w+(?=[\-\u2010]$)")
_RIGHT = re.compile(r"\w+(?:[\-\u2010\u2011]\w+)*")
_SHORTEST = 4  # letters of a half that is a word of its own
#: Words of other words' halves: "over-" and "come" are one word.
_PREFIXES = frozenset({
    "over", "under", "with", "some", "every", "there", "here", "where", "when", "fore", "upon",
    "into", "than", "then", "also", "after", "down", "back", "through", "inter", "super", "trans",
    "counter", "para", "ober", "unter", "über", "nach", "wieder", "hinter",
})  # fmt: skip
#: After one of these a hyphen at a line's end stands for a word that follows.
_SUSPENDED = frozenset({
    "and", "or", "to", "und", "oder", "bzw", "sowie", "bis", "et", "ou", "y", "o", "e", "en",
})  # fmt: skip
#: Scripts without blanks between words, and their punctuation.
_UNSPACED = re.compile(
    "[\u2e80-\u303f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff60"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff]"
)


class HyphenVocabulary:
    """The words of the pages read so far."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()
        self._compounds: Counter[str] = Counter()

    def add(self, page: PageContent) -> None:
        """The words of a page's text and tables; parts of words at a line's end left out."""
        for block in page.blocks:
            for line in block.lines:
                self._add_line(line.text)

    def _add_line(self, text: str) -> None:
        parted = text[-1:] in _HYPHENS and len(text) > 1
        shown = text[: -len(text.split()[-1])] if parted and text.split() else text
        if len(self._compounds) < _MOST:
            self._compounds.update(_plain(c) for c in _COMPOUND.findall(shown))
        if len(self._words) < _MOST:
            self._words.update(w.lower() for w in _LETTERS.findall(shown))

    def marked(self, page: PageContent) -> PageContent:
        """A page whose hyphens at line ends are `KEPT` where they belong to their words."""
        if not any(x.text[-1:] in _HYPHENS for b in page.blocks for x in b.lines if x.text):
            return page
        return replace(page, blocks=tuple(self._marked_block(b) for b in page.blocks))

    def _marked_block(self, block: Block) -> Block:
        if block.kind != "text":
            return block
        lines = tuple(self._marked_lines(block.lines))
        return block if lines == block.lines else replace(block, lines=lines)

    def _marked_lines(self, lines: tuple[Line, ...]) -> Iterator[Line]:
        for n, line in enumerate(lines):
            following = lines[n + 1].text if n + 1 < len(lines) else ""
            if line.text[-1:] in _HYPHENS and following and self._keeps(line.text, following):
                yield replace(line, text=line.text[:-1] + KEPT)
            else:
                yield line

    def _keeps(self, text: str, following: str) -> bool:
        """Whether the hyphen at the end of `text` belongs to the word that goes on after it."""
        left, right = _LEFT.search(text[-_LONGEST:]), _RIGHT.match(following)
        if left is None or right is None:
            return False
        before, after = _plain(left[0]), _plain(right[0])
        compounds = self._compounds[f"{before}-{after}"]
        whole = self._words[f"{before}{after}"]
        if compounds or whole:
            return compounds >= whole
        if not right[0][0].islower():
            return False
        if "-" in before:  # state-of-the-art
            return True
        halves = (before, after.partition("-")[0])
        return all(len(h) >= _SHORTEST and h not in _PREFIXES and self._words[h] for h in halves)


def _plain(word: str) -> str:
    return word.lower().replace("\u2010", "-").replace("\u2011", "-")


def joint(text: str, following: str) -> tuple[int, str]:
    """How a line goes on in the next: how many characters are taken from its end, and what is
    written between."""
    if not text or not following:
        return 0, " "
    if text[-1] == KEPT and following[0].isalnum():
        return 1, "-"
    if len(text) > 2 and text[-1] in _HYPHENS and text[-2].isalpha() and following[0].islower():
        first = _LETTERS.match(following)
        return (0, " ") if first and first[0] in _SUSPENDED else (1, "")
    if _UNSPACED.match(text[-1]) and _UNSPACED.match(following[0]):
        return 0, ""
    return 0, " "
