"""`octavo eval tables`: how many cells of known tables are read under their own headers."""

from __future__ import annotations

import json
from pathlib import Path

import click

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("files", nargs=-1, type=_FILE)
@click.option(
    "--tables", "most", default=30, show_default=True, type=click.IntRange(1, 10_000),
    help="Tables in all, drawn from FILES in equal parts.",
)  # fmt: skip
@click.option(
    "--scans", default=10, show_default=True, type=click.IntRange(0, 10_000),
    help="Of them, tables that are read as scans too: seconds each.",
)  # fmt: skip
@click.option("--seed", default=7, show_default=True, help="Which tables are drawn.")
@click.option("--layout", default="", help="Only layouts whose name has this in it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def tables(
    files: tuple[Path, ...], most: int, scans: int, seed: int, layout: str, as_json: bool
) -> None:
    """Draws tables of FILES in every layout and format, reads them, and counts body cells by
    whether row name and whole header are right in what is indexed.

    FILES have a JSON line with id, header and rows for each table (may be gzip); without any,
    tables are invented.
    """
    from octavo.evals.cli.show import make_console, print_table
    from octavo.evals.datasets.types import DatasetError
    from octavo.evals.tables.measure_tables import measure_tables, table_layouts
    from octavo.evals.tables.table_cases import invented_tables, read_tables

    try:
        share = -(-most // max(1, len(files)))
        cases = [c for f in files for c in read_tables(f, share, seed)]
    except DatasetError as error:
        raise click.ClickException(str(error)) from None
    cases = cases or invented_tables(most, seed)
    layouts = [t for t in table_layouts() if layout in t.name and (scans or not t.slow)]
    if not layouts:
        names = ", ".join(t.name for t in table_layouts())
        raise click.BadParameter(f"no layout has {layout!r} in its name; there are: {names}")
    rows = []
    for name, scores in measure_tables(cases, layouts, scans):
        rows.append((name, scores))
        if not as_json:
            click.echo(f"{name}: {scores.share(scores.right):.3f}", err=True)
    if as_json:
        click.echo(json.dumps({name: scores.row() for name, scores in rows}, indent=1))
        return
    print_table(
        make_console(),
        ("layout", "cells", "right", "wrong header", "no header", "missed"),
        [
            (
                name,
                str(s.cells),
                *(f"{s.share(n):.4f}" for n in (s.right, s.wrong, s.bare, s.missed)),
            )
            for name, s in rows
        ],
    )
