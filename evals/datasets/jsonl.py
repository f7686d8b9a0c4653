"""Lines and JSON rows of a dataset's files, each with its place for what is said about it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from octavo.evals.datasets.types import DatasetError

#: `file:line`, as messages begin.
Place = str

#: What no id may hold: it ends a field or a line of `run.trec`, or cannot be written in UTF-8.
BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def lines(file: Path) -> Iterator[tuple[Place, str]]:
    """Lines that are not blank, without their ends. Raises DatasetError: missing, not UTF-8."""
    try:
        with file.open("rb") as stream:
            # Only \n ends a line: str.splitlines also cuts at characters that stand in texts.
            for number, raw in enumerate(stream, 1):
                place = f"{file}:{number}"
                try:
                    line = raw.decode("utf-8-sig").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    bad = f"byte 0x{raw[error.start]:02x} at column {error.start + 1}"
                    raise DatasetError(f"{place}: not UTF-8: {bad}") from None
                if line.strip():
                    yield place, line
    except OSError as error:
        raise DatasetError(missing(file, error)) from None


def missing(file: Path, error: OSError) -> str:
    """What is said of a file that cannot be opened."""
    if isinstance(error, FileNotFoundError):
        return f"{file} is missing"
    return f"{file} cannot be read: {(error.strerror or str(error)).lower()}"


def numbered(file: Path, needed: tuple[str, ...]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Objects of a JSON-lines file with their places.

    Raises DatasetError for a missing file, a line that is no object, or a field that is not there.
    """
    for place, line in lines(file):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"{place}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise DatasetError(f"{place}: expected an object {{...}}; found {line[:60]!r}")
        for key in needed:
            if key not in row:
                raise DatasetError(f"{place}: has no {key!r}")
        yield place, row


def rows(file: Path, needed: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Objects of a JSON-lines file. Raises DatasetError as `numbered` does."""
    for _, row in numbered(file, needed):
        yield row


def identifier(value: object, key: str, place: Place) -> str:
    """An id: text, or a whole number as text. Raises DatasetError for anything else, and for one
    that `run.trec` cannot hold."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole or isinstance(value, str)) or value == "":
        raise DatasetError(f"{place}: {key!r} is {value!r}; expected an id")
    return unbroken(str(value), key, place)


def unbroken(name: str, what: str, place: Place) -> str:
    """`name`, an id or a file's name. Raises DatasetError where `BREAKING` is in it."""
    breaking = BREAKING.search(name)
    if breaking:
        raise DatasetError(
            f"{place}: {what} is {name!r}, which holds {breaking[0]!r}; expected no control "
            "characters or line ends, which break run.trec"
        )
    return name


def text_of(value: object, key: str, place: Place) -> str:
    """Raises DatasetError for what is no text."""
    if not isinstance(value, str):
        raise DatasetError(f"{place}: {key!r} is {value!r}; expected a text")
    return value
