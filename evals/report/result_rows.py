"""Result rows: reading them, and refusing those that do not say where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, StrictBool, StrictStr

from octavo.evals.dataset import DatasetError
from octavo.evals.datasets.jsonl import lines, missing
from octavo.evals.datasets.row_models import (
    AsText,
    Count,
    JsonRow,
    Number,
    Numbers,
    Texts,
    checked,
)
from octavo.evals.provenance import NEEDED

#: What two rows must share to be drawn together.
Key = tuple[str, str, int]


class ResultRow(JsonRow):
    """One result. `where` is the file (and line) it stands in."""

    where: str
    date: AsText
    commit: AsText
    command: AsText
    machine: AsText
    config: AsText
    n: Count
    errors: Texts
    planned: Count = Field(0, alias="questions")  # 0 where the row does not say
    complete: StrictBool = True
    dataset: StrictStr = ""
    data: StrictStr = ""  # hash of questions, judgements and corpus; empty where it does not say
    profile: StrictStr = ""
    unit: StrictStr = ""
    index: StrictStr = ""
    generator: StrictStr = ""
    judge: StrictStr = ""
    documents: Count = 0
    pages: Count = 0
    chunks: Count = 0
    metrics: Numbers = Field(default_factory=dict)
    intervals: dict[str, tuple[Number, Number]] = Field(default_factory=dict)

    @property
    def asked(self) -> int:
        """Questions that were to be asked."""
        return self.planned or self.n

    @property
    def writers(self) -> str:
        return " and ".join(filter(None, (self.generator, self.judge)))

    @property
    def size(self) -> str:
        sizes = {"documents": self.documents, "pages": self.pages, "chunks": self.chunks}
        return ", ".join(f"{count:,} {name}" for name, count in sizes.items() if count)

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
    taken: list[ResultRow] = []
    refused: list[str] = []
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


Row = TypeVar("Row", bound=ResultRow)


def parse(row: Any, where: str) -> ResultRow:
    """A row that says all of `NEEDED`. Raises DatasetError, naming what is not."""
    return parse_as(ResultRow, row, where)


def parse_as(model: type[Row], row: Any, where: str) -> Row:
    """The same of a row that says more."""
    if not isinstance(row, dict):
        raise DatasetError(f"{where}: expected a JSON object, found {type(row).__name__}")
    for name in NEEDED:
        if name not in row or row[name] in (None, ""):
            raise DatasetError(f"{where}: has no {name!r}; a result without it is not reported")
    return checked(model, {**row, "where": where}, where)
