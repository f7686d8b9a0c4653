"""Pages of a document by what became of them: runs of neighbours, and their numbers as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from octavo.ingest.document import PageState, PageStatus


class PageSpan(Protocol):
    """Pages from `first` to `last`."""

    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PageRun:
    """Pages `first` to `last` of which the same became, for the same reason."""

    first: int
    last: int
    state: PageState
    reason: str = ""


def runs_of(statuses: Iterable[PageStatus]) -> list[PageRun]:
    """Neighbouring pages of the same state and reason as one run each; pages in rising order."""
    runs: list[PageRun] = []
    for status in statuses:
        last = runs[-1] if runs else None
        follows = last is not None and status.page == last.last + 1
        if (
            last is not None
            and follows
            and (status.state, status.reason)
            == (
                last.state,
                last.reason,
            )
        ):
            runs[-1] = replace(last, last=status.page)
        else:
            runs.append(PageRun(status.page, status.page, status.state, status.reason))
    return runs


def numbers_of(runs: Iterable[PageSpan]) -> str:
    """`3-7, 12`, of runs in rising order. Those that only their reasons part are told as one."""
    ends: list[tuple[int, int]] = []
    for run in runs:
        if ends and run.first == ends[-1][1] + 1:
            ends[-1] = (ends[-1][0], run.last)
        else:
            ends.append((run.first, run.last))
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ends)
