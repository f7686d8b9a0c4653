"""A question to its constraints: what it names, looked up; a filter where certain, else a boost."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import product

from octavo.index.chunk_vectors import chunk_text
from octavo.index.encoders.bm25 import query_words
from octavo.index.store import Filter, Store, Subquery
from octavo.ingest.document import Chunk, ChunkKind
from octavo.retrieve.query import Interpretation
from octavo.retrieve.understanding.boosts import EXACT, Boosts, QueryConstraints
from octavo.retrieve.understanding.document_linking import DocumentLinker, LinkedDocument
from octavo.retrieve.understanding.mentions import (
    Mention,
    has_code,
    has_label,
    has_phrase,
    mentions,
    normalize,
)
from octavo.retrieve.understanding.query_bounds import (
    CHUNKS,
    DOCUMENTS,
    PAGE_LABELS,
    select_mentions,
)

_CAPTIONED: tuple[ChunkKind, ...] = ("figure", "table")  # what has captions
_BLOCK = 30  # chunks read at a time
_MAX_DOCUMENTS = 4  # documents in which a printed page number is looked for
_MAX_NUMBERS = 4  # printed numbers that are looked for in each

#: Document id and printed page number to page (from 1); None where the two are the same.
PageOfLabel = Callable[[str, int], int | None]


def understand_query(
    text: str, store: Store, linker: DocumentLinker | None, where: Filter, boosts: Boosts
) -> QueryConstraints | None:
    """What `text` names, looked up in `store`; `where` is the filter that the caller set.

    None where it names nothing, which most questions do not: it then costs some microseconds.
    `linker` None: documents are not looked for. Raises StoreError where the store fails.
    """
    to_look_up, omitted = select_mentions(mentions(text))
    linked = linker.link(text) if linker is not None and not where.documents else []
    if not to_look_up and not linked:
        return None
    builder = _ConstraintBuilder(store, where, boosts)
    if linker is not None:
        builder.add_files([m for m in to_look_up if m.kind == "file"], linker)
    builder.add_lookups([m for m in to_look_up if m.words])
    builder.add_pages([m for m in to_look_up if m.kind == "page"])
    builder.add_documents(linked)
    return builder.build(omitted)


def with_labelled_pages(
    constraints: QueryConstraints, page_of_label: PageOfLabel
) -> QueryConstraints:
    """Where a page and its document are named, also the page that is printed with that number.

    Not in every document that may be linked: on mmlong, with those of the best candidates
    looked at, 26 questions that name pages gained 2.5 in nDCG@10 together, without 2.9: each number
    then means two pages of each.
    """
    documents = (*constraints.document_boosts, *constraints.where.documents)[:_MAX_DOCUMENTS]
    pairs = list(product(dict.fromkeys(documents), constraints.pages[:_MAX_NUMBERS]))
    labelled = tuple(
        (document, page)
        for document, number in pairs[:PAGE_LABELS]
        if (page := page_of_label(document, number)) is not None
    )
    pages = " ".join(f"page {n}" for n in constraints.pages)
    interpretations = []
    if labelled:
        counted = ", ".join(f"page {n} of the count" for n in dict.fromkeys(p for _, p in labelled))
        interpretations.append(
            Interpretation("page", pages, "boost", f"where the number is printed: {counted}")
        )
    if len(pairs) > PAGE_LABELS:
        why = f"printed numbers: only {PAGE_LABELS} of {len(pairs)} were looked for"
        interpretations.append(Interpretation("page", pages, "nothing", why))
    return replace(
        constraints,
        labelled_pages=labelled,
        interpretations=(*constraints.interpretations, *interpretations),
    )


class _ConstraintBuilder:
    """The constraints of one question's mentions, added one kind after the other."""

    def __init__(self, store: Store, where: Filter, boosts: Boosts) -> None:
        self._store = store
        self._where = where
        self._boosts = boosts
        self._interpretations: list[Interpretation] = []
        self._phrase_chunks: frozenset[str] | None = None
        self._exact_boosts: dict[str, float] = defaultdict(float)
        self._named_boosts: dict[str, float] = defaultdict(float)
        self._document_boosts: dict[str, float] = {}
        self._pages: list[int] = []
        self._chunks: dict[str, Chunk] = {}
        self._partly_read: set[tuple[str, str]] = (
            set()
        )  # kind and text of mentions with unread chunks
        self._normalized: dict[str, str] = {}  # chunk id to its text as compared

    def build(self, omitted: Sequence[Interpretation]) -> QueryConstraints:
        """`omitted`: mentions that were not looked up."""
        constraints = QueryConstraints(
            self._where,
            (*self._interpretations, *omitted),
            self._phrase_chunks,
            dict(self._exact_boosts),
            dict(self._named_boosts),
            self._document_boosts,
            tuple(self._pages),
        )
        chunks = [self._chunks[i] for i in constraints.looked_up]
        return replace(constraints, lookup_pages=frozenset((c.document, c.page) for c in chunks))

    def add_files(self, file_mentions: Sequence[Mention], linker: DocumentLinker) -> None:
        """A file by its whole name: a filter after "in" or "from", a boost elsewhere."""
        filtered: list[str] = []
        names = [mention.text.removeprefix("in ") for mention in file_mentions]
        for mention, name, stored in zip(
            file_mentions, names, linker.by_filename(names), strict=True
        ):
            ids = [s.document.id for s in stored]
            if not ids:
                self._add("file", name, "nothing", "no document in the index has this name")
            elif mention.text.startswith("in ") and not self._where.documents:
                filtered += ids
                self._add("file", name, "filter", "asked for in this document")
            else:
                boosted = ids[: DOCUMENTS - len(self._document_boosts)]
                self._document_boosts |= dict.fromkeys(boosted, self._boosts.document)
                why = "a document has this name"
                if len(boosted) < len(ids):
                    why = f"the first {len(boosted)} of {len(ids)} documents that have this name"
                self._add("file", name, "boost" if boosted else "nothing", why)
        if filtered:
            self._where = replace(self._where, documents=tuple(dict.fromkeys(filtered)))

    def add_lookups(self, lookups: Sequence[Mention]) -> None:
        """Phrases, codes and labels: BM25 brings chunks with their words, the text decides."""
        with_words = [(m, words) for m in lookups if (words := query_words(m.words)).indices]
        for mention in lookups:
            if not query_words(mention.words).indices:
                self._add(mention.kind, mention.text, "nothing", "it has no word to look up")
        if not with_words:
            return
        subqueries = [
            Subquery(
                EXACT, "words", words, self._depth(m), kinds=_CAPTIONED if m.kind == "label" else ()
            )
            for m, words in with_words
        ]
        results = self._store.search(subqueries, "rrf", 1, self._where).by_subquery
        holders = [
            (m, self._chunks_with(m, [p.id for p in points]))
            for (m, _), points in zip(with_words, results, strict=True)
        ]
        self._add_phrases([(m, ids) for m, ids in holders if m.kind == "phrase"])
        for mention, ids in holders:
            if mention.kind == "code":
                self._add_code(mention, ids)
            elif mention.kind == "label":
                self._add_label(mention, ids)

    def _depth(self, mention: Mention) -> int:
        return self._boosts.phrase_depth if mention.kind == "phrase" else self._boosts.lookup_depth

    def _chunks_with(self, mention: Mention, ids: Sequence[str]) -> list[str]:
        """Those of `ids` that have the mention. BM25 puts chunks with all its words first, so that
        after some that do not have it the rest is not read (0.1 ms a chunk); a caption has few
        words."""
        holders: list[str] = []
        for start in range(0, len(ids), _BLOCK):
            block = self._read(ids[start : start + _BLOCK], mention)
            in_block = [c.id for c in block if self._has(c, mention)]
            if not in_block and mention.kind != "label" and len(self._chunks) < CHUNKS:
                break
            holders += in_block
        return holders

    def _has(self, chunk: Chunk, mention: Mention) -> bool:
        if mention.kind == "label":
            return has_label(chunk, mention.key)
        if chunk.id not in self._normalized:
            self._normalized[chunk.id] = normalize(chunk_text(chunk))
        text = self._normalized[chunk.id]
        return (has_phrase if mention.kind == "phrase" else has_code)(text, mention.key)

    def _read(self, ids: Sequence[str], mention: Mention) -> list[Chunk]:
        """The chunks of `ids` that are stored; once `CHUNKS` were read, those read before."""
        missing = [i for i in ids if i not in self._chunks]
        read_now = missing[: CHUNKS - len(self._chunks)]
        if len(read_now) < len(missing):
            self._partly_read.add((mention.kind, mention.text))
        if read_now:
            self._chunks |= {c.id: c for c in self._store.chunks(read_now)}
        return [self._chunks[i] for i in ids if i in self._chunks]

    def _add_phrases(self, phrases: Sequence[tuple[Mention, Sequence[str]]]) -> None:
        with_all: frozenset[str] | None = None
        for mention, holders in phrases:
            with_both = frozenset(holders) if with_all is None else with_all.intersection(holders)
            if with_both:
                with_all = with_both
                self._add(
                    "phrase", mention.text, "filter", f"{_passages_have(holders)} it word for word"
                )
            elif holders:
                why = "no passage has it together with the other phrase"
                self._add("phrase", mention.text, "nothing", why)
            else:
                why = "no passage has it word for word; its words are searched as they are"
                self._add("phrase", mention.text, "nothing", why)
        self._phrase_chunks = with_all

    def _add_code(self, mention: Mention, holders: Sequence[str]) -> None:
        """Rare ones add the most: one that stands in four passages half of what it could."""
        if not holders:
            self._add("code", mention.text, "nothing", "no passage has it as it is written")
            return
        share = self._boosts.exact / math.sqrt(len(holders))
        for i in holders:
            self._exact_boosts[i] = min(self._boosts.exact, self._exact_boosts[i] + share)
        self._add("code", mention.text, "boost", f"{_passages_have(holders)} it")

    def _add_label(self, mention: Mention, holders: Sequence[str]) -> None:
        if not holders:
            self._add("label", mention.text, "nothing", "no caption begins with it")
            return
        for i in holders:
            self._named_boosts[i] += self._boosts.label
        self._add("label", mention.text, "boost", f"{_passages_have(holders)} it as a caption")

    def add_pages(self, page_mentions: Sequence[Mention]) -> None:
        """Pages are boosted in any document."""
        for mention in page_mentions:
            self._pages.append(int(mention.key))
            self._add("page", mention.text, "boost", "by the count of pages")

    def add_documents(self, linked: Sequence[LinkedDocument]) -> None:
        """Documents are boosted by the share of their name, the first `DOCUMENTS` of them."""
        for m in linked:
            if m.document not in self._document_boosts and len(self._document_boosts) >= DOCUMENTS:
                self._add("document", m.name, "nothing", f"{DOCUMENTS} others are named before it")
                continue
            known = self._document_boosts.get(m.document, 0.0)
            self._document_boosts[m.document] = max(known, self._boosts.document * m.share)
            self._add("document", m.name, "boost", f"the question says {m.matched_words!r}")

    def _add(self, kind: str, text: str, effect: str, reason: str) -> None:
        if (kind, text) in self._partly_read:
            reason += f"; only {CHUNKS} passages are looked at for one question"
        self._interpretations.append(Interpretation(kind, text, effect, reason))  # type: ignore[arg-type]


def _passages_have(holders: Collection[str]) -> str:
    return "1 passage has" if len(holders) == 1 else f"{len(holders)} passages have"
