"""What an index was written with. Opening it with anything else is an error, not a surprise."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from index.store import StoreError

FORMAT = 1
_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Identity of models and sizes; `libraries` is for the record and not compared."""

    format: int
    profile: str
    models: dict[str, str]  # role to name and sha256 of its file
    dimensions: dict[str, int]  # vector name to size
    libraries: dict[str, str]


def check_manifest(directory: Path, current: Manifest) -> None:
    """Writes the manifest of a new index, or compares it with what is there.

    Raises StoreError that names both sides and the command which re-embeds.
    """
    file = directory / _FILE
    if not file.exists():
        directory.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(asdict(current), indent=1) + "\n", encoding="utf-8")
        part.replace(file)
        return
    stored = _read(file)
    differences = [
        f"{name}: the index has {was!r}, the profile {current.profile!r} has {now!r}"
        for name, was, now in _compared(stored, current)
        if was != now
    ]
    other_profile = stored.profile != current.profile
    if differences:
        other = f"Use --profile {stored.profile}, or embed" if other_profile else "Embed"
        raise StoreError(
            f"the index {directory} was written with other models.\n  "
            + "\n  ".join(differences)
            + f"\n{other} its documents again: "
            f"octavo reindex --index {directory} --profile {current.profile}"
        )


def _compared(a: Manifest, b: Manifest) -> list[tuple[str, object, object]]:
    rows: list[tuple[str, object, object]] = [("format", a.format, b.format)]
    roles, names = sorted({*a.models, *b.models}), sorted({*a.dimensions, *b.dimensions})
    rows += [(f"model {r}", a.models.get(r, "none"), b.models.get(r, "none")) for r in roles]
    rows += [(f"size of {n}", a.dimensions.get(n, 0), b.dimensions.get(n, 0)) for n in names]
    return rows


def _read(file: Path) -> Manifest:
    try:
        return Manifest(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{file} cannot be read as a manifest: {error}") from error
