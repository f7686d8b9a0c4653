"""A question to what it names, looked up: a filter where it is certain, else a boost."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import product

from index.embed import chunk_text
from index.store import Filter, Leg, Store
from index.words import query_words
from ingest.document import Chunk, ChunkKind
from retrieve.exact import EXACT, Boosts, Heard
from retrieve.names import Named, Names
from retrieve.phrases import Mention, folded, has_code, has_label, has_phrase, mentions
from retrieve.query import Understood
from retrieve.query_bounds import DOCUMENTS, PRINTED, READ, selected

_LABELLED: tuple[ChunkKind, ...] = ("figure", "table")  # what has captions
_BLOCK = 30  # chunks read at a time
_BOOKS = 4  # documents that are asked at most for the page that a number is printed on
_ASKED = 4  # numbers that each is asked for

#: Document id and page number as printed to the page of the count; None where it is the same.
Numbered = Callable[[str, int], int | None]


def hear(
    text: str, store: Store, names: Names | None, where: Filter, boosts: Boosts
) -> Heard | None:
    """None where the question names nothing, which most do not: it then costs some microseconds.

    `names` None: documents are not looked for.
    """
    said, left = selected(mentions(text))
    meant = names.meant(text) if names is not None and not where.documents else []
    if not said and not meant:
        return None
    hearing = _Hearing(store, where, boosts)
    if names is not None:
        hearing.files([m for m in said if m.kind == "file"], names)
    hearing.look_up([m for m in said if m.words])
    hearing.take_pages([m for m in said if m.kind == "page"])
    hearing.take_documents(meant)
    return hearing.heard(left)


def with_printed(heard: Heard, numbered: Numbered) -> Heard:
    """Where a page and its document are named, also the page that is printed with that number.

    Not of every document that may be meant: on mmlong, with the documents of the best candidates
    asked, 26 questions that name pages gained 2.5 in nDCG@10 together, without 2.9: each number
    then means two pages of each.
    """
    documents = (*heard.documents, *heard.where.documents)[:_BOOKS]
    asked = list(product(dict.fromkeys(documents), heard.pages[:_ASKED]))
    printed = tuple(
        (document, page)
        for document, number in asked[:PRINTED]
        if (page := numbered(document, number)) is not None
    )
    said = " ".join(f"page {n}" for n in heard.pages)
    more = []
    if printed:
        there = ", ".join(f"page {n} of the count" for n in dict.fromkeys(p for _, p in printed))
        more.append(Understood("page", said, "boost", f"where the number is printed: {there}"))
    if len(asked) > PRINTED:
        why = f"printed numbers: only {PRINTED} of {len(asked)} were looked for"
        more.append(Understood("page", said, "nothing", why))
    return replace(heard, printed=printed, understood=(*heard.understood, *more))


class _Hearing:
    """One question's mentions, one kind after the other."""

    def __init__(self, store: Store, where: Filter, boosts: Boosts) -> None:
        self._store = store
        self._where = where
        self._boosts = boosts
        self._understood: list[Understood] = []
        self._only: frozenset[str] | None = None
        self._exact: dict[str, float] = defaultdict(float)
        self._named: dict[str, float] = defaultdict(float)
        self._documents: dict[str, float] = {}
        self._pages: list[int] = []
        self._chunks: dict[str, Chunk] = {}
        self._cut: set[tuple[str, str]] = set()  # what not all its chunks were read for
        self._folded: dict[str, str] = {}  # texts of chunks, as they are compared

    def heard(self, left: Sequence[Understood]) -> Heard:
        """`left`: what was not looked up."""
        heard = Heard(
            self._where,
            (*self._understood, *left),
            self._only,
            dict(self._exact),
            dict(self._named),
            self._documents,
            tuple(self._pages),
        )
        chunks = [self._chunks[i] for i in heard.wanted]
        return replace(heard, places=frozenset((c.document, c.page) for c in chunks))

    def files(self, said: Sequence[Mention], names: Names) -> None:
        """A file by its whole name: a filter after "in" or "from", a boost elsewhere."""
        inside: list[str] = []
        called = [mention.said.removeprefix("in ") for mention in said]
        for mention, name, stored in zip(said, called, names.called(called), strict=True):
            found = [s.document.id for s in stored]
            if not found:
                self._tell("file", name, "nothing", "no document in the index has this name")
            elif mention.said.startswith("in ") and not self._where.documents:
                inside += found
                self._tell("file", name, "filter", "asked for in this document")
            else:
                few = found[: DOCUMENTS - len(self._documents)]
                self._documents |= dict.fromkeys(few, self._boosts.document)
                why = "a document has this name"
                if len(few) < len(found):
                    why = f"the first {len(few)} of {len(found)} documents that have this name"
                self._tell("file", name, "boost" if few else "nothing", why)
        if inside:
            self._where = replace(self._where, documents=tuple(dict.fromkeys(inside)))

    def look_up(self, said: Sequence[Mention]) -> None:
        """Phrases, codes and labels: BM25 brings chunks with their words, the text decides."""
        asked = [(m, words) for m in said if (words := query_words(m.words)).indices]
        for mention in said:
            if not query_words(mention.words).indices:
                self._tell(mention.kind, mention.said, "nothing", "it has no word to look up")
        if not asked:
            return
        legs = [
            Leg(EXACT, "words", words, self._depth(m), kinds=_LABELLED if m.kind == "label" else ())
            for m, words in asked
        ]
        found = self._store.search(legs, "rrf", 1, self._where).legs
        having = [
            (m, self._having(m, [p.id for p in points]))
            for (m, _), points in zip(asked, found, strict=True)
        ]
        self._take_phrases([(m, ids) for m, ids in having if m.kind == "phrase"])
        for mention, ids in having:
            if mention.kind == "code":
                self._take_code(mention, ids)
            elif mention.kind == "label":
                self._take_label(mention, ids)

    def _depth(self, mention: Mention) -> int:
        return self._boosts.phrases if mention.kind == "phrase" else self._boosts.depth

    def _having(self, mention: Mention, ids: Sequence[str]) -> list[str]:
        """Those of `ids` that have it. BM25 puts chunks with all its words first, so that after
        some that do not have it the rest is not read (0.1 ms a chunk); a caption has few words."""
        found: list[str] = []
        for start in range(0, len(ids), _BLOCK):
            block = self._read(ids[start : start + _BLOCK], mention)
            here = [c.id for c in block if self._has(c, mention)]
            if not here and mention.kind != "label" and len(self._chunks) < READ:
                break
            found += here
        return found

    def _has(self, chunk: Chunk, mention: Mention) -> bool:
        if mention.kind == "label":
            return has_label(chunk, mention.key)
        if chunk.id not in self._folded:
            self._folded[chunk.id] = folded(chunk_text(chunk))
        text = self._folded[chunk.id]
        return (has_phrase if mention.kind == "phrase" else has_code)(text, mention.key)

    def _read(self, ids: Sequence[str], mention: Mention) -> list[Chunk]:
        """Those of `ids` that are there; once `READ` chunks were read, those that are known."""
        missing = [i for i in ids if i not in self._chunks]
        few = missing[: READ - len(self._chunks)]
        if len(few) < len(missing):
            self._cut.add((mention.kind, mention.said))
        if few:
            self._chunks |= {c.id: c for c in self._store.chunks(few)}
        return [self._chunks[i] for i in ids if i in self._chunks]

    def _take_phrases(self, said: Sequence[tuple[Mention, Sequence[str]]]) -> None:
        kept: frozenset[str] | None = None
        for mention, having in said:
            both = frozenset(having) if kept is None else kept.intersection(having)
            if both:
                kept = both
                self._tell("phrase", mention.said, "filter", f"{_chunks(having)} it word for word")
            elif having:
                why = "no passage has it together with the other phrase"
                self._tell("phrase", mention.said, "nothing", why)
            else:
                why = "no passage has it word for word; its words are searched as they are"
                self._tell("phrase", mention.said, "nothing", why)
        self._only = kept

    def _take_code(self, mention: Mention, having: Sequence[str]) -> None:
        """Rare ones add the most: one that stands in four passages half of what it could."""
        if not having:
            self._tell("code", mention.said, "nothing", "no passage has it as it is written")
            return
        share = self._boosts.exact / math.sqrt(len(having))
        for i in having:
            self._exact[i] = min(self._boosts.exact, self._exact[i] + share)
        self._tell("code", mention.said, "boost", f"{_chunks(having)} it")

    def _take_label(self, mention: Mention, having: Sequence[str]) -> None:
        if not having:
            self._tell("label", mention.said, "nothing", "no caption begins with it")
            return
        for i in having:
            self._named[i] += self._boosts.label
        self._tell("label", mention.said, "boost", f"{_chunks(having)} it as a caption")

    def take_pages(self, said: Sequence[Mention]) -> None:
        for mention in said:
            self._pages.append(int(mention.key))
            self._tell("page", mention.said, "boost", "by the count of pages")

    def take_documents(self, meant: Sequence[Named]) -> None:
        for m in meant:
            if m.document not in self._documents and len(self._documents) >= DOCUMENTS:
                self._tell("document", m.name, "nothing", f"{DOCUMENTS} others are named before it")
                continue
            known = self._documents.get(m.document, 0.0)
            self._documents[m.document] = max(known, self._boosts.document * m.share)
            self._tell("document", m.name, "boost", f"the question says {m.said!r}")

    def _tell(self, kind: str, said: str, use: str, why: str) -> None:
        if (kind, said) in self._cut:
            why += f"; only {READ} passages are looked at for one question"
        self._understood.append(Understood(kind, said, use, why))  # type: ignore[arg-type]


def _chunks(having: Collection[str]) -> str:
    return "1 passage has" if len(having) == 1 else f"{len(having)} passages have"
