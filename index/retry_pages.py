"""One document read again for its failed pages; what was indexed is never lost for it."""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import IO

from octavo.index.chunk_vectors import Encoders, embed_chunks
from octavo.index.commit import commit_document
from octavo.index.ingest_pipeline import BATCH
from octavo.index.ledger import rewriting_guards
from octavo.index.originals import Originals
from octavo.index.store import Store, StoredDocument
from octavo.index.stores.payload import chunk_payload
from octavo.ingest.chunk import chunk_pages
from octavo.ingest.document import DocumentError, PageContent, PageState, PageStatus
from octavo.ingest.worker.reader import Reader
from octavo.ingest.worker.worker_protocol import Opened

#: What a state is worth. A new reading may replace an old one if no page is worth less.
_WORTH: dict[PageState, int] = {"failed": 0, "blank": 1, "image": 2, "ocr": 3, "text": 3}


def retry_pages(
    stored: StoredDocument,
    store: Store,
    originals: Originals,
    encoders: Encoders,
    reader: Reader,
    report: Callable[[int], None] = lambda _: None,
) -> tuple[StoredDocument, str]:
    """Reads a document again from its stored original. Its commit record as it is afterwards, and
    why it was left as it was, or nothing where a better reading replaced it.

    First the failed pages alone: most that failed fail again, and then no other is touched.
    If one can be read, all are, into a file, because chunks reach over pages; the new version is
    written when it is known to be as good on every page. `report` gets the pages done. Raises
    StoreError where the original is missing or the store cannot be written.
    """
    data = originals.get(stored.document.id)
    broken = [s.page for s in stored.document.failed_pages]
    try:
        retried = [p.status for p in _pages(reader, data, stored.type, broken)]
        if all(s.state == "failed" for s in retried):
            return _with_reasons(
                store, originals, stored, retried
            ), "no page could be read this time either"
        with tempfile.TemporaryFile(prefix="octavo-") as spool:
            statuses = _spool(_pages(reader, data, stored.type), spool, report)
            worse = _worse(stored.document.statuses, statuses)
            if worse:
                return stored, f"left as it was, because page {worse} could be read better before"
            _check_storable(stored.document.id, _unspool(spool))
            return _rewrite(stored, statuses, _unspool(spool), store, originals, encoders), ""
    except DocumentError as error:
        return stored, f"left as it was: {error}"


def _pages(
    reader: Reader, data: bytes, kind: str, only: list[int] | None = None
) -> Iterator[PageContent]:
    return (p for p in reader.pages(data, kind, only or ()) if not isinstance(p, Opened))


def _spool(
    pages: Iterator[PageContent], spool: IO[bytes], report: Callable[[int], None]
) -> tuple[PageStatus, ...]:
    """Pages to a file, so that a long document need not fit into memory."""
    statuses = []
    for page in pages:
        pickle.dump(page, spool, pickle.HIGHEST_PROTOCOL)
        statuses.append(page.status)
        report(len(statuses))
    return tuple(statuses)


def _unspool(spool: IO[bytes]) -> Iterator[PageContent]:
    spool.seek(0)
    while True:
        try:
            yield pickle.load(spool)
        except EOFError:
            return


def _worse(before: tuple[PageStatus, ...], now: tuple[PageStatus, ...]) -> int:
    """The first page that was worth more before, or 0."""
    if len(before) != len(now):
        return min(len(before), len(now)) + 1
    pairs = zip(before, now, strict=True)
    return next((b.page for b, n in pairs if _WORTH[n.state] < _WORTH[b.state]), 0)


def _check_storable(document: str, pages: Iterator[PageContent]) -> None:
    """Raises DocumentError for content that an engine cannot hold, before anything is removed."""
    for chunk in chunk_pages(document, pages):
        try:
            json.dumps(chunk_payload(chunk), allow_nan=False, ensure_ascii=False).encode()
        except ValueError as error:
            raise DocumentError(f"has content that cannot be stored: {error}") from error


def _rewrite(
    stored: StoredDocument,
    statuses: tuple[PageStatus, ...],
    pages: Iterator[PageContent],
    store: Store,
    originals: Originals,
    encoders: Encoders,
) -> StoredDocument:
    """The document anew, under the same ids. Until it is committed it is not found."""
    before = {f.source: f for f in store.failures()}  # of newer bytes from the same source
    guards = rewriting_guards(stored)
    for guard in guards:
        store.record_failure(guard)
    document = stored.document.id
    store.begin(document)
    count = 0
    chunks = chunk_pages(document, pages)
    while batch := list(islice(chunks, BATCH)):
        store.upsert(embed_chunks(batch, encoders))
        count += len(batch)
    new = replace(stored, document=replace(stored.document, statuses=statuses), chunks=count)
    commit_document(store, originals, new)
    for source in stored.sources:
        if source in before:
            store.record_failure(before[source])
        else:
            store.forget_failure(source)
    return new


def _with_reasons(
    store: Store, originals: Originals, stored: StoredDocument, retried: list[PageStatus]
) -> StoredDocument:
    """The reasons as they are now: another limit may be in the way."""
    now = {s.page: s for s in retried}
    statuses = tuple(now.get(s.page, s) for s in stored.document.statuses)
    if statuses != stored.document.statuses:
        stored = replace(stored, document=replace(stored.document, statuses=statuses))
        commit_document(store, originals, stored)
    return stored
