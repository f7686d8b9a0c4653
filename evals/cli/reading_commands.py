"""The commands that measure reading and speed: `octavo eval ingest`, `regions` and `bench`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from octavo.api.cli.options import PARTIAL, common_options
from octavo.evals.cli.options import questions_option, tell

if TYPE_CHECKING:
    from octavo.api.settings import Settings

_FOLDER = click.Path(path_type=Path)
_OUT = click.option("--out", type=_FOLDER, help="Results file that the row is appended to.")
_OCR = click.option(
    "--ocr/--no-ocr", default=None, help="Read scans, and pictures of text. [OCTAVO_OCR]"
)


@click.command()
@click.argument("paths", nargs=-1, type=_FOLDER)
@click.option("--regions", type=_FOLDER, help="Dataset with gold boxes: how many regions meet.")
@click.option("--docling", type=_FOLDER, help="Folder of docling's tests to compare with.")
@click.option("--ledger", type=_FOLDER, help="Folder of damaged files: is every page told of?")
@click.option("--memory", is_flag=True, help="Also ingest PDFs of 300 and 3,000 pages, of PATHS.")
@click.option(
    "--rounds",
    default=3,
    show_default=True,
    type=click.IntRange(1, 50),
    help="Times that rates are measured; the median is told.",
)
@_OCR
@_OUT
@common_options
def ingest(
    settings: Settings,
    as_json: bool,
    paths: tuple[Path, ...],
    regions: Path | None,
    docling: Path | None,
    ledger: Path | None,
    memory: bool,
    rounds: int,
    ocr: bool | None,
    out: Path | None,
) -> None:
    """What reading finds, what becomes of every page, and how fast PATHS are read, embedded and
    indexed, each step beside its bound.

    Every index is made in a temporary folder and goes away.
    """
    from octavo.evals.cli.show import show_ingest
    from octavo.evals.provenance import digest, provenance
    from octavo.evals.reading.ingestion import IngestionOptions, measure
    from octavo.evals.run_files import check_results
    from octavo.ingest.files import find_files

    origin = provenance()
    if out:
        check_results(out)
    settings = _with_ocr(settings, ocr)
    files = tuple(find_files(paths))
    parts = IngestionOptions(
        files, regions, docling, ledger, _pdfs(files) if memory else (), rounds
    )
    config = digest([settings.model_dump(mode="json", exclude={"index"}), rounds])
    data = {"dataset": parts.names, "data": parts.data}
    try:
        measurement = measure(parts, settings)
    except KeyboardInterrupt:
        # Its index goes away with it: there is nothing to go on with.
        raise click.ClickException("interrupted; nothing was measured to the end, no row") from None
    row = (
        asdict(origin) | data | {"profile": settings.profile, "config": config} | measurement.row()
    )
    _keep(row, out, as_json, lambda: show_ingest(measurement))
    if row["errors"]:
        sys.exit(PARTIAL)


def _with_ocr(settings: Settings, ocr: bool | None) -> Settings:
    return settings if ocr is None else settings.model_copy(update={"ocr": ocr})


def _pdfs(files: tuple[Path, ...]) -> tuple[Path, ...]:
    pdfs = tuple(f for f in files if f.suffix.lower() == ".pdf")
    if not pdfs:
        raise ValueError("--memory makes long PDFs of those in PATHS; there is none")
    return pdfs


@click.command()
@click.option("--dataset", required=True, type=_FOLDER, help="Folder with pdfs/ and boxes.jsonl.")
@click.option(
    "--gold-pages", is_flag=True, help="Read only pages with gold boxes, as if alone: faster."
)
@click.option("--misses", type=_FOLDER, help="Folder for pictures of the pages with a miss.")
@click.option("--workers", type=click.IntRange(1, 64), help="[OCTAVO_WORKERS]")
@_OCR
@common_options
def regions(
    settings: Settings,
    as_json: bool,
    dataset: Path,
    gold_pages: bool,
    misses: Path | None,
    workers: int | None,
    ocr: bool | None,
) -> None:
    """How many gold boxes of a dataset some region meets; for trying changes of the reader."""
    from octavo.api.console.progress import progress
    from octavo.evals.cli.show import show_numbers
    from octavo.evals.dataset import read_dataset
    from octavo.evals.reading.missed_regions import draw_missed_regions
    from octavo.evals.reading.region_scores import score_regions

    questions = read_dataset(dataset)
    settings = _with_ocr(settings, ocr)
    with progress("regions", len(questions.sources), "documents") as report:
        scores = score_regions(
            questions, dataset, settings.ocr, workers or settings.workers, report, gold_pages
        )
    tell(scores.metrics, as_json, lambda: show_numbers(scores.metrics, scores.intervals))
    for error in scores.errors[:10]:
        click.echo(error, err=True)
    if misses:
        click.echo(
            f"{draw_missed_regions(scores, dataset, misses)} pages drawn in {misses}", err=True
        )


@click.command()
@questions_option
@click.option("--clients", default=8, show_default=True, type=click.IntRange(2, 1024))
@_OUT
@common_options
def bench(
    settings: Settings, as_json: bool, questions: Path | None, clients: int, out: Path | None
) -> None:
    """What a question costs on an index: cold start, latency by stage, throughput, memory, disk."""
    from octavo.api.console.progress import progress
    from octavo.evals.benchmarks.query_speed import MOST, bench_speed
    from octavo.evals.benchmarks.sample_questions import read_questions
    from octavo.evals.cli.show import show_speed
    from octavo.evals.provenance import provenance
    from octavo.evals.run_files import check_results

    if settings.url:
        raise ValueError("eval opens an index itself: leave out --url (and OCTAVO_URL)")
    origin = provenance()
    if out:
        check_results(out)
    texts = read_questions(questions) if questions else []
    with progress("questions", min(len(texts), MOST) or MOST) as report:
        speed = bench_speed(settings, texts, clients, report)
    row = asdict(origin) | asdict(speed)
    _keep(row, out, as_json, lambda: show_speed(speed))
    if speed.errors:
        sys.exit(PARTIAL if speed.complete else 130)


def _keep(row: dict[str, Any], out: Path | None, as_json: bool, show: Callable[[], None]) -> None:
    """The row to its file, and to the person. One that cannot be written is printed: it took long
    to measure."""
    from octavo.evals.run_files import append_row

    try:
        if out:
            append_row(row, out)
    except OSError as error:
        click.echo(json.dumps(row, ensure_ascii=False))
        raise ValueError(f"{out}: {error.strerror}; the row is on standard output") from None
    tell(row, as_json, show)


#: What is added to the `eval` group.
COMMANDS: tuple[click.Command, ...] = (ingest, regions, bench)
