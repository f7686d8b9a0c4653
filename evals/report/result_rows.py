"""Result rows: reading them, and refusing those that do not say where they come from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octavo.evals.dataset import DatasetError
from octavo.evals.datasets.jsonl import lines, missing
from octavo.evals.provenance import NEEDED
from octavo.evals.report.fields import number, numbers, table, text, texts, truth, whole

_OPTIONAL = ("dataset", "data", "profile", "unit", "index")

Interval = tuple[float, float]

#: What two rows must share to be drawn together.
Key = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class ResultRow:
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
        """Questions that were to be asked, or answers that were to be judged, were not."""
        return not self.complete or self.n < self.asked

    @property
    def extent(self) -> str:
        """How far it came, in words."""
        if self.partial and self.n >= self.asked:
            return f"stopped after {self.n:,} questions were asked"
        return f"{self.n:,} of {self.asked:,} questions"

    @property
    def key(self) -> Key:
        return (self.dataset, self.data, self.n)


def read_row(file: Path) -> ResultRow:
    """The row of `result.json` or `ablation.json`. Raises DatasetError where it is none."""
    return parse(read_json(file), str(file))


def read_history(file: Path) -> tuple[list[ResultRow], list[str]]:
    """Rows of an append-only file, and why the others were refused.

    A line of such a file is never changed, so one that is refused is told and the rest is used.
    Raises DatasetError for a file that is missing or no text.
    """
    taken, refused = [], []
    for where, line in lines(file):
        try:
            taken.append(parse(json.loads(line), where))
        except DatasetError as error:
            refused.append(str(error))
        except (ValueError, RecursionError) as error:
            refused.append(f"{where}: not JSON: {error}")
    return taken, refused


def read_json(file: Path) -> dict[str, Any]:
    """An object. Raises DatasetError where the file is missing or holds something else."""
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"{file} is missing: give the --out folder of an eval run") from None
    except OSError as error:
        raise DatasetError(missing(file, error)) from None
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{file}: not a JSON file: {error}") from None
    if not isinstance(value, dict):
        raise DatasetError(f"{file}: expected a JSON object, found {type(value).__name__}")
    return value


def parse(row: Any, where: str) -> ResultRow:
    """A row that says all of `NEEDED`. Raises DatasetError, naming what is not."""
    if not isinstance(row, dict):
        raise DatasetError(f"{where}: expected a JSON object, found {type(row).__name__}")
    for name in NEEDED:
        if name not in row or row[name] in (None, ""):
            raise DatasetError(f"{where}: has no {name!r}; a result without it is not reported")
    n = row["n"]
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise DatasetError(f"{where}: 'n' is {n!r}; expected a number of questions")
    said = {name: str(row[name]) for name in ("date", "commit", "command", "machine", "config")}
    may = {name: text(row.get(name), name, where) for name in _OPTIONAL}
    writers = [text(row.get(name), name, where) for name in ("generator", "judge")]
    sizes = {name: whole(row.get(name), name, where) for name in ("documents", "pages", "chunks")}
    return ResultRow(
        where=where,
        n=n,
        errors=texts(row["errors"], "errors", where),
        asked=whole(row.get("questions"), "questions", where) or n,
        complete=truth(row.get("complete", True), "complete", where),
        writers=" and ".join(filter(None, writers)),
        size=", ".join(f"{count:,} {name}" for name, count in sizes.items() if count),
        metrics=numbers(row.get("metrics"), "metrics", where),
        intervals=_intervals(row.get("intervals"), where),
        **said,
        **may,
    )


def _intervals(value: Any, where: str) -> dict[str, Interval]:
    found = {}
    for name, bounds in table(value, "intervals", where).items():
        if not isinstance(bounds, list) or len(bounds) != 2:
            raise DatasetError(f"{where}: interval of {name!r} is {bounds!r}; expected [low, high]")
        low, high = (number(v, f"interval of {name!r}", where) for v in bounds)
        found[name] = (low, high)
    return found
