"""Chunks as rules read them: running lines blanked, headings and proper names known."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from octavo.index.encoders.bm25 import english_terms
from octavo.ingest.document import Chunk, Region
from octavo.ingest.text.sentences import sentences

_PAGES = 3  # a line on so many pages, and on a third of them, is a header or footer
_NUMBERED = re.compile(
    r"^(?:\d+(?:\.\d+)*\.?|[A-Z](?:\.\d+)+\.?|\(?(?:[a-z]|[ivx]+)\)|[IVX]+\.)\s+"
)
_ARTICLES = {"A", "An", "The"}
_WORD = re.compile(r"[^\W\d_]+")
_MIDDLE = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+")
_VOWEL = re.compile(r"[aeiouyäöüéèáíóúø]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of the document `name`. `headings` are the document's, `proper` the words that it
    writes with a capital inside sentences."""

    name: str
    chunk: Chunk
    headings: frozenset[str] = frozenset()
    proper: frozenset[str] = frozenset()

    def region(self, start: int, end: int) -> tuple[Region, ...]:
        """The printed lines of characters `start` to `end`, joined by page."""
        pages: dict[int, Region] = {}
        for span in self.chunk.spans:
            if span.start < end and span.end > start:
                r = span.region
                known = pages.get(r.page)
                pages[r.page] = replace(known, box=known.box.join(r.box)) if known else r
        return tuple(pages.values()) or self.chunk.regions

    @property
    def words(self) -> str:
        """All that is said in and about the chunk: what search can find it by."""
        c = self.chunk
        texts = (*c.section, c.caption, c.header, c.text.strip(), c.context)
        return "\n".join(dict.fromkeys(x for x in texts if x))

    @property
    def title(self) -> str:
        """ "the annual report" of annual-report.pdf; "" where the name does not read as words."""
        words = re.split(r"[-_ ]+", self.name.rpartition(".")[0])
        plain = all(re.fullmatch(r"[A-Za-z]{3,}", w) for w in words) and 1 < len(words) <= 5
        return f"the {' '.join(words).lower()}" if plain else ""

    @property
    def saying(self) -> str:
        """The middle of "What ... say about ...?"."""
        return f"does {self.title}" if self.title else "do the documents"

    def lowered(self, text: str) -> str:
        """With a small first letter, unless the word is a name or a code."""
        first, _, rest = text.partition(" ")
        first = first.strip("(),")
        named = first in self.proper or (
            re.match(r"\d|[A-Z][a-z]", rest) and first not in _ARTICLES
        )
        keep = named or not re.fullmatch(r"[A-Z]?[a-z][a-z'’-]*|A", first)
        return text if keep else text[0].lower() + text[1:]


@dataclass(frozen=True, slots=True)
class PassageSentence:
    """One sentence without list marks, and where its characters stand in the chunk."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one heading of a chunk: characters `start` to `end`."""

    heading: str
    start: int
    end: int


def passages(name: str, chunks: Sequence[Chunk]) -> Iterator[Passage]:
    """The chunks of one document, in order."""
    running = _running(chunks)
    headings = frozenset(h for c in chunks for h in c.section)
    proper = _proper(c.text for c in chunks)
    for chunk in chunks:
        yield Passage(name, _blanked(chunk, running), headings, proper)


def read_sentences(passage: Passage) -> Iterator[PassageSentence]:
    text = passage.chunk.text
    for start, end in sentences(text):
        raw = text[start:end]
        mark = re.match(r"\s*(?:[•▪●■–-]|\(?\d{1,2}[.)]|[a-z]\))\s+", raw)
        start += mark.end() if mark else 0
        yield PassageSentence(" ".join(text[start:end].split()), start, end)


def parts(passage: Passage) -> Iterator[Part]:
    """The pieces of a text chunk that begin with one of the document's headings."""
    text = passage.chunk.text
    begins = [
        (s.start, s.end)
        for s in passage.chunk.spans
        if _is_heading(text[s.start : s.end].strip(), passage.headings)
    ]
    for n, (start, end) in enumerate(begins):
        stop = begins[n + 1][0] if n + 1 < len(begins) else len(text)
        yield Part(_NUMBERED.sub("", text[start:end].strip()).rstrip(":"), end, stop)


def _is_heading(line: str, known: frozenset[str]) -> bool:
    """One that some chunk stands under, or a numbered line without a full stop ("1.2 Before")."""
    return line in known or bool(re.match(r"\d+(?:\.\d+)+\s+[A-Z][^.]*$", line))


def stems(text: str) -> frozenset[int]:
    """The distinct terms of a text without stop words, as word search sees them."""
    return english_terms(text)


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def readable(text: str) -> bool:
    """Whether a text looks like words: no broken characters, mostly letters, words with vowels."""
    if re.search(r"\ufffd|\(cid:|  |\u00ad|[—–] |[^\W\d_]{26}", text):
        return False
    letters = sum(c.isalpha() for c in text)
    solid = sum(not c.isspace() for c in text)
    longer = [w for w in _WORD.findall(text) if len(w) > 3 and not w.isupper()]
    odd = sum(_VOWEL.search(w) is None or re.search(r"[a-z][A-Z]", w) is not None for w in longer)
    return solid > 0 and letters >= 0.6 * solid and odd <= len(longer) / 8


def _running(chunks: Sequence[Chunk]) -> frozenset[str]:
    pages: defaultdict[str, set[int]] = defaultdict(set)
    last = 0
    for chunk in chunks:
        for span in chunk.spans if chunk.kind == "text" else ():
            pages[_masked(chunk.text[span.start : span.end])].add(span.region.page)
        last = max(last, *(r.page for r in chunk.regions))
    least = max(_PAGES, last / 3)
    return frozenset(line for line, on in pages.items() if len(on) >= least)


def _masked(line: str) -> str:
    return re.sub(r"\d+", "0", line.strip())


def _blanked(chunk: Chunk, running: frozenset[str]) -> Chunk:
    """Running lines become line breaks, so that every other character keeps its place."""
    if chunk.kind != "text":
        return chunk
    text, kept = chunk.text, []
    for span in chunk.spans:
        if _masked(chunk.text[span.start : span.end]) in running:
            text = text[: span.start] + "\n" * (span.end - span.start) + text[span.end :]
        else:
            kept.append(span)
    return replace(chunk, text=text, spans=tuple(kept))


def _proper(texts: Iterable[str]) -> frozenset[str]:
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for flat in (line for text in texts for line in text.splitlines()):
        capital.update(_MIDDLE.findall(flat))
        small.update(re.findall(r"\b[a-z]+\b", flat))
    return frozenset(w for w, n in capital.items() if n > small[w.lower()])
