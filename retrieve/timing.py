"""Seconds by stage of one question, measured only inside `stopwatch`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: Stages in the order they run: embedding the question, comparing its picture with pages, the
#: engine's subqueries and fusion, late interaction, the cross-encoder, fetching the chunks,
#: writing the answer.
STAGES = ("encode", "match", "search", "maxsim", "patches", "cross", "chunks", "answer")

_clock: ContextVar[dict[str, float] | None] = ContextVar("clock", default=None)


@contextmanager
def stopwatch() -> Iterator[dict[str, float]]:
    """Seconds by stage of what runs inside, in this thread; filled as the stages end."""
    seconds: dict[str, float] = {}
    before = _clock.set(seconds)
    try:
        yield seconds
    finally:
        _clock.reset(before)


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Adds the time inside to `stage` of the stopwatch, where there is one."""
    clock = _clock.get()
    if clock is None:
        yield
        return
    start = time.perf_counter()
    try:
        yield
    finally:
        clock[stage] = clock.get(stage, 0.0) + time.perf_counter() - start
