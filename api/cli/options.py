"""Options, errors and the open index that commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from octavo.api.client import Client
    from octavo.api.service import Service
    from octavo.api.settings import Settings


#: Exit codes: 1 an error, 2 when at least one document failed or has failed pages.
PARTIAL = 2


_SETTINGS = ("index", "profile", "url", "offline")


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
        from octavo.api.settings import environment, read_settings

        with told_errors():
            given = {name: options.pop(name) for name in _SETTINGS}
            settings = read_settings(environment(), given)
            if settings.offline:
                from octavo.ingest.sockets import forbid_sockets

                forbid_sockets()
            command(settings=settings, **options)

    return wrapped


_CONDITIONS = ("documents", "folders", "names", "types", "since", "until")


def where_options(command: Callable[..., None]) -> Callable[..., None]:
    """Conditions on documents; hands over `where`."""

    @wraps(command)
    def wrapped(**options: Any) -> None:
        from octavo.api.document_filter import read_metadata
        from octavo.api.library.where import Where

        given = {name: options.pop(name) for name in _CONDITIONS}
        try:
            metadata = read_metadata(options.pop("metadata"))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        command(where=Where(**given, metadata=metadata), **options)

    for option in reversed(
        (
            click.option(
                "--in",
                "documents",
                multiple=True,
                help="Only this document (name, part of one, id or source); repeatable, like most.",
            ),
            click.option(
                "--folder",
                "folders",
                multiple=True,
                help="Only under this folder, as contracts/2024.",
            ),
            click.option(
                "--name", "names", multiple=True, help="Only files such as 'report-*.pdf'."
            ),
            click.option("--type", "types", multiple=True, help="Only this type of file, as pdf."),
            click.option(
                "--since", default="", metavar="DATE", help="Only from 2024-05-31 (or 2024)."
            ),
            click.option(
                "--until", default="", metavar="DATE", help="Only to this date, included."
            ),
            click.option(
                "--meta",
                "metadata",
                multiple=True,
                metavar="KEY=VALUE",
                help="Only with this metadata; VALUE may have *.",
            ),
        )
    ):
        wrapped = option(wrapped)
    return wrapped


def labels_option(command: Callable[..., None]) -> Callable[..., None]:
    """Metadata that goes with documents; hands over `labels`."""

    @click.option(
        "--meta",
        "pairs",
        multiple=True,
        metavar="KEY=VALUE",
        help="Metadata to keep with the documents; without VALUE the key goes. Repeatable.",
    )
    @wraps(command)
    def wrapped(pairs: tuple[str, ...], **options: Any) -> None:
        from octavo.ingest.document import DocumentError
        from octavo.ingest.sidecar import checked_metadata

        split = [(key, value) for key, sign, value in (p.partition("=") for p in pairs) if sign]
        if len(split) < len(pairs):
            raise click.UsageError("--meta is written KEY=VALUE, as in --meta project=north")
        try:
            labels = checked_metadata(dict(split), "--meta")
        except DocumentError as error:
            raise click.UsageError(str(error)) from None
        command(labels=labels, **options)

    return wrapped


@contextmanager
def told_errors() -> Iterator[None]:
    """Errors that are the user's to mend become one message and exit code 1."""
    from octavo.api.model_profile import SettingsError
    from octavo.generate.answer import Cancelled, GeneratorError
    from octavo.index.encoders.encoder import ModelError
    from octavo.index.store import StoreError
    from octavo.ingest.document import DocumentError

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
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(130)  # Python would wait for threads that read or embed what nobody needs


@contextmanager
def open_backend(settings: Settings, create: bool = False) -> Iterator[Service | Client]:
    backend: Service | Client
    if settings.url:
        from octavo.api.client import Client

        backend = Client(settings.url)
    else:
        from octavo.api.service import Service

        backend = Service(settings, create)
    try:
        yield backend
    finally:
        backend.close()
