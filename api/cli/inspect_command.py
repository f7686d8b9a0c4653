"""`octavo inspect`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import common_options

if TYPE_CHECKING:
    from octavo.api.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--page", type=click.IntRange(1), help="Only this page. [with -o: 1]")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Draw the page here, as PNG.")
@click.option("--text", "as_text", is_flag=True, help="Print the chunks.")
@common_options
def inspect(
    settings: Settings,
    as_json: bool,
    file: Path,
    page: int | None,
    out: Path | None,
    as_text: bool,
) -> None:
    """Shows what is found in a file: regions drawn on a page, chunks, states of pages."""
    from octavo.api.inspect_file import chunk_lines, inspect_file, page_line, plain
    from octavo.ingest.document import DocumentError
    from octavo.ingest.inspect import draw_page

    try:
        inspected = inspect_file(file, settings)
    except DocumentError as error:
        raise ValueError(f"{file}: {error}") from error
    if page is not None and page > len(inspected.pages):
        raise ValueError(f"{file} has pages 1 to {len(inspected.pages)}; page {page} was asked")
    if out:
        shown = inspected.pages[(page or 1) - 1]
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(draw_page(inspected.data, inspected.kind, shown))
    pages = [p for p in inspected.pages if page in (None, p.number)]
    chunks = [c for c in inspected.chunks if page is None or page in {r.page for r in c.regions}]
    if as_json:
        click.echo(json.dumps(plain(pages, chunks), indent=1, ensure_ascii=False))
    elif as_text:
        for chunk in chunks:
            click.echo(chunk_lines(chunk))
    else:
        for p in pages:
            click.echo(page_line(p))
        click.echo(
            f"{len(inspected.pages)} pages, {len(inspected.chunks)} chunks ({inspected.kind})"
        )
    if out:
        click.echo(f"drawn: {out}", err=True)
