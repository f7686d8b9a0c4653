"""What is attached to e-mail, as sources of their own, on disk until they are indexed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from octavo.index.commit import drop_attachments
from octavo.index.ledger import Ledger
from octavo.index.originals import Originals
from octavo.index.source import ATTACHED, Source, container_of, reason_of
from octavo.index.store import Store
from octavo.ingest.document import DocumentError
from octavo.ingest.files import WITH_ATTACHMENTS
from octavo.ingest.worker.reader import Reader, ReadLimits

_INTERRUPTED = "reading them was interrupted: octavo retry reads them"
_DEEPEST = 4  # files in each other: a mail in a mail in a mail


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """Sources, or why there are none, and what to call that which failed."""

    sources: Sequence[Source] = ()
    name: str = ""
    reason: str = ""


def _attachments_of(container: Source) -> Source:
    """All that is in a container, as the ledger calls it."""
    name = f"attachments of {container.name}"
    return replace(container, name=name, source=container.source + ATTACHED)


class AttachmentFiles:
    """Of one run; `close` it."""

    def __init__(
        self, store: Store, originals: Originals, ledger: Ledger, limits: ReadLimits | None
    ) -> None:
        self._store = store
        self._originals = originals
        self._ledger = ledger
        self._limits = limits
        self._reader: Reader | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: dict[str, Path] = {}  # by source
        self._waiting: dict[str, tuple[Source, set[str]]] = {}  # what containers still lack
        self._count = 0

    def expect(self, container: Source, kind: str) -> None:
        """To be called before a document is committed: until all that is in it is indexed, the
        ledger says that it is not, should this process end."""
        if kind in WITH_ATTACHMENTS:
            self._ledger.record_failure(_attachments_of(container), _INTERRUPTED)

    def find(self, container: Source, kind: str, document: str, replaces: bool) -> FoundFiles:
        """The files in a document that is indexed now; what only an earlier version of it had
        (`replaces`: there was one) is dropped. That they cannot be taken out is kept in the ledger,
        as a failed source."""
        mail = kind in WITH_ATTACHMENTS
        if not (mail or replaces):
            return FoundFiles()
        whole = _attachments_of(container)
        try:
            original = self._originals.path(document)
            found = self._sources(container, original, kind) if mail else []
        except (DocumentError, OSError) as error:
            self._ledger.record_failure(whole, reason_of(error))
            return FoundFiles(name=whole.name, reason=reason_of(error))
        keep = {s.source for s in found}
        self._waiting[container.source] = whole, set(keep)
        self._settle(container.source, "")
        known = keep | {whole.source}
        drop_attachments(self._store, self._originals, container.source, known)
        return FoundFiles(found)

    def _sources(self, container: Source, original: Path, kind: str) -> list[Source]:
        """What is nested too deep is left where it is."""
        if container.source.count(ATTACHED) >= _DEEPEST:
            return []
        if self._reader is None or self._folder is None:
            self._reader = Reader(self._limits, ocr=False)
            self._folder = tempfile.TemporaryDirectory(prefix="octavo-")
        self._count += 1
        folder = Path(self._folder.name, str(self._count))
        folder.mkdir()
        names = self._reader.attachments(original, kind, folder)
        return [self._source(container, n, folder / str(i)) for i, n in enumerate(names)]

    def _source(self, container: Source, name: str, file: Path) -> Source:
        source = f"{container.source}{ATTACHED}{name}"
        self._files[source] = file
        return Source(f"{name} in {container.name}", source, file.read_bytes, container.local)

    def drop(self, source: Source) -> None:
        """It is indexed, or cannot be: its bytes here are not needed any more."""
        file = self._files.pop(source.source, None)
        if file is not None:
            file.unlink(missing_ok=True)
        self._settle(container_of(source.source), source.source)

    def _settle(self, container: str, done: str) -> None:
        """Once nothing of a container is waited for, the ledger has nothing to say of it."""
        if container not in self._waiting:
            return
        whole, left = self._waiting[container]
        left.discard(done)
        if not left:
            self._ledger.record_success(whole)
            del self._waiting[container]

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        if self._folder is not None:
            self._folder.cleanup()
