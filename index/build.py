"""Files to committed documents: read ahead in child processes, embed and write here."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal

from octavo.index.attachments import AttachmentFiles
from octavo.index.chunk_vectors import Encoders, embed_chunks
from octavo.index.commit import commit_document, drop_source
from octavo.index.describe import describe_again, labels_of, next_serial, with_modified
from octavo.index.embed_worker import EmbedWorker
from octavo.index.ingest_pipeline import PendingDocument
from octavo.index.ledger import Ledger
from octavo.index.originals import Originals
from octavo.index.prefetch import Prefetcher
from octavo.index.progress import Progress, ProgressCounter
from octavo.index.source import Source, reason_of
from octavo.index.store import Point, Store, StoredDocument
from octavo.ingest.document import Document, DocumentError, PageStatus, document_id
from octavo.ingest.memory import trim
from octavo.ingest.worker.reader import Reader, ReadLimits
from octavo.ingest.worker.worker_protocol import Opened

_ATTEMPTS = 3

Outcome = Literal["added", "updated", "metadata", "unchanged", "duplicate", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one source. `reason` says why it failed, or which document it repeats."""

    name: str
    outcome: Outcome
    document: str = ""
    pages: int = 0
    chunks: int = 0
    reason: str = ""
    failed_pages: tuple[PageStatus, ...] = ()


