"""Chunks and documents as payloads of store points, and back. The one place that knows the keys."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import numpy as np

from octavo.index.page_ranges import runs_of
from octavo.index.store import Failure, Point, Sparse, StoredDocument
from octavo.ingest.document import (
    Box,
    Chunk,
    ChunkKind,
    Document,
    PageState,
    PageStatus,
    Region,
    Span,
)

DOCUMENT_KIND = "document"
#: Records of a server that several processes share: who is writing what, and the manifest.
LEASE_KIND = "marker"
MANIFEST_KIND = "manifest"
#: A source that failed. It names the document, where known, as `failed`: what is deleted or erased
#: by `document` must leave it.
FAILURE_KIND = "failure"
_QUARANTINE = "quarantine"  # what a failed page is called in indexes since the first version
RECORD_KINDS = (DOCUMENT_KIND, LEASE_KIND, MANIFEST_KIND, FAILURE_KIND)  # points, but no chunks
_FAILURES = uuid.UUID("0d9c6b1e-52a7-4a6c-8a3f-3f1f2b7c9d54")


def commit_id(document: str) -> str:
    """Point id of a document's commit record."""
    return str(uuid.UUID(document[:32]))


def failure_id(source: str) -> str:
    """Point id of the record of a failed source: one a source, the same from every process."""
    return str(uuid.uuid5(_FAILURES, source))


def chunk_payload(chunk: Chunk) -> dict[str, Any]:
    """JSON-like payload of a chunk point. Regions are `[page, x0, y0, x1, y1]` in points."""
    payload: dict[str, Any] = {
        "document": chunk.document,
        "generation": chunk.document[:16],
        "kind": chunk.kind,
        "page": chunk.page,
        "ordinal": chunk.ordinal,
        "text": chunk.text,
        "regions": [_region(r) for r in chunk.regions],
        "spans": [[s.start, s.end, *_region(s.region)] for s in chunk.spans],
        "section": list(chunk.section),
    }
    for key in ("header", "caption", "context"):
        if getattr(chunk, key):
            payload[key] = getattr(chunk, key)
    if chunk.head:
        payload["head"] = chunk.head
    if chunk.sections:
        payload["sections"] = _section_runs(chunk.sections)
    if chunk.image is not None:
        payload["image"] = _region(chunk.image)
    return payload


def chunk_from(point_id: str, payload: dict[str, Any]) -> Chunk:
    document = str(payload["document"])
    image = payload.get("image")
    return Chunk(
        id=point_id,
        document=document,
        kind=cast(ChunkKind, payload["kind"]),
        ordinal=int(payload["ordinal"]),
        text=str(payload["text"]),
        regions=tuple(_region_from(document, r) for r in payload["regions"]),
        section=tuple(payload["section"]),
        spans=tuple(
            Span(int(s[0]), int(s[1]), _region_from(document, s[2:])) for s in payload["spans"]
        ),
        header=str(payload.get("header", "")),
        head=int(payload.get("head", 0)),
        sections=_sections_from(payload.get("sections", []), len(payload["spans"])),
        caption=str(payload.get("caption", "")),
        context=str(payload.get("context", "")),
        image=_region_from(document, image) if image else None,
    )


def _section_runs(sections: tuple[str, ...]) -> list[list[Any]]:
    """`[first span, text]` where another section begins."""
    return [[n, s] for n, s in enumerate(sections) if s != (sections[n - 1] if n else "")]


def _sections_from(runs: list[list[Any]], count: int) -> tuple[str, ...]:
    sections = [""] * count
    for first, text in runs:
        sections[int(first) :] = [str(text)] * (count - int(first))
    return tuple(sections) if runs else ()


def point_of(point_id: str, payload: dict[str, Any] | None, vectors: Any) -> Point:
    """A chunk point read back, with the vectors that were read (by name; None: none)."""
    vectors_by_name: dict[str, Any] = vectors or {}
    rows = {
        name: np.asarray(vectors_by_name[name], np.float32)
        for name in ("text", "joint", "tokens", "patches")
        if name in vectors_by_name
    }
    words = vectors_by_name.get("words")
    sparse = Sparse(tuple(words.indices), tuple(words.values)) if words is not None else None
    return Point(chunk_from(point_id, payload or {}), words=sparse, **rows)


