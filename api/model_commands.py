"""`octavo models`: what a profile needs, what is here, and how it comes here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from octavo.api.model_files import ModelRecord, read_record
from octavo.api.model_profile import ModelSettings, Profile, profile_names, read_profile
from octavo.api.model_store import ModelStore
from octavo.api.schemas.models import ModelOut, ModelsOut, PulledModel, PulledOut
from octavo.api.settings import Settings
from octavo.index.encoders.encoder import ModelError

_SHIPPED = ("builtin", "extractive")


def list_models(settings: Settings) -> ModelsOut:
    """Every role of every built-in profile (and of the one in use), with what is known of it."""
    names = profile_names()
    if settings.profile not in names:
        names.append(settings.profile)
    return ModelsOut(models=[r for name in names for r in _rows(read_profile(name), settings)])


def show_models(found: ModelsOut) -> None:
    """A table a profile, narrow enough for 80 columns; `--json` has every field."""
    console = Console(highlight=False)
    for name in dict.fromkeys(r.profile for r in found.models):
        rows = [r for r in found.models if r.profile == name]
        console.print(f"[bold]{escape(name)}[/bold]  {sum(r.size_mb for r in rows):,} MB")
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1, 0, 0))
        for r in rows:
            here = "here" if r.here else "not here"
            quality = "measured" if r.measured else "not measured"
            table.add_row(f"  {r.role}", r.model, r.backend)
            table.add_row("", f"[dim]{r.licence}, {r.size_mb:,} MB, {quality}[/dim]", here)
        console.print(table)
    console.print("measured: a quality figure of ours exists. here: its files are on this machine.")


def pull_models(settings: Settings, name: str, again: bool) -> PulledOut:
    """Fetches what a profile needs and is not here. Raises ModelError."""
    if settings.offline:
        raise ModelError(
            f"--offline (OCTAVO_OFFLINE) forbids to pull {name}; on a machine with a network: "
            f"octavo models bundle {name} -o models.tar, and here: octavo models unpack models.tar"
        )
    library = ModelStore(settings.models)
    records = []
    for row in _pulled(read_profile(name)):
        line = f"{row.model} ({row.size_mb} MB, {row.licence}) from {settings.hub} ..."
        click.echo(line, err=True)
        records.append(library.pull(row.model, row.revision, row.files, settings.hub, again))
    return _pulled_out(records)


def check_models(settings: Settings, name: str) -> ModelsOut:
    """Hashes every file of a profile's models. Raises ModelError that names all that is wrong."""
    profile = read_profile(name)
    library = ModelStore(settings.models)
    wrong = []
    for row in _pulled(profile):
        try:
            library.installed(row.model, row.revision, row.files, name)
        except ModelError as error:
            wrong.append(str(error))
    if "builtin" in {r.backend for r in profile.models.rows().values()}:
        from octavo.index.weights.weight_files import pinned, verified

        for file in pinned():
            verified(file)
    if wrong:
        raise ModelError("\n  ".join(wrong))
    return ModelsOut(models=_rows(profile, settings))


def bundle_models(settings: Settings, name: str, out: Path) -> PulledOut:
    """One archive of what a profile needs. Raises ModelError."""
    wanted = list(dict.fromkeys((r.model, r.revision) for r in _pulled(read_profile(name))))
    if not wanted:
        raise ModelError(f"the profile {name} needs no model beyond what Octavo ships")
    return _pulled_out(ModelStore(settings.models).bundle(wanted, out))


def unpack_models(settings: Settings, archive: Path) -> PulledOut:
    """Brings in what `bundle_models` wrote. Raises ModelError."""
    return _pulled_out(ModelStore(settings.models).unpack(archive))


def _pulled_out(records: Sequence[ModelRecord]) -> PulledOut:
    unique = {(r.name, r.revision): r for r in records}
    return PulledOut(
        models=[
            PulledModel(
                model=r.name,
                revision=r.revision,
                commit=r.commit,
                files=len(r.files),
                bytes=r.bytes,
            )
            for r in unique.values()
        ]
    )


def _pulled(profile: Profile) -> list[ModelSettings]:
    """Rows that a hub provides; one model may stand in several, with other files."""
    return [
        r
        for r in profile.models.rows().values()
        if r.backend not in (*_SHIPPED, "openai") and not Path(r.model).expanduser().exists()
    ]


def _rows(profile: Profile, settings: Settings) -> list[ModelOut]:
    library = ModelStore(settings.models)
    return [
        ModelOut(
            profile=profile.name,
            role=role,
            backend=row.backend,
            model=row.model,
            revision=row.revision,
            licence=row.licence,
            size_mb=row.size_mb,
            purpose=row.purpose,
            measured=row.measured,
            here=_is_here(row, library),
        )
        for role, row in profile.models.rows().items()
    ]


def _is_here(row: ModelSettings, library: ModelStore) -> bool:
    """By its record and the presence of its files; hashing is what `check` does."""
    if row.backend in _SHIPPED or Path(row.model).expanduser().exists():
        return True
    if row.backend == "openai":
        return False
    directory = library.directory(row.model, row.revision)
    record = read_record(directory)
    return (
        record is not None
        and record.covers(row.files)
        and all((directory / f).is_file() for f in record.files)
    )
