"""`octavo eval gate`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import PARTIAL, common_options
from octavo.evals.cli.options import DatasetOptions, dataset_options, tell

if TYPE_CHECKING:
    from octavo.api.settings import Settings


@click.command()
@dataset_options
@click.option(
    "--accepted",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of the accepted run to compare with.",
)
@click.option("--accept", is_flag=True, help="Make this run the accepted one.")
@common_options
def gate(
    settings: Settings,
    as_json: bool,
    selection: DatasetOptions,
    out: Path,
    accepted: Path,
    accept: bool,
) -> None:
    """Fails (exit code 2) where quality or speed fell below the last accepted run."""
    from octavo.evals.cli.show import show_gate
    from octavo.evals.experiments.gate import accept as keep
    from octavo.evals.experiments.gate import gate as run
    from octavo.evals.session import open_index, progress_bars

    dataset = selection.read()
    with open_index(settings, out) as service, progress_bars(dataset) as observer:
        outcome = run(dataset, service, out, accepted, observer, compare_only=not accept)
    row = asdict(outcome) | {"passed": outcome.passed}
    tell(row, as_json, lambda: show_gate(outcome, accepting=accept))
    if accept:
        keep(out, accepted)
        click.echo(f"accepted: {accepted}", err=True)
    elif not outcome.passed:
        sys.exit(PARTIAL)