def document_payload(stored: StoredDocument) -> dict[str, Any]:
    """The commit record. Pages that are not plain text are listed in runs."""
    document = stored.document
    return {
        **_given(beside=stored.beside, labels=stored.labels),
        "document": document.id,
        "generation": document.id[:16],
        "kind": DOCUMENT_KIND,
        "name": document.name,
        "source": document.source,
        "sources": list(stored.sources),
        "serial": stored.serial,
        "pages": document.pages,
        "type": stored.type,
        "bytes": stored.size,
        "chunks": stored.chunks,
        "metadata": document.metadata,
        "states": [
            [r.first, r.last, _QUARANTINE if r.state == "failed" else r.state, r.reason]
            for r in runs_of(document.statuses)
            if r.state != "text"
        ],
    }


def stored_from(payload: dict[str, Any]) -> StoredDocument:
    return StoredDocument(
        _document_from(payload),
        str(payload["type"]),
        int(payload["bytes"]),
        int(payload["chunks"]),
        tuple(str(s) for s in payload["sources"]),
        int(payload["serial"]),
        _texts(payload, "beside"),
        _texts(payload, "labels"),
    )


def failure_payload(failure: Failure) -> dict[str, Any]:
    return {
        **_given(labels=failure.labels),
        "kind": FAILURE_KIND,
        "source": failure.source,
        "name": failure.name,
        "reason": failure.reason,
        "failed": failure.document,
        "type": failure.type,
        "bytes": failure.size,
        "pages": failure.pages,
        "local": failure.local,
        "kept": failure.kept,
        "time": failure.time,
        "settings": failure.settings,
    }


def failure_from(payload: dict[str, Any]) -> Failure:
    return Failure(
        source=str(payload["source"]),
        name=str(payload["name"]),
        reason=str(payload["reason"]),
        document=str(payload["failed"]),
        type=str(payload["type"]),
        size=int(payload["bytes"]),
        pages=int(payload["pages"]),
        local=bool(payload["local"]),
        kept=bool(payload["kept"]),
        time=float(payload["time"]),
        settings=_texts(payload, "settings"),
        labels=_texts(payload, "labels"),
    )


def _given(**fields: Mapping[str, str]) -> dict[str, Any]:
    """Those that are not empty: the records of most documents stay as they were."""
    return {name: dict(values) for name, values in fields.items() if values}


def _texts(payload: dict[str, Any], key: str) -> dict[str, str]:
    return {str(k): str(v) for k, v in payload.get(key, {}).items()}


def _document_from(payload: dict[str, Any]) -> Document:
    pages = int(payload["pages"])
    special: dict[int, PageStatus] = {}
    for first, *more, state, why in payload["states"]:  # an index of an earlier version: no runs
        last = int(more[0]) if more else int(first)
        became: PageState = "failed" if state == _QUARANTINE else state
        special.update((n, PageStatus(n, became, why)) for n in range(int(first), last + 1))
    return Document(
        id=str(payload["document"]),
        name=str(payload["name"]),
        source=str(payload["source"]),
        pages=pages,
        metadata=dict(payload["metadata"]),
        statuses=tuple(special.get(n) or _plain(n) for n in range(1, pages + 1)),
    )


@lru_cache(maxsize=1 << 16)
def _plain(page: int) -> PageStatus:
    """One object for page 7 of every document: an index has as many as it has pages."""
    return PageStatus(page, "text")


def _region(region: Region) -> list[float]:
    return [region.page, *region.box.rounded()]


def _region_from(document: str, row: list[float]) -> Region:
    page, x0, y0, x1, y1 = row[:5]
    return Region(document, int(page), Box(float(x0), float(y0), float(x1), float(y1)))
