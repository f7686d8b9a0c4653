"""The commands about documents: ingest, retry, status, delete."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import (
    PARTIAL,
    common_options,
    labels_option,
    open_backend,
    where_options,
)

if TYPE_CHECKING:
    from octavo.api.library.where import Where
    from octavo.api.settings import Settings


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Documents read at once. [OCTAVO_WORKERS]"
)
@click.option("--sync", is_flag=True, help="As `octavo sync`: also what was moved or removed.")
@labels_option
@common_options
def ingest(
    settings: Settings,
    as_json: bool,
    paths: tuple[Path, ...],
    workers: int | None,
    sync: bool,
    labels: dict[str, str],
) -> None:
    """Adds files and folders to the index. The same bytes again change nothing.

    Folders are read with all that is in them but for what `.octavoignore` names. `-` stands for a
    list of paths on standard input, one a line or parted by NUL bytes.
    """
    from octavo.api.cli.folder_commands import sync_folders
    from octavo.api.cli.ingest_calls import incomplete, run_ingest
    from octavo.api.service import sources_of

    if workers is not None:
        if settings.url:
            raise click.UsageError("--workers is for reading here; the server at --url has its own")
        settings = settings.model_copy(update={"workers": workers})
    if sync:
        sync_folders(settings, as_json, _with_listed(paths), False, None, False, labels)
        return
    sources = sources_of(_with_listed(paths), settings, labels)
    with open_backend(settings, create=True) as backend:
        outcome = run_ingest(backend, sources, as_json)
    if incomplete(outcome):
        sys.exit(PARTIAL)


def _with_listed(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """`paths`, the list on standard input in the place of `-`."""
    from octavo.ingest.files import listed_paths

    at = next((n for n, path in enumerate(paths) if path == Path("-")), None)
    if at is None:
        return paths
    return (*paths[:at], *listed_paths(sys.stdin.buffer.read()), *paths[at + 1 :])


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@common_options
def retry(settings: Settings, as_json: bool, names: tuple[str, ...]) -> None:
    """Tries again what failed: sources that could not be read, documents with failed pages.

    Nothing that is indexed is lost by it: a document is replaced only by a reading that is at least
    as good on every page. Exit code 2 while anything is left.
    """
    from octavo.api.cli.ingest_calls import incomplete, run_retry

    with open_backend(settings) as backend:
        outcome = run_retry(backend, names, as_json)
    if incomplete(outcome):
        sys.exit(PARTIAL)


@click.command()
@click.argument("name", default="")
@common_options
def status(settings: Settings, as_json: bool, name: str) -> None:
    """The ledger: what became of every page and of every source that was ever given.

    With NAME (name, id or source) that of one document, with the reason of each failed page.
    """
    from octavo.api.console.ledger import show_entry, show_status
    from octavo.api.schemas.ledger import LedgerOut

    with open_backend(settings) as backend:
        state = backend.entry(name) if name else backend.status()
    if as_json:
        click.echo(state.model_dump_json(indent=1))
    elif isinstance(state, LedgerOut):
        show_entry(state)
    else:
        show_status(state)


@click.command(name="list")
@where_options
@common_options
def list_(settings: Settings, as_json: bool, where: Where) -> None:
    """Lists documents: those that meet the conditions, or all."""
    from octavo.api.console.ledger import show_documents

    with open_backend(settings) as backend:
        state = backend.status(where)
    if as_json:
        click.echo(state.model_dump_json(indent=1))
    else:
        show_documents(state)


@click.command()
@click.argument("name")
@common_options
def delete(settings: Settings, as_json: bool, name: str) -> None:
    """Removes a document and everything derived from it.

    NAME is its file name, its id (or 8 and more digits of its beginning) or its source. Where that
    fits several documents they are listed, and none is removed.
    """
    with open_backend(settings) as backend:
        deletion = backend.delete(name)
    if as_json:
        click.echo(deletion.model_dump_json(indent=1))
    else:
        for d in deletion.deleted:
            click.echo(f"deleted {d.name}: {d.pages} pages, {d.chunks} chunks")
        for f in deletion.forgotten:
            click.echo(f"forgot that {f.source} failed: {f.reason}")
