"""`octavo eval ingest`: what reading finds, what becomes of every page, and what it costs.

One row of all that was asked for. Definitions: docs/metrics/ingestion.md.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from octavo.api.console.progress import progress
from octavo.api.settings import Settings
from octavo.evals.benchmarks.peak_memory import long_pdf, peak_of
from octavo.evals.benchmarks.throughput import Rates, measure_rates
from octavo.evals.dataset import read_dataset
from octavo.evals.provenance import digest
from octavo.evals.reading.docling import (
    ComparedDocument,
    ComparedScan,
    compare_documents,
    compare_scans,
    docling_metrics,
)
from octavo.evals.reading.region_scores import RegionScores, score_regions
from octavo.evals.reading.robustness import FileOutcome, ingest_files, ledger_metrics, lost

_SHORT, _LONG = 300, 3_000  # pages of the PDFs that memory is measured on
_LOST = 100  # files named in a row


@dataclass(frozen=True, slots=True)
class IngestionOptions:
    """What is to be measured; a part that is empty is left out.

    `files`: rates. `regions`: a dataset with gold boxes. `docling`: a folder of docling's tests.
    `ledger`: a folder of damaged files. `long`: PDFs that long ones are made of, for memory.
    """

    files: tuple[Path, ...] = ()
    regions: Path | None = None
    docling: Path | None = None
    ledger: Path | None = None
    long: tuple[Path, ...] = ()
    rounds: int = 3

    def check(self) -> None:
        """Before the first part, for all may take an hour. Raises ValueError where there is
        nothing to measure or a folder is none."""
        if not self.names:
            raise ValueError("nothing to measure: give files, or a folder (see --help)")
        folders = {"regions": self.regions, "docling": self.docling, "ledger": self.ledger}
        for option, folder in folders.items():
            if folder is not None and not folder.is_dir():
                raise ValueError(f"--{option} {folder} is not a folder")
        for file in (*self.files, *self.long):
            if not file.is_file():
                raise ValueError(f"{file} is not a file")

    @property
    def data(self) -> str:
        """12 hex digits over the names and sizes of all files; not over their bytes."""
        folders = [f for f in (self.regions, self.docling, self.ledger) if f is not None]
        paths = [f for folder in folders for f in folder.rglob("*")] + [*self.files, *self.long]
        return digest(sorted([f.name, f.stat().st_size] for f in paths if f.is_file()))

    @property
    def names(self) -> str:
        """Of the data, as a row says them."""
        folders = (self.regions, self.docling, self.ledger)
        names = [f.resolve().name for f in folders if f is not None]
        files = dict.fromkeys((*self.files, *self.long))
        return "+".join([*names, *([f"{len(files)} files"] if files else [])])


@dataclass(frozen=True, slots=True)
class IngestionMeasurement:
    """What was found, part by part; `memory` in MB by name."""

    rates: Rates | None
    regions: RegionScores | None
    documents: tuple[ComparedDocument, ...]
    scans: tuple[ComparedScan, ...]
    filed: tuple[FileOutcome, ...]
    memory: dict[str, float]

    @property
    def n(self) -> int:
        """Files that were read for quality and ledger, and ingested for the rates."""
        read = {name for name, _ in self.regions.pages} if self.regions else ()
        timed = self.rates.documents + len(self.rates.errors) if self.rates else 0
        others = len(self.documents) + len(self.scans) + len(self.filed)
        return len(read) + timed + others + (2 if self.memory else 0)

    @property
    def errors(self) -> tuple[str, ...]:
        """Files and pages that should have been read and were not. What the ledger says of damaged
        ones is no error."""
        files = self.rates.errors if self.rates else ()
        return (*files, *(self.regions.errors if self.regions else ()))

    @property
    def metrics(self) -> dict[str, float]:
        return {
            **(self.regions.metrics if self.regions else {}),
            **(docling_metrics(self.documents, self.scans) if self.documents else {}),
            **(ledger_metrics(self.filed) if self.filed else {}),
            **(self.rates.metrics if self.rates else {}),
            **self.memory,
        }

    def row(self) -> dict[str, Any]:
        """Of a results file: all metrics, and the documents and files that they come from."""
        rates = asdict(self.rates) if self.rates else {}
        intervals = self.regions.intervals if self.regions else {}
        row = {
            "n": self.n,
            **rates,
            "errors": self.errors,
            "metrics": {k: round(v, 6) for k, v in self.metrics.items()},
        }
        row["intervals"] = {k: [round(a, 6), round(b, 6)] for k, (a, b) in intervals.items()}
        if self.documents:
            row["docling"] = [asdict(d) for d in self.documents]
            row["docling scans"] = [asdict(s) for s in self.scans]
        if self.filed:
            row["lost"] = [asdict(f) for f in lost(self.filed)[:_LOST]]
        return row


def measure(options: IngestionOptions, settings: Settings) -> IngestionMeasurement:
    """Every part that is asked for, one after the other. Raises ValueError where there is none,
    DatasetError for a folder that is not what it should be."""
    options.check()
    regions = _regions(options.regions, settings) if options.regions else None
    documents, scans = _docling(options.docling, settings) if options.docling else ((), ())
    return IngestionMeasurement(
        rates=measure_rates(options.files, settings, options.rounds) if options.files else None,
        regions=regions,
        documents=documents,
        scans=scans,
        filed=_ledger(options.ledger, settings) if options.ledger else (),
        memory=_memory(options.long, settings) if options.long else {},
    )


def _regions(folder: Path, settings: Settings) -> RegionScores:
    dataset = read_dataset(folder)
    with progress("regions", len(dataset.sources), "documents") as report:
        return score_regions(dataset, folder, settings.ocr, settings.workers, report)


def _docling(
    folder: Path, settings: Settings
) -> tuple[tuple[ComparedDocument, ...], tuple[ComparedScan, ...]]:
    with progress("docling", unit="documents") as report:
        documents = compare_documents(folder, settings.ocr, report)
    with progress("docling scans", unit="documents") as report:
        return tuple(documents), tuple(compare_scans(folder, report) if settings.ocr else ())


def _ledger(folder: Path, settings: Settings) -> tuple[FileOutcome, ...]:
    with progress("ledger", unit="files") as report:
        return tuple(ingest_files(folder, settings, report))


def _memory(samples: Sequence[Path], settings: Settings) -> dict[str, float]:
    """Of `octavo ingest` with one worker, all processes together, on a short and a long PDF."""
    megabytes = {}
    with TemporaryDirectory() as place, progress("memory", 2, "documents") as report:
        for done, pages in enumerate((_SHORT, _LONG), 1):
            file = Path(place) / f"{pages}.pdf"
            file.write_bytes(long_pdf(list(samples), pages))
            command = ["env", "OCTAVO_WORKERS=1", f"OCTAVO_OCR={settings.ocr}", sys.executable]
            command += ["-m", "octavo", "ingest", str(file), "--index", f"{place}/{pages}"]
            peak = peak_of(command)
            megabytes[f"peak memory MB, {pages:,} pages"] = peak.total
            megabytes[f"peak anonymous memory MB, {pages:,} pages"] = peak.anonymous
            report(done)
    names = (f"peak memory MB, {n:,} pages" for n in (_LONG, _SHORT))
    return megabytes | {
        "peak memory, long to short": megabytes[next(names)] / megabytes[next(names)]
    }
