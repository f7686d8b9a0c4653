"""`octavo eval gate`: has a change cost quality or speed? For CI, on a small fixed set.

Quality is compared question by question with the last accepted run: a metric fails when the whole
95 % bootstrap interval of its mean difference lies under 0, so one unlucky question does not fail
it and four do. Speed is a ratio to a reference kernel timed in turns with it in the same process,
which a slower or busier machine moves much less than milliseconds; it fails when it has fallen by
more than a fifth in each of three tries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from api.service import Service
from evals.compare import Difference, compare
from evals.dataset import Dataset, DatasetError
from evals.harness import EvalResult, Watching, evaluate
from evals.kernels import ratios

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
    """All checks. Without an accepted run there are none, and `accepted` is false."""

    result: EvalResult
    speed: dict[str, float]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(c.passed for c in self.checks) and self.result.complete


def gate(dataset: Dataset, service: Service, out: Path, accepted: Path, watching: Watching) -> Gate:
    """Runs the set into `out` and compares it with the folder of the accepted run.

    Raises DatasetError where that run was of another dataset or settings: then look at the new
    numbers and accept them.
    """
    result = evaluate(dataset, service, out, watching)
    before = _accepted(accepted)
    checks: list[Check] = []
    if before is not None:
        _same_experiment(before, result, accepted)
        shared = [m for m in METRICS if m in before["metrics"] and m in result.metrics]
        checks = [_quality(d) for d in compare(accepted, out, shared).differences]
    speed = ratios(service)
    file = accepted / SPEED
    if before is not None and file.is_file():
        old: Mapping[str, float] = json.loads(file.read_text(encoding="utf-8"))
        for _ in range(_TRIES - 1):
            if all(speed.get(n, 0.0) >= _LEAST * v for n, v in old.items()):
                break
            again = ratios(service)
            speed = {n: max(v, again[n]) for n, v in speed.items()}
        checks += [_speed(n, v, speed.get(n, 0.0)) for n, v in old.items()]
    (out / SPEED).write_text(json.dumps(speed, indent=1) + "\n", encoding="utf-8")
    return Gate(result, speed, tuple(checks))


def accept(out: Path, accepted: Path) -> None:
    """Makes the run in `out` the one that later ones are compared with."""
    accepted.mkdir(parents=True, exist_ok=True)
    for name in ("result.json", "questions.jsonl", SPEED):
        (accepted / name).write_bytes((out / name).read_bytes())


def _accepted(folder: Path) -> dict[str, dict[str, float]] | None:
    file = folder / "result.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _same_experiment(before: Mapping[str, object], now: EvalResult, accepted: Path) -> None:
    if before.get("data") != now.data:
        raise DatasetError(
            f"{accepted} was accepted on other data ({before.get('data')}, now {now.data}); look "
            "at the new numbers, then run again with --accept"
        )


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
