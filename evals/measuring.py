"""The commands that measure speed: `octavo eval ingest` and `octavo eval bench`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.cli import PARTIAL, common_options

if TYPE_CHECKING:
    from api.settings import Settings

_OUT = click.option(
    "--out", type=click.Path(path_type=Path), help="Results file that the row is appended to."
)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@_OUT
@common_options
def ingest(settings: Settings, as_json: bool, paths: tuple[Path, ...], out: Path | None) -> None:
    """How fast files are read, embedded and indexed, each step beside its bound.

    The index is made in a temporary folder and goes away.
    """
    from api.ingesting import progress_bar
    from evals.ingestion import bench_ingest
    from evals.provenance import provenance
    from evals.show import show_ingest
    from ingest.files import find_files

    origin = provenance()
    files = list(find_files(paths))
    try:
        with progress_bar() as on_ingest:
            found = bench_ingest(files, settings, on_ingest)
    except KeyboardInterrupt:
        # Its index goes away with it: there is nothing to go on with.
        raise click.ClickException("interrupted; nothing was measured to the end, no row") from None
    row = asdict(origin) | {"n": len(files)} | asdict(found)
    row["ratios"] = found.ratios
    _told(row, out)
    if as_json:
        click.echo(json.dumps(row, indent=1, ensure_ascii=False))
    else:
        show_ingest(found)
    if found.errors:
        sys.exit(PARTIAL)


@click.command()
@click.option(
    "--questions",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A question a line, or JSON lines with `text`. [beginnings of passages]",
)
@click.option("--clients", default=8, show_default=True, type=click.IntRange(2, 1024))
@_OUT
@common_options
def bench(
    settings: Settings, as_json: bool, questions: Path | None, clients: int, out: Path | None
) -> None:
    """What a question costs on an index: cold start, latency by stage, throughput, memory, disk."""
    from evals.load import read_questions
    from evals.progress import progress
    from evals.provenance import provenance
    from evals.show import show_speed
    from evals.speed import MOST, bench_speed

    if settings.url:
        raise ValueError("eval opens an index itself: leave out --url (and OCTAVO_URL)")
    origin = provenance()
    asked = read_questions(questions) if questions else []
    with progress("questions", min(len(asked), MOST) or MOST) as report:
        found = bench_speed(settings, asked, clients, report)
    row = asdict(origin) | asdict(found)
    _told(row, out)
    if as_json:
        click.echo(json.dumps(row, indent=1, ensure_ascii=False))
    else:
        show_speed(found)
    if found.errors:
        sys.exit(PARTIAL if found.complete else 130)


def _told(row: dict[str, Any], out: Path | None) -> None:
    if out:
        from evals.files import append_row

        append_row(row, out)


#: What is added to the `eval` group.
COMMANDS: tuple[click.Command, ...] = (ingest, bench)
