"""The page ledger: documents, failed sources, what became of every page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from octavo.api.schemas.base import Wire
from octavo.index.page_ranges import runs_of
from octavo.index.store import Failure, StoredDocument
from octavo.ingest.document import PageState, PageStatus


class PagesOut(Wire):
    """Pages `first` to `last`, of which the same became. `reason`: why they failed."""

    first: int
    last: int
    state: PageState
    reason: str

    @property
    def pages(self) -> str:
        """`page 7`, or `pages 3-7`."""
        one = self.first == self.last
        return f"page {self.first}" if one else f"pages {self.first}-{self.last}"


class _PageCounts(Wire):
    """Numbers of pages. `pages` = `indexed` + `blank` + `failed_pages`; of the indexed ones `ocr`
    were read by OCR, and `image_only` have a picture and no text."""

    pages: int
    indexed: int
    ocr: int
    image_only: int
    blank: int
    failed_pages: int
    chunks: int


class DocumentOut(_PageCounts):
    """A committed document. `states` lists the pages that are not plain text. Of its `metadata`
    `beside` came from files that stand beside it, and `labels` from the user."""

    document: str
    name: str
    source: str
    sources: list[str]
    type: str
    bytes: int
    metadata: dict[str, str]
    beside: dict[str, str]
    labels: dict[str, str]
    states: list[PagesOut]


class FailureOut(Wire):
    """A source of which nothing could be indexed. Fields are empty where it failed before they were
    known. `uploaded`: its bytes came from a client and are not kept. `when` is UTC."""

    name: str
    source: str
    reason: str
    document: str
    type: str
    bytes: int
    pages: int
    uploaded: bool
    when: str
    settings: dict[str, str]


class LedgerOut(Wire):
    """What is known of a name: documents, and sources that failed."""

    documents: list[DocumentOut]
    failed: list[FailureOut]


class CacheOut(Wire):
    """Vectors of questions and query images that are kept, and how often they served."""

    entries: int
    limit: int
    hits: int
    misses: int


class StatusOut(_PageCounts):
    """What is in an index, and the sources of which nothing could be."""

    index: str
    profile: str
    documents: list[DocumentOut]
    failed: list[FailureOut]
    query_cache: CacheOut


def pages_out(statuses: Iterable[PageStatus]) -> list[PagesOut]:
    return [
        PagesOut(first=r.first, last=r.last, state=r.state, reason=r.reason)
        for r in runs_of(statuses)
        if r.state != "text"
    ]


def document_out(stored: StoredDocument) -> DocumentOut:
    d = stored.document
    count = Counter(s.state for s in d.statuses)
    return DocumentOut(
        document=d.id,
        name=d.name,
        source=d.source,
        sources=list(stored.sources),
        type=stored.type,
        bytes=stored.size,
        pages=d.pages,
        indexed=count["text"] + count["ocr"] + count["image"],
        ocr=count["ocr"],
        image_only=count["image"],
        blank=count["blank"],
        failed_pages=count["failed"],
        chunks=stored.chunks,
        metadata=stored.metadata,
        beside=dict(stored.beside),
        labels=dict(stored.labels),
        states=pages_out(d.statuses),
    )


def failure_out(failure: Failure) -> FailureOut:
    return FailureOut(
        name=failure.name,
        source=failure.source,
        reason=failure.reason,
        document=failure.document,
        type=failure.type,
        bytes=failure.size,
        pages=failure.pages,
        uploaded=not (failure.local or failure.kept),
        when=datetime.fromtimestamp(failure.time, UTC).isoformat().replace("+00:00", "Z"),
        settings=failure.settings,
    )


def status_out(
    index: str,
    profile: str,
    stored: Sequence[StoredDocument],
    failures: Sequence[Failure],
    cache: CacheOut,
) -> StatusOut:
    """Totals over all documents."""
    documents = [document_out(s) for s in stored]
    return StatusOut(
        index=index,
        profile=profile,
        documents=documents,
        failed=[failure_out(f) for f in failures],
        query_cache=cache,
        **{n: sum(getattr(d, n) for d in documents) for n in _PageCounts.model_fields},
    )
