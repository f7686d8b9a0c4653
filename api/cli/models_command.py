"""The `octavo models` commands. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import common_options

if TYPE_CHECKING:
    from octavo.api.schemas.models import ModelsOut, PulledOut
    from octavo.api.settings import Settings

_PROFILE = click.argument("name", metavar="PROFILE", default="")


@click.group()
def models() -> None:
    """The models of the profiles: what they are, and how they come to this machine."""


@models.command("list")
@common_options
def list_(settings: Settings, as_json: bool) -> None:
    """Every profile's models with backend, licence and size, and whether they are here."""
    from octavo.api.model_commands import list_models

    _show(list_models(settings), as_json)


@models.command()
@_PROFILE
@click.option("--again", is_flag=True, help="Fetch what is here already, too.")
@common_options
def pull(settings: Settings, as_json: bool, name: str, again: bool) -> None:
    """Fetches a profile's models from the hub; nothing else ever does."""
    from octavo.api.model_commands import pull_models

    _tell(pull_models(settings, name or settings.profile, again), as_json)


@models.command()
@_PROFILE
@common_options
def check(settings: Settings, as_json: bool, name: str) -> None:
    """Hashes every file of a profile's models and says what is missing or changed."""
    from octavo.api.model_commands import check_models

    _show(check_models(settings, name or settings.profile), as_json)


@models.command()
@common_options
def path(settings: Settings, as_json: bool) -> None:
    """The folder that holds pulled models. [OCTAVO_MODELS]"""
    import json

    click.echo(json.dumps(str(settings.models)) if as_json else settings.models)


@models.command()
@_PROFILE
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path, dir_okay=False))
@common_options
def bundle(settings: Settings, as_json: bool, name: str, out: Path) -> None:
    """Writes a profile's models as one archive, for a machine without a network."""
    from octavo.api.model_commands import bundle_models

    _tell(bundle_models(settings, name or settings.profile, out), as_json)
    if not as_json:
        click.echo(f"{out}; on the other machine: octavo models unpack {out.name}")


@models.command()
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@common_options
def unpack(settings: Settings, as_json: bool, archive: Path) -> None:
    """Brings in an archive made by `models bundle`, every file checked."""
    from octavo.api.model_commands import unpack_models

    _tell(unpack_models(settings, archive), as_json)


def _show(found: ModelsOut, as_json: bool) -> None:
    from octavo.api.model_commands import show_models

    if as_json:
        click.echo(found.model_dump_json(indent=1))
    else:
        show_models(found)


def _tell(found: PulledOut, as_json: bool) -> None:
    if as_json:
        click.echo(found.model_dump_json(indent=1))
        return
    for m in found.models:
        click.echo(f"{m.model}: commit {m.commit[:12]}, {m.files} files, {m.bytes / 1e6:.0f} MB")
