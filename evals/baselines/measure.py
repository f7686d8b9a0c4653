"""One system measured: ingested and asked in two processes, then scored; one result row."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from octavo.evals.baselines.child import DriverOutcome, PeerError, run_driver
from octavo.evals.baselines.environments import child_environment
from octavo.evals.baselines.protocol import DEPTH, SHOWN, DriverTask
from octavo.evals.baselines.selection import Selection
from octavo.evals.baselines.systems import System
from octavo.evals.metrics.costs import size_of
from octavo.evals.metrics.retrieval import intervals, means, percentile, retrieval_metrics
from octavo.evals.provenance import Provenance, digest
from octavo.evals.run_files import read_run, write_rows

_MB = 1e6


@dataclass(frozen=True, slots=True)
class Bench:
    """What all systems share: data, embedder, where runs lie, the limits, and where it ran."""

    selection: Selection
    embedder: Path
    runs: Path
    cores: int
    limit: float  # seconds a phase
    origin: Provenance


def measure(bench: Bench, system: System, python: Path, round_: int) -> dict[str, Any]:
    """The row of a system that ran. Raises PeerError where it did not."""
    folder = bench.runs / f"{system.name}-{round_}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0  # before it begins
    task = _task(bench, system, folder)
    task.write(folder / "task.json")
    ingest = _phase("ingest", bench, system, python, folder)
    query = _phase("query", bench, system, python, folder)
    index = folder / "index"
    size, originals = size_of(index), size_of(index / (system.originals or "-"))
    shutil.rmtree(index)
    values = retrieval_metrics(read_run(folder / "run.trec"), bench.selection.qrels)
    _write_questions(bench.selection, values, folder)
    metrics = {**_speed(ingest, query), **_sizes(ingest, size, originals), **means(values)}
    return {
        **row_of(bench, system, round_),
        **_told(bench, system, ingest, query),
        "n": len(bench.selection.questions),
        "load": round(load, 1),
        "metrics": {name: round(value, 6) for name, value in metrics.items()},
        "intervals": _intervals(bench.selection, values),
    }


def _told(
    bench: Bench, system: System, ingest: DriverOutcome, query: DriverOutcome
) -> dict[str, Any]:
    """What the driver said of its set-up and of what it ingested."""
    ingested, about = ingest.events["ingested"], query.events["about"]
    settings = {
        "system": system.name,
        **ingested["settings"],
        "timed passages": SHOWN,
        "scored passages": DEPTH,
        "cores": bench.cores,
    }
    return {
        "config": digest({**settings, **about["versions"]}),
        "settings": settings,
        "python": about["python"],
        "versions": about["versions"],
        "errors": ingested["errors"],
        "pages": ingested["pages"],
        "chunks": ingested["chunks"],
        "parts": {name: round(s, 3) for name, s in ingested["parts"].items()},
    }


def _intervals(
    selection: Selection, values: Mapping[str, Mapping[str, float]]
) -> dict[str, list[float]]:
    """95 % of each mean, documents drawn whole."""
    groups = {q: document for q, (_, document) in selection.questions.items()}
    bounds = intervals(values, groups)
    return {name: [round(low, 6), round(high, 6)] for name, (low, high) in bounds.items()}


def row_of(bench: Bench, system: System, round_: int) -> dict[str, Any]:
    """What a row says of a system whether or not it could be measured."""
    return {
        **asdict(bench.origin),
        "dataset": bench.selection.name,
        "data": bench.selection.data,
        "unit": "page",
        "documents": len(bench.selection.documents),
        "system": system.name,
        "what": system.what,
        "round": round_,
        "config": "",
        "n": 0,
        "errors": [],
        "metrics": {},
    }


def _task(bench: Bench, system: System, folder: Path) -> DriverTask:
    return DriverTask(
        system=system.name,
        options=system.options,
        embedder=str(bench.embedder),
        index=str(folder / "index"),
        run=str(folder / "run.trec"),
        documents=[str(d) for d in bench.selection.documents],
        questions=[(q, text) for q, (text, _) in bench.selection.questions.items()],
    )


def _phase(verb: str, bench: Bench, system: System, python: Path, folder: Path) -> DriverOutcome:
    command = [str(python), "-m", system.module, verb, str(folder / "task.json")]
    try:
        return run_driver(
            command, child_environment(os.environ), folder, folder / f"{verb}.log", bench.limit
        )
    except PeerError as error:
        raise PeerError(f"{system.name} {verb}: {error}") from None


def _speed(ingest: DriverOutcome, query: DriverOutcome) -> dict[str, float]:
    ingested, seconds = ingest.events["ingested"], query.events["asked"]["seconds"]
    return {
        "ingest pages/s": ingested["pages"] / ingested["seconds"],
        "ingest memory MB": ingest.memory_mb,
        "cold start s": query.seconds["first"],
        "search p50 ms": percentile(seconds, 0.5),
        "search p95 ms": percentile(seconds, 0.95),
        "query memory MB": query.memory_mb,
    }


def _sizes(ingest: DriverOutcome, size: int, originals: int) -> dict[str, float]:
    thousands = max(1, ingest.events["ingested"]["pages"]) / 1000
    return {
        "index MB/1000 pages": (size - originals) / _MB / thousands,
        "with originals MB/1000 pages": size / _MB / thousands,
    }


def _write_questions(
    selection: Selection, values: Mapping[str, Mapping[str, float]], folder: Path
) -> None:
    """`questions.jsonl`, so that `octavo eval compare` takes a run of any system."""
    rows: Sequence[dict[str, Any]] = [
        {"query-id": q, "text": text, "doc": document, "metrics": dict(values[q])}
        for q, (text, document) in selection.questions.items()
    ]
    write_rows(rows, folder / "questions.jsonl")
