"""The `octavo eval` commands: progress on standard error, metrics on standard output."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli import PARTIAL, common_options

if TYPE_CHECKING:
    from api.settings import Settings
    from evals.harness import EvalResult


@click.group(name="eval")
def eval_() -> None:
    """Measures retrieval, boxes and abstention on judged questions."""


@eval_.command()
@click.option("--dataset", required=True, type=click.Path(path_type=Path), help="Dataset folder.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Result folder; the index too, unless --index.",
)
@common_options
def run(settings: Settings, as_json: bool, dataset: Path, out: Path) -> None:
    """Ingests what is missing, asks every question, writes run, boxes, abstentions and result."""
    result = run_evaluation(settings, dataset, out, as_json)
    if result.errors:
        sys.exit(PARTIAL)


@eval_.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--metric", "metrics", multiple=True, help="Only this one; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def compare(a: Path, b: Path, metrics: tuple[str, ...], as_json: bool) -> None:
    """Whether run B differs from run A by more than chance (their --out folders)."""
    from evals.compare import compare as compared
    from evals.dataset import DatasetError
    from evals.show import show_comparison

    try:
        found = compared(a, b, metrics)
    except DatasetError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1))
    else:
        show_comparison(found)


def run_evaluation(settings: Settings, folder: Path, out: Path, as_json: bool) -> EvalResult:
    """Runs one dataset through an index (made where there is none)."""
    if settings.url:
        raise ValueError("eval opens an index itself: leave out --url (and OCTAVO_URL)")
    if "index" not in settings.model_fields_set:
        # Never the user's own index: metrics over a mix of documents mean nothing.
        settings = settings.model_copy(update={"index": out / "index"})
    from rich.console import Console
    from rich.progress import Progress as Bar

    from api.ingesting import progress_bar
    from api.service import Service
    from evals.dataset import read_dataset
    from evals.harness import evaluate

    dataset = read_dataset(folder)
    service = Service(settings, create=True)
    try:
        console = Console(stderr=True)
        quiet = not console.is_terminal
        with (
            progress_bar() as on_ingest,
            Bar(console=console, transient=True, disable=quiet) as bar,
        ):
            task = bar.add_task("questions", total=len(dataset.questions))
            result = evaluate(
                dataset,
                service,
                out,
                " ".join(["octavo", *sys.argv[1:]]),
                on_ingest,
                lambda n: bar.update(task, completed=n),
            )
    finally:
        service.close()
    if as_json:
        click.echo(json.dumps(asdict(result), indent=1))
    else:
        _show(result, out)
    return result


def _show(result: EvalResult, out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from evals.harness import rows_of

    console = Console(highlight=False)
    table = Table("metric", "value", box=None, pad_edge=False)
    for name, value in rows_of(result):
        table.add_row(name, str(value))
    console.print(table)
    console.print(
        f"{result.dataset}: {result.n} questions, {result.documents} documents, {result.pages} "
        f"pages, {result.chunks} chunks, {len(result.errors)} errors; files in {out}"
    )
    for error in result.errors[:10]:
        console.print(f"  {error}", markup=False)
