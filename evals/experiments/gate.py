"""`octavo eval gate`: has a change cost quality or speed? For CI, on a small fixed set.

Quality is compared question by question with the last accepted run: a metric fails when the whole
95 % bootstrap interval of its mean difference lies under 0, so that of a set of dozens one unlucky
question does not fail it and four do. Speed is a ratio to a reference kernel timed in turns with it
in the same process, which a slower or busier machine moves much less than milliseconds; it fails
when it has fallen by more than a fifth in each of three tries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.api.service import Service
from octavo.evals.benchmarks.reference_kernels import ratios
from octavo.evals.dataset import Dataset, DatasetError
from octavo.evals.evaluate import RunListener, evaluate
from octavo.evals.result import EvalResult
from octavo.evals.statistics.compare import Difference, compare

METRICS = (
    "nDCG@10",
    "Recall@5",
    "box recall@IoU0.5",
    "answer correct",
    "citation precision",
    "citation recall",
)
SPEED = "speed.json"
_LEAST = 0.8  # of the accepted ratio
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One number against the accepted one; `why` says what passing took."""

    name: str
    accepted: float
    now: float
    passed: bool
    why: str


@dataclass(frozen=True, slots=True)
class Gate:
    """All checks; none without an accepted run."""

    result: EvalResult
    speed: dict[str, float]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        whole = self.result.complete and not self.result.errors
        return whole and all(c.passed for c in self.checks)


def gate(
    dataset: Dataset,
    service: Service,
    out: Path,
    accepted: Path,
    watching: RunListener,
    compare_only: bool = True,
) -> Gate:
    """Runs the set into `out` and compares it with the folder of the accepted run; without
    `compare_only` an accepted run need not be there, or may be of other data.

    Raises DatasetError where it must and is not.
    """
    result = evaluate(dataset, service, out, watching)
    speed = ratios(service)
    before = _accepted(accepted, result, compare_only)
    checks: list[Check] = []
    if before is not None:
        wanted = [m for m in METRICS if m in before["metrics"]]
        shared = [m for m in wanted if m in result.metrics]
        checks = [_quality(d) for d in compare(accepted, out, shared).differences] if shared else []
        checks += [
            Check(m, before["metrics"][m], 0.0, False, "not measured any more")
            for m in wanted
            if m not in shared
        ]
        old = _numbers(accepted / SPEED)
        for _ in range(_TRIES - 1):
            if not _slower(old, speed):
                break
            again = ratios(service)
            speed = {name: max(value, again[name]) for name, value in speed.items()}
        checks += [_speed(n, v, speed.get(n, 0.0)) for n, v in old.items()]
    (out / SPEED).write_text(json.dumps(speed, indent=1) + "\n", encoding="utf-8")
    return Gate(result, speed, tuple(checks))


def _slower(old: Mapping[str, float], now: Mapping[str, float]) -> bool:
    return any(now.get(name, 0.0) < _LEAST * value for name, value in old.items())


def accept(out: Path, accepted: Path) -> None:
    """Makes the run in `out` the one that later ones are compared with.

    Raises DatasetError for one that is partial or has errors.
    """
    row = json.loads((out / "result.json").read_text(encoding="utf-8"))
    if not row["complete"] or row["errors"]:
        raise DatasetError(
            f"{out} is not accepted: {'; '.join(row['errors']) or 'it was stopped'}; mend that and "
            "run again"
        )
    accepted.mkdir(parents=True, exist_ok=True)
    for name in ("result.json", "questions.jsonl", SPEED):
        (accepted / name).write_bytes((out / name).read_bytes())


def _accepted(folder: Path, now: EvalResult, must: bool) -> dict[str, Any] | None:
    file = folder / "result.json"
    if not file.is_file():
        if must:
            raise DatasetError(f"{folder} has no accepted run; look at this one, then --accept it")
        return None
    try:
        row: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if row["data"] == now.data:
            return row | {"metrics": {str(m): float(v) for m, v in row["metrics"].items()}}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DatasetError(f"{file} is no result row: {error}") from None
    if must:
        raise DatasetError(
            f"{folder} was accepted on other data ({row.get('data')}, now {now.data}); look at the "
            "new numbers, then run again with --accept"
        )
    return None


def _numbers(file: Path) -> dict[str, float]:
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
        return {str(name): float(value) for name, value in row.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{file} cannot be read as speed ratios ({error}); accept a run with --accept"
        ) from None


def _quality(d: Difference) -> Check:
    return Check(
        d.metric,
        d.a,
        d.b,
        not d.high < 0,
        f"{d.difference:+.4f}, 95 % {d.low:+.4f} to {d.high:+.4f}",
    )


def _speed(name: str, old: float, now: float) -> Check:
    return Check(f"speed: {name}", old, now, now >= _LEAST * old, f"at least {_LEAST * old:.3f}")
