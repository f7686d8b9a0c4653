"""The bar of an ingestion: all files from the start, and the rate of the pages that were read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from octavo.api.console.progress import progress
from octavo.index.progress import Progress

_NAME = 32  # characters of a file's name


@contextmanager
def ingest_progress() -> Iterator[Callable[[Progress], None]]:
    """Hands out what an ingestion tells how far it is."""
    start = time.monotonic()
    with progress("reading", unit=None) as bar:

        def report(step: Progress) -> None:
            bar(step.finished, step.files or None, told(step, time.monotonic() - start))

        yield report


def told(step: Progress, seconds: float) -> str:
    """`manual.pdf: 812 pages, 5.3 pages/s, about 4 min left`. Files that were there already cost
    nearly nothing: neither the rate nor the time left counts them."""
    name = step.name if len(step.name) <= _NAME else f"{step.name[: _NAME - 3]}..."
    parts = [f"{step.done} pages"]
    if step.done and seconds > 0:
        parts.append(f"{step.done / seconds:.1f} pages/s")
    waiting = step.files - step.finished
    if step.read and waiting > 0:
        share = step.read / max(1, step.finished)  # of the files so far had to be read
        parts.append(f"about {_duration(seconds / step.read * waiting * share)} left")
    return f"{name}: {', '.join(parts)}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
