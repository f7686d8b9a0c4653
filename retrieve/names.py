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

from index.store import Store, Stored
from retrieve.phrases import folded

_WORD = re.compile(r"[^\W\d_]+|\d+[^\W\d_]{0,2}(?![^\W_])|\d+")
#: Words that stand in names and in questions and tell no document from another.
_COMMON = frozenset(
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
_LEAST = 0.5  # share of a name's weight that the question must have
_MOST = 4  # documents that one question is taken to name
_FEW = 20  # names with a word, up to which it tells one from another whatever their number
_CHECKED = 20  # documents of one name that are looked up one by one; all are read if there are more
_REFRESH = 5.0  # seconds for which the names in an index are believed
_SLOW = 50.0  # times as long as it took to read them, where that is more


@dataclass(frozen=True, slots=True)
class Named:
    """A document that a question seems to mean, and what share of its name (0 to 1) it says."""

    document: str
    name: str
    said: str
    share: float


class Names:
    """The names and titles in an index, read again after some seconds. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._until = 0.0
        self._table = _Table([])

    def meant(self, text: str) -> list[Named]:
        """Documents of which `text` says at least half of the name or title, the most first; four
        at most."""
        return self._fresh().meant(text)

    def called(self, names: Sequence[str]) -> list[list[Stored]]:
        """For each name the documents of exactly that file name, whatever its case. A filter is
        made of them, so the names are read again where one was replaced since, or is new."""
        table = self._fresh()
        found = [table.by_name.get(name.lower(), []) for name in names]
        every = [s for stored in found for s in stored]
        if not all(found) or len(every) > _CHECKED or not all(map(self._stands, every)):
            table = self._fresh(now=True)
        return [table.by_name.get(name.lower(), []) for name in names]

    def _stands(self, stored: Stored) -> bool:
        return self._store.find(stored.document.id, fresh=True) is not None

    def _fresh(self, now: bool = False) -> _Table:
        with self._lock:
            start = time.monotonic()
            if now or start >= self._until:
                documents = self._store.documents()
                if documents != self._table.documents:
                    self._table = _Table(documents)
                took = time.monotonic() - start
                self._until = start + max(_REFRESH, _SLOW * took)
            return self._table


class _Table:
    """Name words to documents. A word's weight falls with the number of names that have it."""

    def __init__(self, documents: Sequence[Stored]) -> None:
        self.documents = documents
        self.by_name: dict[str, list[Stored]] = defaultdict(list)
        self._names: list[tuple[Stored, frozenset[str]]] = []
        self._having: dict[str, list[int]] = defaultdict(list)
        for stored in documents:
            d = stored.document
            self.by_name[d.name.lower()].append(stored)
            for text in (d.name.rpartition(".")[0] or d.name, d.metadata.get("title", "")):
                words = frozenset(_words(text))
                if words:
                    for word in words:
                        self._having[word].append(len(self._names))
                    self._names.append((stored, words))
        self._count = max(1, len(documents))

    def meant(self, text: str) -> list[Named]:
        asked = set(_words(text))
        certain = _certain(text)
        asked |= certain
        telling = (self._having[w] for w in asked if self._tells(w))
        near = {n for having in telling for n in having}
        best: dict[str, Named] = {}
        for n in near:
            stored, words = self._names[n]
            shared = words & asked
            share = sum(map(self._weight, shared)) / sum(map(self._weight, words))
            known = best.get(stored.document.id)
            if share < _LEAST or (known is not None and share <= known.share):
                continue
            if len(shared) > 1 or shared & certain:
                said = " ".join(sorted(shared))
                d = stored.document
                best[d.id] = Named(d.id, d.name, said, share)
        return sorted(best.values(), key=lambda m: (-m.share, m.name, m.document))[:_MOST]

    def _tells(self, word: str) -> bool:
        """Whether few names have it: those that the others have in common are not looked at."""
        return 0 < len(self._having.get(word, ())) <= max(_FEW, self._count // 50)

    def _weight(self, word: str) -> float:
        return math.log(1 + self._count / len(self._having[word]))


def _certain(text: str) -> set[str]:
    """Words of which one is enough: "pump" of "the pump manual", and two that a name has in one
    ("Best Buy", "step-back"). One word alone names nothing: every question of a pump's manual says
    "pump"."""
    found = set()
    for a, b in pairwise(_WORD.findall(folded(text))):
        found.add(a + b)
        if a in _NOUNS:
            found.add(b)
        if b in _NOUNS:
            found.add(a)
    return found - _COMMON


def _words(text: str) -> list[str]:
    """Runs of letters, and numbers with what follows them (`fy`, `2021`; `10k`)."""
    return [w for w in _WORD.findall(folded(text)) if len(w) > 1 and w not in _COMMON]
