"""`octavo retry`: which sources and documents are tried again, and from where their bytes come."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from octavo.index.build import Builder, Result
from octavo.index.chunk_vectors import Encoders
from octavo.index.originals import Originals
from octavo.index.progress import Progress
from octavo.index.retry_pages import retry_pages
from octavo.index.source import Source, container_of, name_of
from octavo.index.store import Failure, Store, StoredDocument
from octavo.ingest.worker.reader import Reader


@dataclass(frozen=True, slots=True)
class RetryTargets:
    """What is to be tried again: documents with failed pages, and failed sources."""

    documents: Sequence[StoredDocument]
    failures: Sequence[Failure]


class Retry:
    """Tries again into an open store. Nothing that is indexed is lost by it."""

    def __init__(
        self, store: Store, originals: Originals, encoders: Encoders, builder: Builder, most: int
    ) -> None:
        """`most`: bytes that a file may have."""
        self._store = store
        self._originals = originals
        self._encoders = encoders
        self._builder = builder
        self._most = most

    def run(
        self, again: RetryTargets, reader: Reader, report: Callable[[Progress], None]
    ) -> Iterator[Result]:
        """A result for each. Raises StoreError where the store cannot be read or written."""
        sources: dict[str, Source] = {}  # several attachments may be of one mail
        for failure in again.failures:
            source = self._source(failure)
            if isinstance(source, Source):
                sources[source.source] = source
            else:
                yield source
        if sources:
            yield from self._builder.ingest(list(sources.values()), report)
        for n, stored in enumerate(again.documents, 1):
            files = len(again.documents)
            yield self._reread(stored, reader, report, files - n, files)

    def _source(self, failure: Failure) -> Source | Result:
        """Where to read it from again; or what became of it, where there is no such place."""
        name, document = failure.name, failure.document
        if failure.kept:
            return self._originals.source(document, name, failure.source)
        container = container_of(failure.source)
        if container:
            return self._container(container, failure)
        if not failure.local:
            reason = (
                f"{failure.reason} (a client sent it, and its bytes are not kept: send it again)"
            )
            return Result(name, "failed", document, failure.pages, reason=reason)
        if not _exists(failure.source):
            if "?" in failure.source:  # what UTF-8 cannot spell was replaced
                reason = "its path cannot be written in UTF-8: ingest it again"
                return Result(name, "failed", document, failure.pages, reason=reason)
            self._store.forget_failure(failure.source)
            return Result(name, "gone", reason=failure.source)
        return Source.file(Path(failure.source), self._most).labelled(failure.labels)

    def _container(self, container: str, failure: Failure) -> Source | Result:
        """What an attachment is read from again: the original of the mail that it is in."""
        for stored in self._store.documents():
            if container in stored.sources:
                found = self._originals.source(stored.document.id, name_of(container), container)
                return replace(found, local=failure.local)
        self._store.forget_failure(failure.source)
        return Result(failure.name, "gone", reason=failure.source)

    def _reread(
        self,
        stored: StoredDocument,
        reader: Reader,
        report: Callable[[Progress], None],
        waiting: int,
        files: int,
    ) -> Result:
        document = stored.document

        def done(pages: int) -> None:
            report(
                Progress(document.name, pages, document.pages, waiting, files, files - waiting - 1)
            )

        after, why = retry_pages(stored, self._store, self._originals, self._encoders, reader, done)
        return Result(
            document.name,
            "unchanged" if why else "updated",
            document.id,
            document.pages,
            after.chunks,
            why,
            after.document.failed_pages,
        )


def _exists(path: str) -> bool:
    """Also where it may not be read: then reading it says so."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
