"""Paths of model files, given out only after their sha256 was checked."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from octavo.index.encoders.encoder import ModelError

_HERE = Path(__file__).parent


@cache
def verified(path: Path | str, sha256: str = "") -> Path:
    """`path` (a name: a file beside this one) if its bytes have the pinned sha256.

    Without `sha256` the pinned sum is read from SHA256SUMS. Checked once a process.
    Raises ModelError for a missing or changed file.
    """
    file = _HERE / path if isinstance(path, str) else path
    expected = sha256 or pinned()[file.name]
    if not file.is_file():
        raise ModelError(f"model file {file} is missing: install octavo again")
    actual = hashlib.sha256(file.read_bytes()).hexdigest()
    if actual != expected:
        raise ModelError(
            f"model file {file} was changed: its sha256 is {actual}, expected {expected}; "
            "install octavo again"
        )
    return file


def identity(*names: str) -> str:
    """Names and short sums of shipped files, as a manifest keeps them."""
    return ", ".join(f"{name} sha256:{pinned()[name][:16]}" for name in names)


@cache
def pinned() -> dict[str, str]:
    """File name to sha256, of the files that ship here."""
    rows = (_HERE / "SHA256SUMS").read_text(encoding="utf-8").split("\n")
    return {name.strip(): total for total, name in (r.split(maxsplit=1) for r in rows if r.strip())}
