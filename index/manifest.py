"""What an index was written with. Opening it with anything else is an error, not a surprise."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from octavo.index.durable import make_directory, write_file
from octavo.index.store import StoreError

FORMAT = 1
FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What vectors were made by. `libraries`, `dtypes` and the prompts of questions are for the
    record and not compared: vectors made with them can be searched with others."""

    format: int
    profile: str
    models: dict[str, str]  # role to name and sha256 of its files
    dimensions: dict[str, int]  # vector name to size
    libraries: dict[str, str]
    prompts: dict[str, str] = field(default_factory=dict)  # "role query", "role document"
    dtypes: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)  # of a role's backend: pooling, ...

    def row(self) -> dict[str, Any]:
        """As JSON-like data, for a file or a store."""
        return asdict(self)


def manifest_from(row: object, place: str) -> Manifest:
    """A manifest from its row. Raises StoreError for what is none."""
    try:
        return Manifest(**row)  # type: ignore[arg-type]
    except TypeError as error:
        raise StoreError(f"{place} cannot be read as a manifest: {error}") from error


def read_manifest(directory: Path) -> Manifest | None:
    """The manifest of an index folder, None where there is none. Raises StoreError."""
    file = directory / FILE
    try:
        return manifest_from(json.loads(file.read_text(encoding="utf-8")), str(file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{file} cannot be read as a manifest: {error}; `octavo repair` writes it anew"
        ) from error


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Complete or not there at all, also when the process dies."""
    make_directory(directory)
    write_file(directory / FILE, (json.dumps(manifest.row(), indent=1) + "\n").encode())


def check_manifest(stored: Manifest, current: Manifest, place: str, reindex: str) -> None:
    """Raises StoreError that names both sides, and the command (`reindex`) which re-embeds."""
    differences = [
        f"{name}: the index has {was!r}, the profile {current.profile!r} has {now!r}"
        for name, was, now in _compared(stored, current)
        if was != now
    ]
    if differences:
        other_profile = stored.profile != current.profile
        other = f"Use --profile {stored.profile}, or embed" if other_profile else "Embed"
        raise StoreError(
            f"the index {place} was written with other models.\n  "
            + "\n  ".join(differences)
            + f"\n{other} its documents again: {reindex}"
        )


def _compared(a: Manifest, b: Manifest) -> list[tuple[str, object, object]]:
    rows: list[tuple[str, object, object]] = [("format", a.format, b.format)]
    roles, names = sorted({*a.models, *b.models}), sorted({*a.dimensions, *b.dimensions})
    rows += [(f"model {r}", a.models.get(r, "none"), b.models.get(r, "none")) for r in roles]
    rows += [(f"size of {n}", a.dimensions.get(n, 0), b.dimensions.get(n, 0)) for n in names]
    ours = {k for k in {*a.prompts, *b.prompts} if k.endswith(" document")}
    rows += [(f"prompt {k}", a.prompts.get(k, ""), b.prompts.get(k, "")) for k in sorted(ours)]
    owners = sorted({*a.options, *b.options})
    rows += [(f"options of {r}", a.options.get(r, ""), b.options.get(r, "")) for r in owners]
    return rows
