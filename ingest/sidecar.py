"""Metadata that stands beside a file: `NAME.meta.json`, `NAME.meta.toml`, `.octavometa.toml`."""

from __future__ import annotations

import json
import math
import os
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path

from octavo.ingest.document import DocumentError

#: What the reason begins with where metadata is why a file fails.
PROBLEM = "its metadata in "
FOLDER_FILE = ".octavometa.toml"
_ENDINGS = (".meta.json", ".meta.toml")
_MOST_BYTES = 64 << 10
_MOST_KEYS = 64
_MOST_KEY = 64  # characters
MOST_VALUE = 500  # characters, as of the fields that files have themselves
_MOST_BITS = 1024  # of an integer
_MOST_FOLDERS = 64  # above a file


def is_sidecar(name: str) -> bool:
    """Whether a file of this name is metadata of another one, and no document."""
    return name.lower().endswith(_ENDINGS) and name.lower() not in _ENDINGS


def metadata_beside(file: Path) -> dict[str, str]:
    """What is said of `file` by the files beside it: those of the folders above it first, then its
    own, the nearest deciding. `report.pdf.meta.json` comes before `report.meta.json`.

    Raises DocumentError for one that cannot be read or understood, or is too large.
    """
    folders = [*file.absolute().parents][:_MOST_FOLDERS]
    found: dict[str, str] = {}
    for folder in reversed(folders):
        found |= _read(folder / FOLDER_FILE)
    for stem in dict.fromkeys((file.stem, file.name)):
        for ending in _ENDINGS:
            found |= _read(file.with_name(stem + ending))
    return found


def checked_metadata(values: Mapping[str, object], where: str) -> dict[str, str]:
    """Keys with values as text: numbers, dates and yes or no as they are written, lists joined by
    `; `. Raises DocumentError for what cannot be kept; `where` names it."""
    if len(values) > _MOST_KEYS:
        raise DocumentError(f"{where} has {len(values)} keys; at most {_MOST_KEYS} are kept")
    return {_key(k, where): _value(k, v, where) for k, v in values.items()}


def _key(key: str, where: str) -> str:
    name = key.strip()
    if not name or len(name) > _MOST_KEY or not name.isprintable() or "=" in name:
        raise DocumentError(
            f"{where}: {key[:_MOST_KEY]!r} is no key; expected 1 to {_MOST_KEY} printable "
            "characters without '='"
        )
    return name


def _value(key: str, value: object, where: str) -> str:
    parts = value if isinstance(value, list) else [value]
    text = "; ".join(_text(key, part, where) for part in parts)
    if len(text) > MOST_VALUE:
        raise DocumentError(
            f"{where}: {key!r} has {len(text)} characters; at most {MOST_VALUE} are kept"
        )
    return text


def _text(key: str, value: object, where: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        raise DocumentError(f"{where}: {key!r} is not a finite number")
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        raise DocumentError(f"{where}: {key!r} is a number of over {_MOST_BITS} bits")
    if isinstance(value, str | int | float):
        text = " ".join(str(value).split())
        return text.encode("utf-8", "replace").decode("utf-8")
    raise DocumentError(f"{where}: {key!r} is neither a text, a number, a date nor a list of these")


def _read(file: Path) -> dict[str, str]:
    """Of one file; nothing where there is none."""
    if not os.path.isfile(file):  # a pipe of that name would be waited for
        return {}
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise DocumentError(
            f"{PROBLEM}{file} cannot be read ({(error.strerror or str(error)).lower()})"
        ) from None
    where = f"{PROBLEM}{file}"
    if len(data) > _MOST_BYTES:
        raise DocumentError(f"{where} has over {_MOST_BYTES >> 10} KB; shorten it")
    try:
        text = data.decode("utf-8-sig")
        values = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{where} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise DocumentError(f"{where} is no table of keys and values")
    return checked_metadata(values, where)
