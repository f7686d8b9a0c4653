"""A driver in a process of its own: its events, when they came, the memory it took."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from octavo.evals.benchmarks.peak_memory import tree_memory

_SAMPLE = 0.25  # seconds between looks at memory
_TAIL = 3  # lines of what a failed driver said


class PeerError(Exception):
    """A system that could not be installed or measured; the text says what it said."""


@dataclass(frozen=True, slots=True)
class DriverOutcome:
    """Events by name, seconds from the start of the process to each, peak memory in MB of the
    process and all it started."""

    events: dict[str, dict[str, Any]]
    seconds: dict[str, float]
    memory_mb: float


def run_driver(
    command: list[str], environment: Mapping[str, str], folder: Path, log: Path, limit: float
) -> DriverOutcome:
    """Runs to the end, `limit` seconds at most. Raises PeerError where it fails."""
    start = time.perf_counter()
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as child,
        _watched(child, limit) as watch,
    ):
        events, seconds = _events(child.stdout or (), start)
        code = child.wait()
    if code or "end" not in events:
        raise PeerError(f"ended with code {code} ({_said(log)}); all it said is in {log}")
    return DriverOutcome(events, seconds, max(watch.peak_mb, events["end"]["memory_mb"]))


def _events(
    lines: Iterable[str], start: float
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """Events by name, and the seconds after `start` at which each came."""
    events, seconds = {}, {}
    for line in lines:
        if line.startswith('{"event"'):  # else a library's own words
            event = json.loads(line)
            events[event["event"]] = event
            seconds[event["event"]] = time.perf_counter() - start
    return events, seconds


@contextmanager
def _watched(child: subprocess.Popen[str], limit: float) -> Iterator[_MemoryWatch]:
    """Samples memory and ends the child, with all it started, at the limit or on an error."""
    watch = _MemoryWatch(child.pid)
    timer = threading.Timer(limit, _kill, [child.pid])
    watch.start()
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        watch.stop()
        if child.poll() is None:
            _kill(child.pid)


def _kill(session: int) -> None:
    if sys.platform == "win32":
        os.kill(session, signal.SIGTERM)
    else:
        os.killpg(session, signal.SIGKILL)


def _said(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return " / ".join(line.strip() for line in lines[-_TAIL:] if line.strip()) or "it said nothing"


class _MemoryWatch(threading.Thread):
    """Samples the memory of a process and all that it started."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._root = root
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(_SAMPLE):
            self.peak_mb = max(self.peak_mb, tree_memory(self._root)[0] / 1024)

    def stop(self) -> None:
        self._done.set()
        self.join()
