"""Chunks and documents as payloads of store points, and back. The one place that knows the keys."""

from __future__ import annotations

import uuid
from typing import Any, cast

import numpy as np

from index.store import Point, Sparse, Stored
from ingest.document import Box, Chunk, ChunkKind, Document, PageState, PageStatus, Region, Span

DOCUMENT_KIND = "document"
#: Records of a server that several processes share: who is writing what, and the manifest.
MARKER_KIND = "marker"
MANIFEST_KIND = "manifest"
RECORD_KINDS = (DOCUMENT_KIND, MARKER_KIND, MANIFEST_KIND)  # points that are no chunks


def commit_id(document: str) -> str:
    """Point id of a document's commit record."""
    return str(uuid.UUID(document[:32]))


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
        caption=str(payload.get("caption", "")),
        context=str(payload.get("context", "")),
        image=_region_from(document, image) if image else None,
    )


def point_of(point_id: str, payload: dict[str, Any] | None, vectors: Any) -> Point:
    """A chunk point read back, with the vectors that were read (by name; None: none)."""
    found: dict[str, Any] = vectors or {}
    rows = {
        name: np.asarray(found[name], np.float32)
        for name in ("text", "joint", "tokens", "patches")
        if name in found
    }
    words = found.get("words")
    sparse = Sparse(tuple(words.indices), tuple(words.values)) if words is not None else None
    return Point(chunk_from(point_id, payload or {}), words=sparse, **rows)


def document_payload(stored: Stored) -> dict[str, Any]:
    """The commit record. Only pages that are not plain text are listed one by one."""
    document = stored.document
    return {
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
        "states": [[s.page, s.state, s.reason] for s in document.statuses if s.state != "text"],
    }


def stored_from(payload: dict[str, Any]) -> Stored:
    return Stored(
        _document_from(payload),
        str(payload["type"]),
        int(payload["bytes"]),
        int(payload["chunks"]),
        tuple(str(s) for s in payload["sources"]),
        int(payload["serial"]),
    )


def _document_from(payload: dict[str, Any]) -> Document:
    pages = int(payload["pages"])
    special = {int(n): PageStatus(int(n), state, why) for n, state, why in payload["states"]}
    plain: PageState = "text"
    return Document(
        id=str(payload["document"]),
        name=str(payload["name"]),
        source=str(payload["source"]),
        pages=pages,
        metadata=dict(payload["metadata"]),
        statuses=tuple(special.get(n, PageStatus(n, plain)) for n in range(1, pages + 1)),
    )


def _region(region: Region) -> list[float]:
    return [region.page, *region.box.rounded()]


def _region_from(document: str, row: list[float]) -> Region:
    return Region(document, int(row[0]), Box(*(float(v) for v in row[1:5])))
