"""The commands about folders: sync, watch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import PARTIAL, common_options, labels_option, open_backend

if TYPE_CHECKING:
    from octavo.api.schemas.ledger import StatusOut
    from octavo.api.settings import Settings

_FOLDERS = click.argument(
    "folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path)
)


def _removal_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--max-removed",
            metavar="N|N%",
            help="Remove at most so many files at once. [20% or 10, whichever is more]",
        ),
        click.option("--yes", is_flag=True, help="Remove what is no longer there, however much."),
    ):
        command = option(command)
    return command


@click.command()
@_FOLDERS
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@_removal_options
@labels_option
@common_options
def sync(
    settings: Settings,
    as_json: bool,
    folders: tuple[Path, ...],
    dry_run: bool,
    max_removed: str | None,
    yes: bool,
    labels: dict[str, str],
) -> None:
    """Makes the index hold what the folders hold: new, changed, moved and removed files.

    A file that was renamed or moved is not read again. Documents from other places are left alone.
    A folder that is missing or empty is an error, and removes nothing. Exit code 2 while a file
    cannot be read, or more are gone than may be removed at once.
    """
    sync_folders(settings, as_json, folders, dry_run, max_removed, yes, labels)


def sync_folders(
    settings: Settings,
    as_json: bool,
    folders: tuple[Path, ...],
    dry_run: bool,
    max_removed: str | None,
    yes: bool,
    labels: dict[str, str],
) -> None:
    """See `sync`."""
    from octavo.api.cli.ingest_calls import lacking
    from octavo.api.cli.sync_calls import make_plan, planned, run_sync, show_plan, show_totals
    from octavo.api.sync import RemovalLimit
    from octavo.api.sync_plan import FileHashes, list_folders

    limit = None if yes else RemovalLimit.read(max_removed) if max_removed else RemovalLimit()
    hashes = FileHashes(settings.max_file_mb << 20)
    list_folders(folders)  # before an index is made
    if dry_run:
        out = planned(make_plan(folders, _state(settings), hashes), limit)
        if not as_json:
            show_plan(out)
    else:
        with open_backend(settings, create=True) as backend:
            plan = make_plan(folders, backend.status(), hashes)
            out = run_sync(backend, plan, hashes.most, labels, limit, as_json)
    if as_json:
        click.echo(out.model_dump_json(indent=1))
    else:
        show_totals(out)
    if lacking(out.results) or out.withheld or out.totals.get("failed"):
        sys.exit(PARTIAL)


def _state(settings: Settings) -> StatusOut:
    """What the index has; nothing where there is none yet."""
    from octavo.api.cli.sync_calls import no_documents

    if not (settings.url or settings.store or settings.index.exists()):
        return no_documents(settings)
    with open_backend(settings) as backend:
        return backend.status()


@click.command()
@_FOLDERS
@click.option(
    "--max-removed",
    metavar="N|N%",
    help="Remove at most so many files in an hour. [20% or 10, whichever is more]",
)
@click.option(
    "--quiet",
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    help="How long a file must not have changed before it is read.",
)
@labels_option
@common_options
def watch(
    settings: Settings,
    as_json: bool,
    folders: tuple[Path, ...],
    max_removed: str | None,
    quiet: float,
    labels: dict[str, str],
) -> None:
    """Does what `octavo sync` does now, and again whenever a file changes, until Ctrl-C.

    The index is open only while it is changed. With --json a line of JSON for each change.
    """
    from octavo.api.cli.watch_calls import run_watch
    from octavo.api.sync import RemovalLimit

    limit = RemovalLimit.read(max_removed) if max_removed else RemovalLimit()
    run_watch(settings, as_json, folders, limit, labels, quiet)
