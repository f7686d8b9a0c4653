"""`octavo ingest` and `octavo retry`: progress on standard error, results on standard output."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from octavo.api.console.ingest_progress import ingest_progress
from octavo.api.schemas.results import IngestOut, ResultOut
from octavo.index.progress import Progress as Step
from octavo.index.source import Source

if TYPE_CHECKING:
    from octavo.api.client import Client
    from octavo.api.service import Service

_OUTCOMES = {
    "added": "added",
    "updated": "updated",
    "metadata": "metadata updated, nothing read again",
    "unchanged": "already indexed, nothing to do",
    "duplicate": "duplicate",
    "failed": "failed",
    "gone": "no longer exists; forgotten",
}
_RUNS = 10  # of failed pages that are told with a document


def run_ingest(backend: Service | Client, sources: Sequence[Source], as_json: bool) -> IngestOut:
    """Ingests, prints a line a file as it is done, and a summary."""
    if not sources:
        raise ValueError("no files found under the paths given")
    return _run(lambda report: backend.ingest(sources, report), as_json, _summary)


def run_retry(backend: Service | Client, names: Sequence[str], as_json: bool) -> IngestOut:
    """Tries again what failed, prints a line each, and what is left."""
    return _run(lambda report: backend.retry(names, report), as_json, _left)


def _run(
    begin: Callable[[Callable[[Step], None]], Iterator[ResultOut]],
    as_json: bool,
    summary: Callable[[IngestOut], str],
) -> IngestOut:
    start = time.perf_counter()
    results = told_results(begin, as_json)
    outcome = IngestOut(results=results, seconds=round(time.perf_counter() - start, 3))
    click.echo(outcome.model_dump_json(indent=1) if as_json else summary(outcome))
    return outcome


def told_results(
    begin: Callable[[Callable[[Step], None]], Iterator[ResultOut]], as_json: bool
) -> list[ResultOut]:
    """Results, each told as it comes, with the progress while none does."""
    results: list[ResultOut] = []
    with ingest_progress() as report:
        for result in begin(report):
            results.append(result)
            if not as_json:
                click.echo(_line(result), err=result.outcome == "failed")
    return results


def incomplete(outcome: IngestOut) -> bool:
    """Whether a source failed or has failed pages."""
    return lacking(outcome.results)


def lacking(results: Sequence[ResultOut]) -> bool:
    """The same of results."""
    return any(r.outcome == "failed" or r.failed_pages for r in results)


def _line(result: ResultOut) -> str:
    line = f"{result.name}: {_OUTCOMES[result.outcome]}"
    if result.outcome in ("added", "updated"):
        line += f", {result.pages} pages, {result.chunks} chunks"
    if result.reason:
        line += f": {result.reason}"
    for run in result.failed_pages[:_RUNS]:
        line += f"\n  {run.pages} failed: {run.reason}"
    more = len(result.failed_pages) - _RUNS
    return f"{line}\n  and {more} more: octavo status {result.document[:8]}" if more > 0 else line


def _left(outcome: IngestOut) -> str:
    if not outcome.results:
        return "nothing to retry: no source and no page failed"
    left = sum(r.outcome == "failed" for r in outcome.results)
    pages = sum(p.last - p.first + 1 for r in outcome.results for p in r.failed_pages)
    return f"{len(outcome.results)} tried; {left} failed, {pages} failed pages are left"


def _summary(outcome: IngestOut) -> str:
    new = [r for r in outcome.results if r.outcome in ("added", "updated")]
    pages = sum(r.pages for r in new)
    failed = sum(r.outcome == "failed" for r in outcome.results)
    rate = f", {pages / outcome.seconds:.1f} pages/s" if pages else ""
    tail = f"; {failed} failed" if failed else ""
    same = len(outcome.results) - len(new) - failed
    kept = f"; {same} already there" if same else ""
    return f"{len(new)} documents, {pages} pages in {outcome.seconds:.1f} s{rate}{kept}{tail}"
