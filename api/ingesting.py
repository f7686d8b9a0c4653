"""`octavo ingest`: progress on standard error, results on standard output."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from api.wire import IngestOut, ResultOut
from index.build import Progress as Step
from index.source import Source

if TYPE_CHECKING:
    from api.client import Client
    from api.service import Service

_OUTCOMES = {
    "added": "added",
    "updated": "updated",
    "unchanged": "already indexed, nothing to do",
    "duplicate": "duplicate",
    "failed": "failed",
}


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} pages/s" if task.speed else "-- pages/s")


@contextmanager
def progress_bar() -> Iterator[Callable[[Step], None]]:
    """A bar with pages/s and time left; on standard error, and only on a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("reading", total=None)

        def report(step: Step) -> None:
            more = f" (+{step.waiting} files)" if step.waiting else ""
            name = step.name if len(step.name) <= 32 else step.name[:29] + "..."
            bar.update(
                task, description=f"{name}{more}", completed=step.done, total=step.total or None
            )

        yield report


def run_ingest(backend: Service | Client, sources: Sequence[Source], as_json: bool) -> IngestOut:
    """Ingests, prints a line a file as it is done, and a summary."""
    if not sources:
        raise ValueError("no files found under the paths given")
    start = time.perf_counter()
    results: list[ResultOut] = []
    with progress_bar() as report:
        for result in backend.ingest(sources, report):
            results.append(result)
            if not as_json:
                click.echo(_line(result), err=result.outcome == "failed")
    outcome = IngestOut(results=results, seconds=round(time.perf_counter() - start, 3))
    click.echo(outcome.model_dump_json(indent=1) if as_json else _summary(outcome))
    return outcome


def _line(result: ResultOut) -> str:
    said = f"{result.name}: {_OUTCOMES[result.outcome]}"
    if result.outcome in ("added", "updated"):
        said += f", {result.pages} pages, {result.chunks} chunks"
    if result.reason:
        said += f": {result.reason}"
    for page in result.quarantined:
        said += f"\n  page {page.page} in quarantine: {page.reason}"
    return said


def _summary(outcome: IngestOut) -> str:
    new = [r for r in outcome.results if r.outcome in ("added", "updated")]
    pages = sum(r.pages for r in new)
    failed = sum(r.outcome == "failed" for r in outcome.results)
    rate = f", {pages / outcome.seconds:.1f} pages/s" if pages else ""
    tail = f"; {failed} failed" if failed else ""
    same = len(outcome.results) - len(new) - failed
    kept = f"; {same} already there" if same else ""
    return f"{len(new)} documents, {pages} pages in {outcome.seconds:.1f} s{rate}{kept}{tail}"
