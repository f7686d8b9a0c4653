"""Makes the index hold what folders hold: moves, reads, and only then removes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from octavo.api.schemas.folders import MOST_CHANGES, SourceChange, SourcesOut
from octavo.api.schemas.ledger import StatusOut
from octavo.api.schemas.results import ResultOut
from octavo.api.sync_plan import SyncItem, SyncPlan
from octavo.index.progress import Progress
from octavo.index.source import Source

_SHARE, _FILES = 0.2, 10  # of a folder's documents, or so many, may go without being asked


class SyncTarget(Protocol):
    """An open index, or the server that has it open."""

    def status(self) -> StatusOut: ...

    def ingest(
        self, sources: Sequence[Source], report: Callable[[Progress], None] = ...
    ) -> Iterator[ResultOut]: ...

    def change_sources(self, changes: Sequence[SourceChange]) -> SourcesOut: ...


@dataclass(frozen=True, slots=True)
class RemovalLimit:
    """How many files may be taken out of the index at once: a number, or a share (0 to 1) of those
    that it has from the folders; 20 % or 10 files, whichever is more, where neither is given."""

    files: int | None = None
    share: float | None = None

    @staticmethod
    def read(text: str) -> RemovalLimit:
        """Of `25` or `30%`. Raises ValueError for anything else."""
        number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise ValueError(f"{text!r} is neither a number of files nor a share such as 20%")
        if percent and int(number) > 100:
            raise ValueError(f"{text!r} is more than 100%")
        return RemovalLimit(share=int(number) / 100) if percent else RemovalLimit(int(number))

    def most(self, held: int) -> int:
        """Files of `held`."""
        if self.files is not None:
            return self.files
        if self.share is not None:
            return int(held * self.share)
        return max(_FILES, int(held * _SHARE))


def apply_plan(
    plan: SyncPlan,
    target: SyncTarget,
    source_of: Callable[[SyncItem], Source],
    removes: bool,
    report: Callable[[Progress], None] = lambda _: None,
) -> Iterator[ResultOut]:
    """The results of what is read. `removes`: also takes out what is no longer there; a file that
    has come back meanwhile stays. A process that dies in between has lost nothing: the next plan
    says what is left to do.

    Raises StoreError where the index cannot be written.
    """
    holders = {s: d.document for d in target.status().documents for s in d.sources}
    _change(target, ordered_moves(plan.of("moved"), holders))
    to_read = plan.of("new", "changed", "metadata", "unreadable")
    if to_read:
        yield from target.ingest([source_of(i) for i in to_read], report)
    gone = [i for i in plan.of("removed") if removes and (i.reason or not _is_there(i.source))]
    gone += [i for i in plan.of("forgotten") if not _is_there(i.source)]
    _change(target, [SourceChange(document=i.document, drop=[i.source]) for i in gone])


def ordered_moves(moves: Sequence[SyncItem], holders: Mapping[str, str]) -> list[SourceChange]:
    """Moves in an order in which no document takes the place of one that is still to leave it.
    Where they go round in a circle (two files that changed names), one waits beside its place."""
    waiting = {i.before: i for i in moves}
    changes: list[SourceChange] = []
    while waiting:
        free = [(b, i) for b, i in waiting.items() if not _waits_at(i.source, waiting, holders)]
        if not free:
            item = next(iter(waiting.values()))
            beside = os.path.join(
                os.path.dirname(item.before), f".octavo-moving-{item.document[:12]}"
            )
            changes.append(_moved(item, item.before, beside))
            del waiting[item.before]
            waiting[beside] = item
            continue
        for before, item in free:
            changes.append(_moved(item, before, item.source))
            del waiting[before]
    return changes


def _waits_at(source: str, waiting: Mapping[str, SyncItem], holders: Mapping[str, str]) -> bool:
    """Whether the document at `source` has still to be moved away."""
    item = waiting.get(source)
    return item is not None and holders.get(source) == item.document


def _moved(item: SyncItem, before: str, after: str) -> SourceChange:
    return SourceChange(document=item.document, add=[after], drop=[before])


def _change(target: SyncTarget, changes: Sequence[SourceChange]) -> None:
    for start in range(0, len(changes), MOST_CHANGES):
        target.change_sources(changes[start : start + MOST_CHANGES])


def _is_there(source: str) -> bool:
    try:
        os.lstat(source)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # of a client: any text
        return False
    except OSError:
        return True  # nobody can tell
    return True