class Builder:
    """Ingests into a store. Not for use by two threads at a time."""

    def __init__(
        self,
        store: Store,
        originals: Originals,
        encoders: Encoders,
        workers: int = 2,
        limits: ReadLimits | None = None,
        ocr: bool = True,
    ) -> None:
        self._store = store
        self._originals = originals
        self._encoders = encoders
        self._ledger = Ledger(
            store, originals, (limits or ReadLimits()).named() | {"ocr": str(ocr).lower()}
        )
        self._limits, self._ocr = limits, ocr
        self._readers = [Reader(limits, ocr) for _ in range(workers)]

    def ingest(
        self, sources: Sequence[Source], report: Callable[[Progress], None] = lambda _: None
    ) -> Iterator[Result]:
        """Results in the order of `sources`, each followed by those of its attachments; a document
        is committed before its result.

        Child processes read ahead, threads embed what was read, and here it is written: three
        stages at work at once, each bounded. What is wrong with one source fails that one. Raises
        StoreError where the store cannot be written; the caller may stop early.
        """
        trim()  # to load the models took 50 MB more than they keep
        progress = ProgressCounter(report, len(sources))
        self._stop = stop = threading.Event()
        self._prefetcher = prefetcher = Prefetcher(
            self._store, self._originals, self._readers, stop
        )
        self._embedder = embedder = EmbedWorker(self._encoders, stop)
        self._attachments = attachments = AttachmentFiles(
            self._store, self._originals, self._ledger, self._limits
        )
        started: list[PendingDocument] = []
        waiting = deque(sources)
        waits = True
        try:
            while waiting or started:
                while waiting and len(started) <= len(self._readers):
                    started.append(PendingDocument(waiting.popleft(), stop))
                    prefetcher.begin(started[-1])
                    embedder.begin(started[-1])
                result = self._finish(started[0], progress)
                pending = started.pop(0)
                yield result
                attachments.drop(pending.source)
                if result.outcome != "failed":
                    new = result.outcome in ("updated", "duplicate")
                    found = attachments.find(pending.source, pending.kind, pending.id, new)
                    labels = pending.facts.labels
                    waiting.extendleft(s.labelled(labels) for s in reversed(found.sources))
                    progress.add(len(found.sources))
                    if found.reason:
                        yield Result(found.name, "failed", reason=found.reason)
        except KeyboardInterrupt:
            waits = False  # whoever pressed Ctrl-C does not; what is cut off was not committed
            raise
        finally:
            # Also when the caller stops early: nothing goes on reading behind its back.
            stop.set()
            prefetcher.close(waits)
            embedder.close(waits)
            attachments.close()
            for pending in started:
                self._forget_original(pending)

    def _finish(self, pending: PendingDocument, progress: ProgressCounter) -> Result:
        pending.identified.wait()
        source = pending.source
        try:
            if pending.error is not None:
                raise pending.error
            existing = self._store.find(pending.id, fresh=True)
            if existing is not None:
                self._embedder.drop(pending)
                repeated = self._duplicate(source, existing, pending)
                self._ledger.record_success(source)
                return repeated
            written = self._write(pending, progress)
            self._ledger.record_success(source)
            return written
        except (DocumentError, OSError) as error:
            if pending.id and pending.error is None:
                self._embedder.drop(pending)
                # Another process with wider limits may have committed it meanwhile.
                if self._store.find(pending.id, fresh=True) is None:
                    self._store.delete(pending.id)
                    self._forget_original(pending)
            reason = reason_of(error)
            self._ledger.record_failure(
                source, reason, pending.id, pending.kind, pending.size, pending.page_count,
                pending.facts.labels,
            )  # fmt: skip
            return Result(source.name, "failed", pages=pending.page_count, reason=reason)
        finally:
            self._prefetcher.end(pending)
            progress.finish(source.name)

    def _steps(self, pending: PendingDocument) -> Iterator[Opened | PageStatus | list[Point]]:
        """A document as it is read and embedded."""
        if pending.prefetched:
            for step in self._embedder.steps(pending):
                yield step.result() if isinstance(step, Future) else step
            return
        # Not ahead: it was known when its turn was far, and has been replaced since; or the other
        # source of the same bytes failed. Those that are ahead have every reader.
        with closing(Reader(self._limits, self._ocr)) as reader:
            for item in pending.chunk_batches(reader.pages(pending.data, pending.kind)):
                yield embed_chunks(item, self._encoders) if isinstance(item, list) else item

    def _write(self, pending: PendingDocument, progress: ProgressCounter) -> Result:
        source = pending.source
        opened = Opened("", 0, {})
        statuses: list[PageStatus] = []
        count = 0
        self._store.begin(pending.id)
        for step in self._steps(pending):
            if isinstance(step, Opened):
                opened, pending.page_count = step, step.pages
                progress.open(source.name, step.pages)
            elif isinstance(step, PageStatus):
                statuses.append(step)
                progress.page(source.name)
            else:
                self._store.upsert(step)
                count += len(step)
                trim()  # each thread has a heap of its own, and none grows small by itself
        broken = [s for s in statuses if s.state == "failed"]
        if broken and len(broken) == len(statuses):
            raise DocumentError(f"no page could be read; page 1: {broken[0].reason}")
        if count == 0:
            raise DocumentError("has no text and no picture on any page")
        metadata = with_modified(opened.metadata, pending.facts)
        document = Document(
            pending.id, source.name, source.source, opened.pages, metadata, tuple(statuses)
        )
        self._keep_original(pending)
        there = self._store.documents()
        stored = StoredDocument(
            document, pending.kind, pending.size, count, (source.source,), next_serial(there),
            dict(pending.facts.beside or {}), labels_of(source.source, there, pending.facts),
        )  # fmt: skip
        self._attachments.expect(source, pending.kind)
        commit_document(self._store, self._originals, stored)
        self._keep_original(pending)  # again: the other process did not know of the commit
        replaced = self._take_source(source.source, pending.id)
        return Result(
            source.name,
            "updated" if replaced else "added",
            pending.id,
            opened.pages,
            count,
            failed_pages=document.failed_pages,
        )

    def _keep_original(self, pending: PendingDocument) -> None:
        """Where it was read from there it is kept already; unless another process that failed at
        the same bytes took it away meanwhile. Raises DocumentError where it is gone for good."""
        if pending.prefetched and self._originals.damage(pending.id) is None:
            return
        data = pending.source.read() if pending.prefetched else pending.data
        if document_id(data) != pending.id:
            raise DocumentError("was changed while it was read; ingest it again")
        self._originals.put(pending.id, data)

    def _forget_original(self, pending: PendingDocument) -> None:
        """Of a document that was not committed; one that was there before is another's to keep."""
        if pending.placed and self._store.find(pending.id) is None:
            self._originals.delete(pending.id)

    def _duplicate(
        self, source: Source, existing: StoredDocument, pending: PendingDocument
    ) -> Result:
        """The bytes are there already: from this source, or from another one too."""
        outcome: Outcome = "unchanged"
        reason = ""
        self._keep_original(pending)  # it may have been lost
        described = describe_again(existing, source.source, pending.facts)
        if described != existing:
            existing, outcome = described, "metadata"
            commit_document(self._store, self._originals, existing)
        if source.source not in existing.sources:
            self._add_source(existing, source.source)
            outcome, reason = "duplicate", f"the same bytes as {existing.document.name}"
            if self._take_source(source.source, existing.document.id):
                outcome = "updated"
        known = existing.document
        return Result(
            source.name, outcome, known.id, known.pages, existing.chunks, reason, known.failed_pages
        )

    def _add_source(self, existing: StoredDocument, source: str) -> None:
        """Another process may add a source of its own to the same document at the same time."""
        for _ in range(_ATTEMPTS):
            new = replace(existing, sources=(*existing.sources, source))
            commit_document(self._store, self._originals, new)
            again = self._store.find(existing.document.id, fresh=True)
            if again is None or source in again.sources:
                return
            existing = again

    def _take_source(self, source: str, document: str) -> bool:
        """What `source` held before goes, unless another source holds it too."""
        older = [
            s for s in self._store.documents() if source in s.sources and s.document.id != document
        ]
        for stored in older:
            drop_source(self._store, self._originals, stored, source)
        return bool(older)
