"""One bar for everything that takes a while: done, rate, time left. On standard error, and only
on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class ReportProgress(Protocol):
    """Told how many are done; `total` and `what` only where they changed."""

    def __call__(self, done: int, total: int | None = None, what: str | None = None) -> None: ...


class _Rate(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = f" {unit}/s" if unit else "/s"

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}{self._unit}" if task.speed else f"--{self._unit}")


@contextmanager
def progress(
    what: str, total: int | None = None, unit: str | None = ""
) -> Iterator[ReportProgress]:
    """Hands out a function that is told what is done. `total` is None while it is not known;
    `unit` is of the rate; None: what is done says nothing of the time that is left."""
    timed = (_Rate(unit), TimeRemainingColumn()) if unit is not None else ()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *timed)
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(what, total=total)

        def report(done: int, total: int | None = None, what: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield report
