"""The `octavo eval` commands: progress on standard error, results on standard output."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import PARTIAL, common_options
from octavo.evals.cli.gate_command import gate
from octavo.evals.cli.options import DatasetOptions, dataset_options, tell
from octavo.evals.cli.reading_commands import COMMANDS as MEASURING
from octavo.evals.cli.tables_command import tables
from octavo.evals.cli.tuning_commands import COMMANDS as FITTING
from octavo.evals.report.report_command import report
from octavo.evals.synthesis.make_command import make

if TYPE_CHECKING:
    from octavo.api.settings import Settings


@click.group(name="eval")
def eval_() -> None:
    """Measures retrieval, citations, answers, abstention and speed on judged questions."""


@eval_.command()
@dataset_options
@common_options
def run(settings: Settings, as_json: bool, selection: DatasetOptions, out: Path) -> None:
    """Ingests what is missing, asks every question, judges, writes every file of the run."""
    from octavo.evals.cli.show import show_result
    from octavo.evals.evaluate import evaluate
    from octavo.evals.session import judge_of, open_index, progress_bars

    dataset = selection.read()
    with open_index(settings, out) as service, progress_bars(dataset) as observer:
        result = evaluate(dataset, service, out, observer, judge_of(settings))
    tell(asdict(result), as_json, lambda: show_result(result, out))
    if result.errors:
        sys.exit(PARTIAL if result.complete else 130)


@eval_.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--metric", "metrics", multiple=True, help="Only this one; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def compare(a: Path, b: Path, metrics: tuple[str, ...], as_json: bool) -> None:
    """Whether run B differs from run A by more than chance (their --out folders)."""
    from octavo.api.console.progress import progress
    from octavo.evals.cli.show import show_comparison
    from octavo.evals.dataset import DatasetError
    from octavo.evals.statistics.compare import compare as compared

    try:
        with progress("comparing", unit="metrics") as report:
            comparison = compared(a, b, metrics, report=report)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    tell(asdict(comparison), as_json, lambda: show_comparison(comparison))


for _command in (*FITTING, *MEASURING, gate, make, report, tables):
    eval_.add_command(_command)
