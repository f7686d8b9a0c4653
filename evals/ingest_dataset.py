"""The documents of a dataset into an index, and nothing else in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from octavo.api.service import Service
from octavo.evals.dataset import Dataset, DatasetError
from octavo.index.progress import Progress


@dataclass(frozen=True, slots=True)
class DatasetIngestion:
    """What ingestion did: new pages, the seconds it took, and what could not be read."""

    pages: int
    seconds: float
    errors: tuple[str, ...]


def ingest_dataset(
    dataset: Dataset, service: Service, report: Callable[[Progress], None] = lambda _: None
) -> DatasetIngestion:
    """Ingests what is not there yet.

    Raises DatasetError where the index holds other documents, too: they would be found.
    """
    start = time.perf_counter()
    results = list(service.ingest(dataset.sources, report))
    seconds = time.perf_counter() - start
    failed = [f"{r.name}: {r.reason}" for r in results if r.outcome == "failed"]
    failed += [f"{r.name} {p.pages}: {p.reason}" for r in results for p in r.failed_pages]
    wanted = {r.document for r in results if r.document}
    foreign = [s.document.name for s in service.named_all() if s.document.id not in wanted]
    if foreign:
        raise DatasetError(
            f"the index {service.status().index} holds {len(foreign)} documents that are not of "
            f"{dataset.name}, such as {foreign[0]!r}; they would be found, too: use another "
            "--index (or --out)"
        )
    new = sum(r.pages for r in results if r.outcome in ("added", "updated"))
    return DatasetIngestion(new, seconds, tuple(failed))
