"""`octavo sync`: what folders and the index differ in, told, and put right."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from octavo.api.cli.ingest_calls import told_results
from octavo.api.console.progress import progress
from octavo.api.schemas.folders import SyncAction, SyncItemOut, SyncOut
from octavo.api.schemas.ledger import CacheOut, StatusOut, status_out
from octavo.api.sync import RemovalLimit, SyncTarget, apply_plan
from octavo.api.sync_plan import (
    FileHashes,
    FolderListing,
    SyncItem,
    SyncPlan,
    list_folders,
    plan_sync,
)
from octavo.index.source import Source

if TYPE_CHECKING:
    from octavo.api.settings import Settings

_SHOWN: tuple[SyncAction, ...] = (
    "new", "changed", "moved", "metadata", "removed", "failed", "unreadable", "forgotten",
)  # fmt: skip
_TOLD: tuple[SyncAction, ...] = ("moved", "removed", "failed", "forgotten")  # others: by results


def no_documents(settings: Settings) -> StatusOut:
    """The state of an index that is not made yet."""
    return status_out("", settings.profile, [], [], CacheOut(entries=0, limit=0, hits=0, misses=0))


def make_plan(
    folders: Sequence[Path] | FolderListing, state: StatusOut, hashes: FileHashes
) -> SyncPlan:
    """Raises FolderError for a folder that cannot be compared."""
    listing = folders if isinstance(folders, FolderListing) else list_folders(folders)
    with progress("comparing", len(listing.files), "files") as bar:
        return plan_sync(listing, state, hashes, bar)


def run_sync(
    backend: SyncTarget,
    plan: SyncPlan,
    most_bytes: int,
    labels: Mapping[str, str],
    limit: RemovalLimit | None,
    as_json: bool,
) -> SyncOut:
    """Does what the plan says and tells it; a `limit` of None removes whatever is gone."""
    start = time.perf_counter()
    gone = len(plan.of("removed"))
    most = gone if limit is None else limit.most(plan.held)
    removes = gone <= most
    told = _TOLD if removes else tuple(a for a in _TOLD if a != "removed")
    for item in [] if as_json else plan.of(*told):
        click.echo(_line(_item_out(item)), err=item.action == "failed")

    def source_of(item: SyncItem) -> Source:
        path = item.path or Path(item.source)
        return Source.file(path, most_bytes).labelled(labels)

    results = told_results(
        lambda report: apply_plan(plan, backend, source_of, removes, report), as_json
    )
    seconds = round(time.perf_counter() - start, 3)
    withheld = 0 if removes else gone
    return _out(plan, False, most, withheld).model_copy(
        update={"results": results, "seconds": seconds}
    )


def planned(plan: SyncPlan, limit: RemovalLimit | None) -> SyncOut:
    """What would be done."""
    gone = len(plan.of("removed"))
    most = gone if limit is None else limit.most(plan.held)
    return _out(plan, True, most, gone if gone > most else 0)


def show_plan(out: SyncOut) -> None:
    """A line a file that differs."""
    for item in out.items:
        if item.action in _SHOWN:
            click.echo(_line(item))


def show_totals(out: SyncOut) -> None:
    """One line, and why nothing was removed, where that is so."""
    counts = [f"{out.totals[a]} {a}" for a in (*_SHOWN, "unchanged") if out.totals.get(a)]
    click.echo(", ".join(counts) or "nothing to do")
    if out.withheld:
        would = "would be" if out.dry_run else "was"
        click.echo(
            f"octavo: {out.withheld} files are no longer there, and at most {out.max_removed} "
            f"are removed at once (--max-removed): none {would} removed; if they are meant to go, "
            "run it again with --yes",
            err=True,
        )


def _line(item: SyncItemOut) -> str:
    where = f"{item.before} -> {item.source}" if item.before else item.source
    return f"{item.action}: {where}" + (f": {item.reason}" if item.reason else "")


def _out(plan: SyncPlan, dry_run: bool, most: int, withheld: int) -> SyncOut:
    return SyncOut(
        dry_run=dry_run,
        items=[_item_out(i) for i in plan.items if i.action != "unchanged"],
        totals=dict(Counter(i.action for i in plan.items)),
        max_removed=most,
        withheld=withheld,
        results=[],
        seconds=0.0,
    )


def _item_out(item: SyncItem) -> SyncItemOut:
    return SyncItemOut(
        action=item.action,
        source=item.source,
        before=item.before,
        document=item.document,
        reason=item.reason,
    )
