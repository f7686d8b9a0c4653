"""The commands about an index as a whole: serve, reindex, repair."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import PARTIAL, common_options

if TYPE_CHECKING:
    from octavo.api.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@common_options
def serve(settings: Settings, as_json: bool, host: str, port: int) -> None:
    """Serves the index: a page to ask at /, the API at /v1, its description at /docs."""
    from octavo.api.http.app import run_server

    if settings.url:
        raise ValueError("serve opens an index itself: leave out --url (and OCTAVO_URL)")
    run_server(settings, host, port)


@click.command()
@click.option("--to", default="", metavar="URL", help="Bring the index to this Qdrant server.")
@common_options
def reindex(settings: Settings, as_json: bool, to: str) -> None:
    """Embeds the stored documents again with the current profile, then switches to the result.

    With --to the result goes to a Qdrant server, and vectors that fit are copied, not made again.
    """
    from octavo.api.cli.ingest_calls import incomplete
    from octavo.api.reindex import run_move, run_reindex

    outcome = run_move(settings, to, as_json) if to else run_reindex(settings, as_json)
    if outcome and incomplete(outcome):
        sys.exit(PARTIAL)


@click.command()
@common_options
def repair(settings: Settings, as_json: bool) -> None:
    """Makes a damaged index whole: what its store has lost is indexed again from the originals.

    Nothing is deleted before everything is indexed again. Exit code 2 where something is left that
    could not be mended.
    """
    from octavo.api.repair import run_repair, show_repair

    out = run_repair(settings)
    if as_json:
        click.echo(out.model_dump_json(indent=1))
    else:
        show_repair(out)
    if out.lost:
        sys.exit(PARTIAL)
