"""`octavo watch`: the index opened for each change, and closed again."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.options import open_backend
from octavo.api.cli.sync_calls import make_plan, run_sync, show_totals
from octavo.api.schemas.folders import SyncOut
from octavo.api.sync import RemovalLimit
from octavo.api.sync_plan import FileHashes, FolderListing, SyncPlan
from octavo.api.watch import FolderWatch, RemovalBudget

if TYPE_CHECKING:
    from octavo.api.settings import Settings


def run_watch(
    settings: Settings,
    as_json: bool,
    folders: Sequence[Path],
    limit: RemovalLimit,
    labels: Mapping[str, str],
    quiet: float,
) -> None:
    """Until it is interrupted. Other commands can open the index between two changes."""
    changes = _Changes(settings, as_json, limit, labels)
    watch = FolderWatch(folders, changes.put, _tell, quiet)
    if not as_json:
        click.echo(f"watching {', '.join(map(str, folders))}; Ctrl-C ends it", err=True)
    watch.run(threading.Event())


class _Changes:
    """What was told is not told again: a file that fails stays in the folder."""

    def __init__(
        self, settings: Settings, as_json: bool, limit: RemovalLimit, labels: Mapping[str, str]
    ) -> None:
        self._settings = settings
        self._as_json = as_json
        self._labels = labels
        self._hashes = FileHashes(settings.max_file_mb << 20)
        self._budget = RemovalBudget(limit)
        self._unreadable: set[tuple[str, str]] = set()
        self._withheld = 0

    def put(self, listing: FolderListing) -> None:
        with open_backend(self._settings, create=True) as backend:
            plan = self._new(make_plan(listing, backend.status(), self._hashes))
            limit = self._budget.left(plan.held)
            out = run_sync(backend, plan, self._hashes.most, self._labels, limit, self._as_json)
        if not out.withheld:
            self._budget.note(out.totals.get("removed", 0))
        self._show(out)

    def _new(self, plan: SyncPlan) -> SyncPlan:
        unreadable = {(i.source, i.reason) for i in plan.of("unreadable")}
        known = self._unreadable & unreadable
        self._unreadable = unreadable
        items = tuple(
            i for i in plan.items if i.action != "failed" and (i.source, i.reason) not in known
        )
        return replace(plan, items=items)

    def _show(self, out: SyncOut) -> None:
        done = {a: n for a, n in out.totals.items() if a not in ("unchanged", "removed")}
        removed = 0 if out.withheld else out.totals.get("removed", 0)
        if not (done or removed or out.withheld != self._withheld):
            return
        self._withheld = out.withheld
        if self._as_json:
            click.echo(out.model_dump_json())
        else:
            show_totals(out)


def _tell(what: str) -> None:
    click.echo(f"octavo: {what}", err=True)
