"""Fields of JSON rows by type: what has another one is told with its file and line.

`where` is `file:line`, or the file of a single object. None stands for a field that is not there.
"""

from __future__ import annotations

import math
from typing import Any

from octavo.evals.dataset import DatasetError


def number(value: Any, name: str, where: str) -> float:
    """A finite number."""
    if is_number(value) and math.isfinite(value):
        return float(value)
    raise DatasetError(f"{where}: {name} is {value!r}; expected a number")


def is_number(value: Any) -> bool:
    """Whether it is a number that a float holds; NaN and infinity are floats, too."""
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) < 1 << 1023
    return isinstance(value, float)


def whole(value: Any, name: str, where: str) -> int:
    """A number of things; 0 where the field is not there."""
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise DatasetError(f"{where}: {name!r} is {value!r}; expected a whole number")


def truth(value: Any, name: str, where: str) -> bool:
    if isinstance(value, bool):
        return value
    raise DatasetError(f"{where}: {name!r} is {value!r}; expected true or false")


def text(value: Any, name: str, where: str) -> str:
    """A text; empty where the field is not there."""
    if value is None or isinstance(value, str):
        return value or ""
    raise DatasetError(f"{where}: {name!r} is {value!r}; expected a text")


def texts(value: Any, name: str, where: str) -> tuple[str, ...]:
    """A list of texts; empty where the field is not there."""
    if isinstance(value, list | None) and all(isinstance(v, str) for v in value or ()):
        return tuple(value or ())
    raise DatasetError(f"{where}: {name!r} is {value!r}; expected a list of texts")


def table(value: Any, name: str, where: str) -> dict[str, Any]:
    """An object; empty where the field is not there."""
    if isinstance(value, dict | None):
        return value or {}
    raise DatasetError(f"{where}: {name!r} is {value!r}; expected an object {{...}}")


def numbers(value: Any, name: str, where: str) -> dict[str, float]:
    """Numbers by name, as of "metrics"; those that are null are left out."""
    found, one = table(value, name, where), name.removesuffix("s")
    return {k: number(v, f"{one} {k!r}", where) for k, v in found.items() if v is not None}


def objects(value: Any, name: str, where: str) -> list[dict[str, Any]]:
    """A list of objects; empty where the field is not there."""
    if isinstance(value, list | None) and all(isinstance(v, dict) for v in value or ()):
        return list(value or ())
    raise DatasetError(f"{where}: {name!r} is {value!r}; expected a list of objects {{...}}")
