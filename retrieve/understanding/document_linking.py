"""Documents that a question names: "in the annual report", "Costco's 10-K of 2021"."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from octavo.index.store import Store, StoredDocument
from octavo.retrieve.understanding.mentions import normalize

_WORD = re.compile(r"[^\W\d_]+|\d+[^\W\d_]{0,2}(?![^\W_])|\d+")
#: Words that stand in names and in questions and tell no document from another.
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and as at by for from in is it its of on or the to with what which how when where "
        "who document file final report copy draft version slides slide paper manual guide user "
        "book page contents index untitled microsoft word pdf doc docx pptx xlsx html txt md en "
        "this that new v1 v2 v3",
    )
)
#: What documents are called beside their own names.
_NOUNS = frozenset(
    re.findall(
        r"\w+",
        "report manual guide guidebook handbook book paper whitepaper article slides presentation "
        "deck document file brochure catalogue catalog contract letter note notes memo prospectus",
    )
)
_MIN_SHARE = 0.5  # share of a name's weight that the question must have
_MAX_LINKS = 4  # documents that one question is taken to name
_RARE = 20  # names with a word, up to which it is rare however many documents there are
_MAX_CHECKED = 20  # documents of one name looked up one by one; of more all are read
_REFRESH = 5.0  # seconds for which the names in an index are taken as current
_REFRESH_RATIO = 50.0  # times as long as it took to read them, where that is more


@dataclass(frozen=True, slots=True)
class LinkedDocument:
    """A document that a question names. `share` is 0 to 1: the weight of the name's words that
    stand in the question (`matched_words`) divided by that of all its words."""

    document: str
    name: str
    matched_words: str
    share: float


class DocumentLinker:
    """The names and titles in an index, read again after some seconds. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._until = 0.0
        self._table = _NameTable([])

    def link(self, text: str) -> list[LinkedDocument]:
        """Documents of which at least half of the name or title stands in `text`, by share; four at
        most."""
        return self._current_table().link(text)

    def by_filename(self, names: Sequence[str]) -> list[list[StoredDocument]]:
        """For each name the documents of exactly that file name, whatever its case. A filter is
        made of them, so the names are read again where one was replaced since, or is new."""
        table = self._current_table()
        matches = [table.by_name.get(name.lower(), []) for name in names]
        all_matches = [s for stored in matches for s in stored]
        if (
            not all(matches)
            or len(all_matches) > _MAX_CHECKED
            or not all(map(self._is_stored, all_matches))
        ):
            table = self._current_table(now=True)
        return [table.by_name.get(name.lower(), []) for name in names]

    def _is_stored(self, stored: StoredDocument) -> bool:
        return self._store.find(stored.document.id, fresh=True) is not None

    def _current_table(self, now: bool = False) -> _NameTable:
        with self._lock:
            start = time.monotonic()
            if now or start >= self._until:
                documents = self._store.documents()
                if documents != self._table.documents:
                    self._table = _NameTable(documents)
                seconds = time.monotonic() - start
                self._until = start + max(_REFRESH, _REFRESH_RATIO * seconds)
            return self._table


class _NameTable:
    """Name words to documents. A word's weight falls with the number of names that have it."""

    def __init__(self, documents: Sequence[StoredDocument]) -> None:
        self.documents = documents
        self.by_name: dict[str, list[StoredDocument]] = defaultdict(list)
        self._names: list[tuple[StoredDocument, frozenset[str]]] = []
        self._names_with_word: dict[str, list[int]] = defaultdict(list)
        for stored in documents:
            d = stored.document
            self.by_name[d.name.lower()].append(stored)
            for text in (d.name.rpartition(".")[0] or d.name, d.metadata.get("title", "")):
                words = frozenset(_words(text))
                if words:
                    for word in words:
                        self._names_with_word[word].append(len(self._names))
                    self._names.append((stored, words))
        self._count = max(1, len(documents))

    def link(self, text: str) -> list[LinkedDocument]:
        """See `DocumentLinker.link`. A word weighs log(1 + documents / names with it): inverse
        document frequency (Sparck Jones 1972), smoothed."""
        words_of_text = set(_words(text))
        strong = _strong_words(text)
        words_of_text |= strong
        rare = (self._names_with_word[w] for w in words_of_text if self._is_rare(w))
        possible = {n for numbers in rare for n in numbers}
        best: dict[str, LinkedDocument] = {}
        for n in possible:
            stored, words = self._names[n]
            shared = words & words_of_text
            share = sum(map(self._weight, shared)) / sum(map(self._weight, words))
            known = best.get(stored.document.id)
            if share < _MIN_SHARE or (known is not None and share <= known.share):
                continue
            if len(shared) > 1 or shared & strong:
                matched_words = " ".join(sorted(shared))
                d = stored.document
                best[d.id] = LinkedDocument(d.id, d.name, matched_words, share)
        return sorted(best.values(), key=lambda m: (-m.share, m.name, m.document))[:_MAX_LINKS]

    def _is_rare(self, word: str) -> bool:
        """Whether few names have it: names are not compared by common words alone."""
        return 0 < len(self._names_with_word.get(word, ())) <= max(_RARE, self._count // 50)

    def _weight(self, word: str) -> float:
        return math.log(1 + self._count / len(self._names_with_word[word]))


def _strong_words(text: str) -> set[str]:
    """Words of which one is enough to link a document: "pump" of "the pump manual", and two that a
    name has in one ("Best Buy", "step-back"). One word alone names nothing: every question of a
    pump's manual has "pump"."""
    strong = set()
    for a, b in pairwise(_WORD.findall(normalize(text))):
        strong.add(a + b)
        if a in _NOUNS:
            strong.add(b)
        if b in _NOUNS:
            strong.add(a)
    return strong - _STOP_WORDS


def _words(text: str) -> list[str]:
    """Runs of letters, and numbers with what follows them (`fy`, `2021`; `10k`)."""
    return [w for w in _WORD.findall(normalize(text)) if len(w) > 1 and w not in _STOP_WORDS]
