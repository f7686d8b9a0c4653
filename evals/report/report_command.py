"""`octavo eval report`."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path)


@click.command(name="report")
@click.argument("runs", nargs=-1, type=_FOLDER, metavar="[RUN]...")
@click.option("--rows", type=_FOLDER, help="Results file (JSON lines) to draw the history of.")
@click.option("--ablation", type=_FOLDER, help="Folder of an ablation; those in RUN are found.")
@click.option("--out", required=True, type=_FOLDER, help="HTML file to write.")
@click.option(
    "--worst", default=12, show_default=True, type=click.IntRange(0, 200), help="Questions shown."
)
@click.option("--index", default="", help="Index to take pictures from; default: the run's own.")
def report(
    runs: tuple[Path, ...],
    rows: Path | None,
    ablation: Path | None,
    out: Path,
    worst: int,
    index: str,
) -> None:
    """One HTML page about runs (their --out folders): metrics with intervals, what each stage is
    worth, latency, risk and coverage, the worst questions. With --rows also about the rows of
    a results file, such as those of `octavo eval ingest`. It needs no network and no script.
    """
    from octavo.evals.dataset import DatasetError

    try:
        from octavo.evals.report.page import report as written
    except ImportError as error:
        raise click.ClickException(
            f"the report needs {error.name}: pip install 'octavo[evals]'"
        ) from None

    try:
        page = written(runs, rows, ablation, worst, index)
        data = page.html.encode("utf-8", "replace")  # JSON may hold halves of characters
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(data)
    except (DatasetError, OSError) as error:
        raise click.ClickException(str(error)) from error
    for reason in page.refused:
        click.echo(f"refused: {reason}", err=True)
    click.echo(f"{out}: {len(data) / 1e6:.1f} MB")
