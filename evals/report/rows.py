"""Result rows: reading them, and refusing those that do not say where they come from."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.dataset import DatasetError
from evals.provenance import NEEDED

_OPTIONAL = ("dataset", "data", "profile", "unit", "index")

Interval = tuple[float, float]

#: What two rows must share to be drawn together.
Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """One result. `where` is the file (and line) it stands in; `asked` the questions asked for."""

    where: str
    date: str
    commit: str
    command: str
    machine: str
    config: str
    n: int
    errors: tuple[str, ...]
    asked: int
    complete: bool
    dataset: str
    data: str  # hash of questions, judgements and corpus; empty where the row does not say
    profile: str
    unit: str
    index: str
    writers: str  # generator and judge
    size: str  # documents, pages, chunks
    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, Interval] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Questions that were to be asked were not."""
        return not self.complete or self.n < self.asked

    @property
    def key(self) -> Key:
        return (self.dataset, self.data, self.n)


def read_row(file: Path) -> Row:
    """The row of `result.json` or `ablation.json`. Raises DatasetError where it is none."""
    return parse(read_json(file), str(file))


def read_history(file: Path) -> tuple[list[Row], list[str]]:
    """Rows of an append-only file, and why the others were refused.

    A line of such a file is never changed, so one that is refused is told and the rest is used.
    Raises DatasetError for a file that is missing.
    """
    if not file.is_file():
        raise DatasetError(f"{file} is missing")
    taken, refused = [], []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{file}:{number}"
        try:
            if line.strip():
                taken.append(parse(json.loads(line), where))
        except DatasetError as error:
            refused.append(str(error))
        except ValueError as error:
            refused.append(f"{where}: not JSON: {error}")
    return taken, refused


def read_json(file: Path) -> dict[str, Any]:
    """An object. Raises DatasetError where the file is missing or holds something else."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"{file} is missing: give the --out folder of an eval run") from None
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file}: not a JSON file: {error}") from None
    if not isinstance(value, dict):
        raise DatasetError(f"{file}: expected a JSON object, found {type(value).__name__}")
    return value


def parse(row: Any, where: str) -> Row:
    """A row that says all of `evals.provenance.NEEDED`. Raises DatasetError, naming what is not."""
    if not isinstance(row, dict):
        raise DatasetError(f"{where}: expected a JSON object, found {type(row).__name__}")
    for name in NEEDED:
        if name not in row or row[name] in (None, ""):
            raise DatasetError(f"{where}: has no {name!r}; a result without it is not reported")
    n, errors = row["n"], row["errors"]
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise DatasetError(f"{where}: 'n' is {n!r}; expected a number of questions")
    if not isinstance(errors, list):
        raise DatasetError(f"{where}: 'errors' is {errors!r}; expected a list of texts")
    said = {name: str(row[name]) for name in ("date", "commit", "command", "machine", "config")}
    may = {name: str(row.get(name) or "") for name in _OPTIONAL}
    return Row(
        where=where,
        n=n,
        errors=tuple(map(str, errors)),
        asked=int(row.get("questions") or n),
        complete=bool(row.get("complete", True)),
        writers=" and ".join(str(row[name]) for name in ("generator", "judge") if row.get(name)),
        size=", ".join(f"{row[k]:,} {k}" for k in ("documents", "pages", "chunks") if row.get(k)),
        metrics=_metrics(row.get("metrics") or {}, where),
        intervals=_intervals(row.get("intervals") or {}, where),
        **said,
        **may,
    )


def _metrics(values: Mapping[str, Any], where: str) -> dict[str, float]:
    for name, value in values.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise DatasetError(f"{where}: metric {name!r} is {value!r}; expected a number")
    return {name: float(value) for name, value in values.items()}


def _intervals(values: Mapping[str, Any], where: str) -> dict[str, Interval]:
    found = {}
    for name, value in values.items():
        try:
            low, high = value
            found[name] = (float(low), float(high))
        except (TypeError, ValueError):
            raise DatasetError(
                f"{where}: interval of {name!r} is {value!r}; expected [low, high]"
            ) from None
    return found
