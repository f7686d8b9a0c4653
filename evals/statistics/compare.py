"""Two runs over the same questions: is the difference more than chance?

Paired randomization test (Fisher; for retrieval Smucker, Allan and Carterette, CIKM 2007) and a
paired bootstrap interval, both by document where the set says of which document a question is and
there are at least five: questions on one document are not independent. p-values are corrected by
Holm's step-down method (1979).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from octavo.evals.dataset import DatasetError
from octavo.evals.datasets.jsonl import numbered
from octavo.evals.datasets.row_models import AsText, JsonRow, Number, checked
from octavo.evals.statistics.resampling_units import units

FILE = "questions.jsonl"
_FLIPS = 20_000  # sign flips; the smallest p that can come out is 1 / (_FLIPS + 1)
_DRAWS = 5_000  # bootstrap samples
_BLOCK = 500  # of them at a time, for memory
_CHANGED = 10  # questions shown that changed most

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two runs. `low` and `high` bound the mean difference (B - A) at 95 %;
    `adjusted` is Holm's p over all metrics compared."""

    metric: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    adjusted: float
    wins: int  # questions that B does better
    losses: int
    ties: int

    @property
    def verdict(self) -> str:
        if self.adjusted >= 0.05:
            return "no difference shown"
        return "B is better" if self.difference > 0 else "B is worse"


