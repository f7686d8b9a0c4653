"""Ids of a mirror: which int64 id is which chunk, and which ids a filter lets through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from octavo.index.store import Filter, Point
from octavo.ingest.document import ChunkKind

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_KINDS: tuple[ChunkKind, ...] = ("text", "table", "figure", "page")
_MASKS = 64  # filters remembered between changes


class FaissIds:
    """Ids count up and are never used twice. Not for use by two threads at a time."""

    def __init__(self) -> None:
        self._chunks: list[str] = []
        self._alive = _Column(np.bool_)
        self._document = _Column(np.int32)
        self._kind = _Column(np.int8)
        self._page = _Column(np.int32)
        self._numbers: dict[str, int] = {}  # document id to a small number
        self._ids_of: dict[str, list[Ids]] = {}
        self._masks: dict[tuple[object, ...], Mask] = {}

    def add(self, points: Sequence[Point]) -> Ids:
        """New ids `(n,)` of `points`, in their order."""
        first = len(self._chunks)
        ids = np.arange(first, first + len(points), dtype=np.int64)
        chunks = [p.chunk for p in points]
        self._chunks.extend(c.id for c in chunks)
        numbers = [self._numbers.setdefault(c.document, len(self._numbers)) for c in chunks]
        self._alive.extend([True] * len(chunks))
        self._document.extend(numbers)
        self._kind.extend([_KINDS.index(c.kind) for c in chunks])
        self._page.extend([c.page for c in chunks])
        by_document: dict[str, list[int]] = {}
        for id_, chunk in zip(ids.tolist(), chunks, strict=True):
            by_document.setdefault(chunk.document, []).append(id_)
        for document, document_ids in by_document.items():
            self._ids_of.setdefault(document, []).append(np.array(document_ids, np.int64))
        self._masks.clear()
        return ids

    def remove(self, document: str) -> Ids:
        """The ids of a document, which no mask lets through any more."""
        parts = self._ids_of.pop(document, [])
        ids = np.concatenate(parts) if parts else np.zeros(0, np.int64)
        self._alive.values[ids] = False
        for i in ids:
            self._chunks[i] = ""
        self._masks.clear()
        return ids

    def chunk(self, id_: int) -> str:
        """The chunk of an id, or nothing if it was removed."""
        return self._chunks[id_]

    def mask(self, where: Filter, kinds: tuple[ChunkKind, ...]) -> Mask | None:
        """`mask[id]`: whether it satisfies `where` and is of one of `kinds`; None: all do."""
        key = (where, kinds)
        if not (where.documents or where.kinds or where.pages or kinds):
            return None
        if key not in self._masks:
            if len(self._masks) >= _MASKS:
                self._masks.clear()
            self._masks[key] = self._mask(where, kinds)
        return self._masks[key]

    def _mask(self, where: Filter, kinds: tuple[ChunkKind, ...]) -> Mask:
        mask: Mask = self._alive.values.copy()
        if where.documents:
            known = [self._numbers[d] for d in where.documents if d in self._numbers]
            mask &= np.isin(self._document.values, known)
        for wanted in (where.kinds, kinds):
            if wanted:
                mask &= np.isin(self._kind.values, [_KINDS.index(k) for k in wanted])
        if where.pages:
            mask &= np.isin(self._page.values, where.pages)
        return mask


class _Column:
    """An array that grows by doubling."""

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._all = np.zeros(1024, dtype)
        self._length = 0

    @property
    def values(self) -> npt.NDArray[Any]:
        return self._all[: self._length]

    def extend(self, values: Sequence[int]) -> None:
        end = self._length + len(values)
        if end > len(self._all):
            grown = np.zeros(max(end, 2 * len(self._all)), self._all.dtype)
            grown[: self._length] = self.values
            self._all = grown
        self._all[self._length : end] = values
        self._length = end
