"""`python -m octavo.evals.baselines`: Octavo beside other systems, one table."""

from __future__ import annotations

import os
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from octavo.api.cli.options import PARTIAL
from octavo.evals.baselines.child import PeerError
from octavo.evals.baselines.environments import clean, embedder_of, python_of
from octavo.evals.baselines.measure import Bench, measure, row_of
from octavo.evals.baselines.selection import select
from octavo.evals.baselines.systems import System, chosen
from octavo.evals.baselines.table import table
from octavo.evals.dataset import DatasetError
from octavo.evals.provenance import Provenance, provenance
from octavo.evals.run_files import append_row

_PATH = click.Path(path_type=Path)


@click.command(name="python -m octavo.evals.baselines")
@click.option("--dataset", type=_PATH, help="Judged pages: pdfs/, queries.jsonl, qrels.tsv.")
@click.option("--documents", type=_PATH, help="PDFs, where they are not in DATASET/pdfs.")
@click.option("--work", type=_PATH, help="Environments and runs; default: the user's cache.")
@click.option("--only", default="", help="Names of systems, comma separated; default: all.")
@click.option("--limit", type=click.IntRange(min=0), default=0, help="The first N PDFs; 0: all.")
@click.option("--cores", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--seconds", type=float, default=3600.0, help="Limit of a phase of a system.")
@click.option("--out", type=_PATH, help="Rows are appended here; default: WORK/rows.jsonl.")
@click.option("--clean", "cleaning", is_flag=True, help="Only removes what WORK holds.")
def peers(
    dataset: Path | None,
    documents: Path | None,
    work: Path | None,
    only: str,
    limit: int,
    cores: int,
    repeat: int,
    seconds: float,
    out: Path | None,
    cleaning: bool,
) -> None:
    """Runs each system on the same PDFs and questions, one after the other."""
    work = (work or _cache()).absolute()
    if cleaning:
        clean(work)
        return
    if dataset is None:
        raise click.UsageError(
            "--dataset is missing: a folder with pdfs/, queries.jsonl, qrels.tsv"
        )
    try:
        systems = chosen(only)
        selection = select(dataset, documents, limit)
        embedder = embedder_of(work)
    except (DatasetError, PeerError) as error:
        raise click.ClickException(str(error)) from error
    restrict(cores)
    bench = Bench(selection, embedder, work / "runs", cores, seconds, _origin())
    rows = run_all(bench, systems, work, repeat, out or work / "rows.jsonl")
    click.echo(table(rows))
    if any(r["errors"] for r in rows):
        sys.exit(PARTIAL)


def run_all(
    bench: Bench, systems: tuple[System, ...], work: Path, repeat: int, out: Path
) -> list[dict[str, Any]]:
    """Rows of all rounds, each appended to `out` at once; a system that fails has a row too."""
    rows = []
    for round_ in range(1, repeat + 1):
        for system in systems:
            start = time.perf_counter()
            try:
                python = python_of(work, system.environment, system.ours)
                row = measure(bench, system, python, round_)
            except (PeerError, DatasetError, OSError) as error:
                row = {**row_of(bench, system, round_), "errors": [str(error)]}
            rows.append(row)
            append_row(row, out)
            outcome = "failed" if not row["metrics"] else "done"
            seconds = time.perf_counter() - start
            click.echo(f"{system.name}, round {round_}: {outcome}, {seconds:.0f} s", err=True)
    return rows


def restrict(cores: int) -> None:
    """Keeps this process, and with it every system, on that many cores (Linux)."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def _origin() -> Provenance:
    command = shlex.join(["python", "-m", "octavo.evals.baselines", *sys.argv[1:]])
    return replace(provenance(), command=command)


def _cache() -> Path:
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("octavo", appauthor=False)) / "peers"


if __name__ == "__main__":
    peers()