@dataclass(frozen=True, slots=True)
class Changed:
    """A question whose value of the first metric changed."""

    id: str
    text: str
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, metric by metric, and the questions of the first metric that changed most."""

    a: str
    b: str
    n: int
    documents: int  # groups that are drawn and flipped; equal to n where single questions are
    partial: tuple[str, ...]  # those of the two runs that somebody stopped
    differences: tuple[Difference, ...]
    changed: tuple[Changed, ...]


class _QuestionValues(JsonRow):
    id: AsText = Field(alias="query-id")
    text: AsText = ""
    doc: AsText = ""
    metrics: dict[str, Number]


@dataclass(frozen=True, slots=True)
class _ComparedRun:
    data: str  # hash of the dataset; empty where the folder does not say
    complete: bool
    texts: dict[str, str]
    documents: dict[str, str]
    values: dict[str, dict[str, float]]  # question to metric to value


def compare(
    a: Path,
    b: Path,
    metrics: Sequence[str] = (),
    seed: int = 0,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> Comparison:
    """Compares the folders of two `octavo eval run`s; B minus A. `metrics`: all they share.
    `report` is told how many metrics are done, of how many.

    Raises DatasetError for a folder without a run, a damaged one, or runs over different data.
    """
    first, second = _read(a), _read(b)
    if first.data and second.data and first.data != second.data:
        raise DatasetError(
            f"{a} is over data {first.data} and {b} over {second.data}: other questions, "
            "judgements or documents; compare runs over one dataset"
        )
    if set(first.values) != set(second.values):
        odd = sorted(set(first.values) ^ set(second.values))
        raise DatasetError(
            f"{a} and {b} asked different questions, {len(odd)} of them, such as {odd[0]!r}; "
            "compare runs over one dataset"
        )
    shared = [m for m in _metrics(first) if m in _metrics(second)]
    unknown = sorted(set(metrics) - set(shared))
    if unknown:
        raise DatasetError(f"metric {unknown[0]!r} is not in both runs; they share {shared}")
    ids = sorted(first.values)
    generator = np.random.default_rng(seed)
    tests = []
    wanted = list(metrics) or shared
    for done, metric in enumerate(wanted, 1):
        tests.append(_difference(metric, ids, first, second, generator))
        report(done, len(wanted))
    adjusted = holm([d["p"] for d in tests])
    differences = tuple(Difference(**d, adjusted=q) for d, q in zip(tests, adjusted, strict=True))
    groups = set(units([first.documents[i] or i for i in ids]))
    partial = tuple(str(f) for f, r in ((a, first), (b, second)) if not r.complete)
    changed = _most_changed(differences[0].metric, ids, first, second) if differences else ()
    return Comparison(str(a), str(b), len(ids), len(groups), partial, differences, changed)


def _difference(
    metric: str,
    ids: Sequence[str],
    a: _ComparedRun,
    b: _ComparedRun,
    generator: np.random.Generator,
) -> dict[str, Any]:
    judged = [i for i in ids if metric in a.values[i] and metric in b.values[i]]
    if not judged:
        raise DatasetError(f"no question has {metric!r} in both runs")
    groups = [a.documents[i] or i for i in judged]
    before = np.array([a.values[i][metric] for i in judged])
    after = np.array([b.values[i][metric] for i in judged])
    gained = after - before
    low, high = bootstrap(gained, groups, generator)
    return {
        "metric": metric,
        "a": float(before.mean()),
        "b": float(after.mean()),
        "difference": float(gained.mean()),
        "low": low,
        "high": high,
        "p": randomization(gained, groups, generator),
        "wins": int((gained > 0).sum()),
        "losses": int((gained < 0).sum()),
        "ties": int((gained == 0).sum()),
    }


def randomization(gained: _Values, groups: Sequence[str], generator: np.random.Generator) -> float:
    """Two-sided p of the mean of paired differences `(n,)` under random signs, one sign a group:
    what is exchangeable under the null are the runs of a whole document."""
    _, which = np.unique(np.array(units(groups), dtype=object).astype(str), return_inverse=True)
    sums = np.bincount(which, gained)
    moved = sums[np.abs(sums) > 1e-12]
    if not len(moved):
        return 1.0
    seen = abs(moved.sum()) - 1e-12
    extreme = 0
    for start in range(0, _FLIPS, _BLOCK):
        size = min(_BLOCK, _FLIPS - start)
        signs = generator.integers(0, 2, (size, len(moved)), dtype=np.int8) * 2 - 1
        extreme += int((np.abs(signs @ moved) >= seen).sum())
    return (extreme + 1) / (_FLIPS + 1)


def bootstrap(
    gained: _Values, groups: Sequence[str], generator: np.random.Generator
) -> tuple[float, float]:
    """95 % percentile interval of the mean of `(n,)` values, whole groups drawn."""
    low, high = bootstraps(gained[:, None], groups, generator)
    return float(low[0]), float(high[0])


def bootstraps(
    values: _Values, groups: Sequence[str], generator: np.random.Generator, draws: int = _DRAWS
) -> tuple[_Values, _Values]:
    """The same of the `(m,)` columns of `(n, m)` values, on the same draws."""
    drawn_of = np.array(units(groups), dtype=object).astype(str)
    names, which = np.unique(drawn_of, return_inverse=True)
    sums = np.zeros((len(names), values.shape[1]))
    np.add.at(sums, which, values)
    sizes = np.bincount(which, minlength=len(names))
    means = []
    for start in range(0, draws, _BLOCK):
        # How often each group is drawn, of as many draws as there are groups.
        times = generator.multinomial(
            len(names), np.full(len(names), 1 / len(names)), min(_BLOCK, draws - start)
        )
        means.append((times @ sums) / (times @ sizes)[:, None])
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5], axis=0)
    return low, high


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given."""
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    adjusted, least = [0.0] * len(ps), 0.0
    for rank, i in enumerate(order):
        least = max(least, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = least
    return adjusted


def _most_changed(
    metric: str, ids: Sequence[str], a: _ComparedRun, b: _ComparedRun
) -> tuple[Changed, ...]:
    changed = [
        Changed(i, a.texts[i], a.values[i][metric], b.values[i][metric])
        for i in ids
        if metric in a.values[i]
        and metric in b.values[i]
        and a.values[i][metric] != b.values[i][metric]
    ]
    return tuple(sorted(changed, key=lambda c: (-abs(c.b - c.a), c.id))[:_CHANGED])


def _metrics(run: _ComparedRun) -> list[str]:
    return list(dict.fromkeys(m for values in run.values.values() for m in values))


def _read(folder: Path) -> _ComparedRun:
    if not (folder / FILE).is_file():
        raise DatasetError(f"{folder} has no {FILE}: it is not the --out folder of an eval run")
    data, complete = _result(folder / "result.json")
    rows: dict[str, _QuestionValues] = {}
    for where, raw in numbered(folder / FILE, ("query-id", "metrics")):
        row = checked(_QuestionValues, raw, where)
        if row.id in rows:
            raise DatasetError(f"{where}: question {row.id!r} stands twice")
        rows[row.id] = row
    if not rows:
        raise DatasetError(f"{folder / FILE} is empty")
    return _ComparedRun(
        data,
        complete,
        {key: row.text for key, row in rows.items()},
        {key: row.doc for key, row in rows.items()},
        {key: row.metrics for key, row in rows.items()},
    )


def _result(file: Path) -> tuple[str, bool]:
    """Data hash and completeness, where the folder has a result row."""
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "", True
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{file} cannot be read as a result: {error}") from None
    if not isinstance(row, dict):
        raise DatasetError(f"{file} is no result row")
    return str(row.get("data", "")), row.get("complete", True) is True
