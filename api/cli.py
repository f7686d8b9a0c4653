"""The `octavo` command. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from api.client import Client
    from api.service import Service
    from api.settings import Settings
    from retrieve.folding import By

#: Exit codes: 1 an error, 2 when at least one document failed or has pages in quarantine.
PARTIAL = 2
_SETTINGS = ("index", "profile", "url", "offline")


class _Commands(click.Group):
    """The commands here, and those that other packages add as entry points.

    `evals` adds `eval`: it stands above `api` and must not be imported by it.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_added()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is not None or cmd_name not in _added():
            return found
        loaded = _added()[cmd_name].load()
        return loaded if isinstance(loaded, click.Command) else None


@cache
def _added() -> dict[str, EntryPoint]:
    return {e.name: e for e in entry_points(group="octavo.commands")}


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="octavo")
def cli() -> None:
    """Answers questions from your documents, figures included, with the page and the box."""


def common_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options that every command takes; hands over `settings` and `as_json`."""

    @click.option("--index", type=click.Path(path_type=Path), help="Index folder. [OCTAVO_INDEX]")
    @click.option("--profile", help="Model profile: a name or a .toml file. [OCTAVO_PROFILE]")
    @click.option("--url", help="Go through a running server. [OCTAVO_URL]")
    @click.option(
        "--offline",
        is_flag=True,
        default=None,
        help="No socket leaves this machine. [OCTAVO_OFFLINE]",
    )
    @click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
    @wraps(command)
    def wrapped(**options: Any) -> None:
        from api.settings import environment, read_settings

        with _told():
            given = {name: options.pop(name) for name in _SETTINGS}
            settings = read_settings(environment(), given)
            if settings.offline:
                from ingest.sockets import forbid_sockets

                forbid_sockets()
            command(settings=settings, **options)

    return wrapped


@contextmanager
def _told() -> Iterator[None]:
    """Errors that are the user's to mend become one message and exit code 1."""
    from api.settings import SettingsError
    from generate.answer import Cancelled, GeneratorError
    from index.encode import ModelError
    from index.store import StoreError
    from ingest.document import DocumentError

    try:
        yield
    except BrokenPipeError:
        # Who read the output (`head`) has enough. Python would fail again on what it still holds.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)  # as if SIGPIPE had ended it
    except (
        SettingsError,
        StoreError,
        ModelError,
        GeneratorError,
        Cancelled,
        DocumentError,
        OSError,
        ValueError,
    ) as error:
        click.echo(f"octavo: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        click.echo("octavo: interrupted; what was committed stays, run again to go on", err=True)
        sys.exit(130)


@contextmanager
def _backend(settings: Settings, create: bool = False) -> Iterator[Service | Client]:
    backend: Service | Client
    if settings.url:
        from api.client import Client

        backend = Client(settings.url)
    else:
        from api.service import Service

        backend = Service(settings, create)
    try:
        yield backend
    finally:
        backend.close()


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Documents read at once. [OCTAVO_WORKERS]"
)
@common_options
def ingest(settings: Settings, as_json: bool, paths: tuple[Path, ...], workers: int | None) -> None:
    """Adds files and folders to the index. The same bytes again change nothing.

    Folders are read with all that is in them. `-` stands for a list of paths on standard input,
    one a line or parted by NUL bytes.
    """
    from api.ingesting import incomplete, run_ingest
    from api.service import sources_of

    if workers is not None:
        if settings.url:
            raise click.UsageError("--workers is for reading here; the server at --url has its own")
        settings = settings.model_copy(update={"workers": workers})
    sources = sources_of(_with_listed(paths), settings)
    with _backend(settings, create=True) as backend:
        outcome = run_ingest(backend, sources, as_json)
    if incomplete(outcome):
        sys.exit(PARTIAL)


