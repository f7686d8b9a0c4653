"""What becomes of every file and page of a folder of damaged and odd files.

`manifest.jsonl` in the folder says how many pages another reader finds in each file (`file`,
`pages`). Definitions: docs/metrics/ingestion.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from octavo.api.schemas.ledger import StatusOut
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.evals.datasets.jsonl import numbered
from octavo.evals.datasets.types import DatasetError
from octavo.evals.metrics.retrieval import nearest_rank
from octavo.index.source import Source
from octavo.ingest.files import find_files

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True, slots=True)
class LedgerState:
    """What the ledger says of a file: pages that were read, blank ones too, and pages that
    failed, with a reason; a file that failed as a whole has all its pages there."""

    name: Literal["indexed", "failed", "unknown"] = "unknown"
    read: int = 0
    refused: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """One file. `expected`: pages that another reader finds in it. `seconds`: from the result
    before it to its own, one reader."""

    file: str
    expected: int
    seconds: float
    state: LedgerState

    @property
    def told(self) -> bool:
        """It is in the index, or the ledger says why not."""
        return self.state.name == "indexed" or bool(self.state.reason)

    @property
    def accounted(self) -> int:
        """Of the expected pages, those that the ledger knows of."""
        return min(self.expected, self.state.read + self.state.refused)


def expected_pages(folder: Path) -> dict[str, int]:
    """Pages by file, from the manifest; empty where there is none. Raises DatasetError."""
    if not (folder / MANIFEST).is_file():
        return {}
    expected: dict[str, int] = {}
    for place, row in numbered(folder / MANIFEST, ("file",)):
        pages = row.get("pages") or 0
        if not isinstance(pages, int) or pages < 0:
            raise DatasetError(f"{place}: pages is {pages!r}; expected a number")
        if not (folder / str(row["file"])).is_file():
            raise DatasetError(f"{place}: {row['file']!r} is no file in {folder}")
        expected[str(row["file"])] = pages
    return expected


def ingest_files(
    folder: Path, settings: Settings, report: Callable[[int], None] = lambda _: None
) -> list[FileOutcome]:
    """Ingests every file of a folder into an index that goes away, one reader. Raises
    DatasetError for a folder without files or with a manifest that does not fit."""
    expected = expected_pages(folder)
    files = [folder / name for name in expected] or list(find_files([folder]))
    if not files:
        raise DatasetError(f"{folder} has no file")
    with TemporaryDirectory() as place:
        own = settings.model_copy(update={"index": Path(place) / "i", "store": "", "workers": 1})
        service = Service(own, create=True)
        try:
            return _filed(files, folder, expected, service, report)
        finally:
            service.close()


def _filed(
    files: Sequence[Path],
    folder: Path,
    expected: Mapping[str, int],
    service: Service,
    report: Callable[[int], None],
) -> list[FileOutcome]:
    sources = [Source.file(f, service.settings.max_file_mb << 20) for f in files]
    took: list[float] = []
    start = time.perf_counter()
    for n, _ in enumerate(service.ingest(sources), 1):
        took.append(time.perf_counter() - start)
        start = time.perf_counter()
        report(n)
    states = _told(service.status())
    filed = []
    for file, source, seconds in zip(files, sources, took, strict=True):
        name = str(file.relative_to(folder))
        filed.append(
            FileOutcome(
                name,
                expected.get(name, 0),
                round(seconds, 3),
                states.get(source.source, LedgerState()),
            )
        )
    return filed


def _told(status: StatusOut) -> dict[str, LedgerState]:
    """What the ledger says, by source; not what the ingestion said while it ran."""
    states = {
        f.source: LedgerState("failed", 0, f.pages if f.reason else 0, f.reason)
        for f in status.failed
    }
    for d in status.documents:
        reasons = [s for s in d.states if s.state == "failed" and s.reason]
        refused = sum(s.last - s.first + 1 for s in reasons)
        why = "; ".join(dict.fromkeys(s.reason for s in reasons))
        for source in d.sources:
            states[source] = LedgerState("indexed", d.indexed + d.blank, refused, why)
    return states


def ledger_metrics(filed: Sequence[FileOutcome]) -> dict[str, float]:
    """Shares of files and pages that the ledger accounts for, and seconds a file."""
    pages = sum(f.expected for f in filed)
    values: dict[str, float] = {
        "ledger files": len(filed),
        "ledger files told": sum(f.told for f in filed) / len(filed),
        "ledger files indexed": sum(f.state.name == "indexed" for f in filed) / len(filed),
        "ledger s/file p50": nearest_rank([f.seconds for f in filed], 0.5),
        "ledger s/file p95": nearest_rank([f.seconds for f in filed], 0.95),
        "ledger s/file most": max(f.seconds for f in filed),
    }
    if pages:
        values |= {
            "ledger pages expected": pages,
            "ledger pages accounted": sum(f.accounted for f in filed) / pages,
            "ledger pages indexed": sum(min(f.expected, f.state.read) for f in filed) / pages,
        }
    return values


def lost(filed: Sequence[FileOutcome]) -> list[FileOutcome]:
    """Files that lose pages, most first; then those without a reason."""
    bad = [f for f in filed if f.accounted < f.expected or not f.told]
    return sorted(bad, key=lambda f: (f.accounted - f.expected, f.file))