def _with_listed(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """`paths`, the list on standard input in the place of `-`."""
    from ingest.files import listed_paths

    at = next((n for n, path in enumerate(paths) if path == Path("-")), None)
    if at is None:
        return paths
    return (*paths[:at], *listed_paths(sys.stdin.buffer.read()), *paths[at + 1 :])


@cli.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@common_options
def retry(settings: Settings, as_json: bool, names: tuple[str, ...]) -> None:
    """Tries again what failed: sources that could not be read, documents with pages in quarantine.

    Nothing that is indexed is lost by it: a document is replaced only by a reading that is at least
    as good on every page. Exit code 2 while anything is left.
    """
    from api.ingesting import incomplete, run_retry

    with _backend(settings) as backend:
        outcome = run_retry(backend, names, as_json)
    if incomplete(outcome):
        sys.exit(PARTIAL)


def _question(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.argument("text", default=""),
        click.option("--image", type=click.Path(path_type=Path), help="Ask about a picture."),
        click.option(
            "--in",
            "documents",
            multiple=True,
            help="Only this document (name, id or source); repeatable.",
        ),
        click.option("--limit", "-k", default=10, show_default=True, type=click.IntRange(1, 100)),
    ):
        command = option(command)
    return command


@cli.command()
@_question
@click.option(
    "--by",
    type=click.Choice(["chunk", "page", "document"]),
    default="chunk",
    help="One hit a chunk, page or document. [chunk]",
)
@click.option("--no-fold", is_flag=True, help="List near-duplicates and overlaps one by one.")
@click.option(
    "--diverse",
    metavar="LAMBDA",
    type=click.FloatRange(0, 1),
    help="Spread the hits: 1 by score alone, 0 by novelty alone (MMR).",
)
@common_options
def search(
    settings: Settings,
    as_json: bool,
    text: str,
    image: Path | None,
    documents: tuple[str, ...],
    limit: int,
    by: By,
    no_fold: bool,
    diverse: float | None,
) -> None:
    """Lists the passages, tables and figures that match, with their trace."""
    from api.asking import search_index
    from api.show import show_hits
    from retrieve.folding import Listing

    with _backend(settings) as backend:
        listing = Listing(by, not no_fold, diverse)
        found = search_index(backend, text, image, documents, limit, listing)
    if as_json:
        click.echo(found.model_dump_json(indent=1))
    else:
        show_hits(found)


@cli.command()
@_question
@click.option("--expect", default="", metavar="NAME#p12", help="A page that should be found.")
@click.option(
    "-o",
    "--heat",
    type=click.Path(path_type=Path),
    help="Write the figure with what the question met in it as PNG (patch encoders).",
)
@common_options
def explain(
    settings: Settings,
    as_json: bool,
    text: str,
    image: Path | None,
    documents: tuple[str, ...],
    limit: int,
    expect: str,
    heat: Path | None,
) -> None:
    """Follows a search stage by stage: what was found where, by which words.

    With --expect: at which stage that page was found, its rank and score there, where it was lost
    and by how much.
    """
    from api.asking import explain_index, save_heat
    from api.showing_explained import show_explained

    with _backend(settings) as backend:
        drawn = heat is not None
        explained = explain_index(backend, text, image, documents, limit, expect, drawn)
    saved = save_heat(explained, heat) if heat else None
    if as_json:
        click.echo(explained.model_dump_json(indent=1))
    else:
        show_explained(explained, saved)


@cli.command()
@_question
@click.option("--save", type=click.Path(path_type=Path), help="Write the cited page as PNG.")
@common_options
def ask(
    settings: Settings,
    as_json: bool,
    text: str,
    image: Path | None,
    documents: tuple[str, ...],
    limit: int,
    save: Path | None,
) -> None:
    """Answers from the documents, cited to page and box, or says that they do not answer."""
    from api.asking import ask_index, save_evidence
    from api.show import drafts, show_answer

    with _backend(settings) as backend:
        answer = ask_index(backend, text, image, documents, limit, drafts(as_json))
        saved = save_evidence(backend, answer, save) if save else None
    if as_json:
        click.echo(answer.model_dump_json(indent=1))
    else:
        show_answer(answer, saved)


@cli.command()
@click.argument("name", default="")
@common_options
def status(settings: Settings, as_json: bool, name: str) -> None:
    """The ledger: what became of every page and of every source that was ever given.

    With NAME (name, id or source) that of one document, with the reason of each page in quarantine.
    """
    from api.showing_ledger import show_entry, show_status
    from api.wire import LedgerOut

    with _backend(settings) as backend:
        state = backend.entry(name) if name else backend.status()
    if as_json:
        click.echo(state.model_dump_json(indent=1))
    elif isinstance(state, LedgerOut):
        show_entry(state)
    else:
        show_status(state)


@cli.command()
@click.argument("name")
@common_options
def delete(settings: Settings, as_json: bool, name: str) -> None:
    """Removes a document and everything derived from it.

    NAME is its file name, its id (or 8 and more digits of its beginning) or its source. Where that
    fits several documents they are listed, and none is removed.
    """
    with _backend(settings) as backend:
        gone = backend.delete(name)
    if as_json:
        click.echo(gone.model_dump_json(indent=1))
    else:
        for d in gone.deleted:
            click.echo(f"deleted {d.name}: {d.pages} pages, {d.chunks} chunks")
        for f in gone.forgotten:
            click.echo(f"forgot that {f.source} failed: {f.reason}")


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@common_options
def serve(settings: Settings, as_json: bool, host: str, port: int) -> None:
    """Serves the index: a page to ask at /, the API at /v1, its description at /docs."""
    from api.server import run_server

    if settings.url:
        raise ValueError("serve opens an index itself: leave out --url (and OCTAVO_URL)")
    run_server(settings, host, port)


@cli.command()
@click.option("--to", default="", metavar="URL", help="Bring the index to this Qdrant server.")
@common_options
def reindex(settings: Settings, as_json: bool, to: str) -> None:
    """Embeds the stored documents again with the current profile, then switches to the result.

    With --to the result goes to a Qdrant server, and vectors that fit are copied, not made again.
    """
    from api.ingesting import incomplete
    from api.reindexing import run_move, run_reindex

    outcome = run_move(settings, to, as_json) if to else run_reindex(settings, as_json)
    if outcome and incomplete(outcome):
        sys.exit(PARTIAL)


@cli.command()
@common_options
def repair(settings: Settings, as_json: bool) -> None:
    """Makes a damaged index whole: what its store has lost is indexed again from the originals.

    Nothing is deleted before everything is indexed again. Exit code 2 where something is left that
    could not be mended.
    """
    from api.repairing import run_repair, show_repair

    out = run_repair(settings)
    if as_json:
        click.echo(out.model_dump_json(indent=1))
    else:
        show_repair(out)
    if out.lost:
        sys.exit(PARTIAL)


def main() -> None:
    """Entry point of the `octavo` command."""
    cli()
