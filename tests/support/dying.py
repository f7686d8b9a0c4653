"""A process dies before every step of a change in turn: what does the next one find?

    python -m tests.support.dying FOLDER

Steps are what reaches the disk: files synced, renamed, made, removed, and writes of the engine.
Prints a JSON line a death: the change, the step, and what was wrong afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import octavo.index.stores.qdrant_edge_shard as shard_module
from octavo.index.commit import commit_document, delete_document, forget_failure
from octavo.index.integrity import open_intact_store
from octavo.index.ledger import rewriting_guards
from octavo.index.originals import Originals
from octavo.index.settle import settle
from octavo.index.stores.qdrant_edge import EdgeStore
from octavo.ingest.document import document_id
from tests.support.stores import SIZES, point, stored

DATA = b"an original"
DOCUMENT = document_id(DATA)
_DIED = 9


def add(store: EdgeStore, originals: Originals) -> None:
    originals.put(DOCUMENT, DATA)
    store.begin(DOCUMENT)
    store.upsert([point(n, DOCUMENT) for n in (1, 2)])
    commit_document(store, originals, stored(DOCUMENT, 2))


def delete(store: EdgeStore, originals: Originals) -> None:
    delete_document(store, originals, DOCUMENT)


def rewrite(store: EdgeStore, originals: Originals) -> None:
    """Dies of itself in the middle."""
    for guard in rewriting_guards(stored(DOCUMENT, 2)):
        store.record_failure(guard)
    store.begin(DOCUMENT)


def forget(store: EdgeStore, originals: Originals) -> None:
    for failure in store.failures():
        forget_failure(store, originals, failure)


#: Change: what was done before, and the change in which the process dies.
CHANGES: dict[str, tuple[list[Callable[[EdgeStore, Originals], None]], Any]] = {
    "add": ([], add),
    "delete": ([add], delete),
    "forget": ([add, rewrite], forget),
}


def open_(folder: Path) -> tuple[EdgeStore, Originals]:
    originals = Originals(folder / "blobs")
    return open_intact_store(folder, originals, SIZES), originals


def in_child(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        code = 98
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_at(step: int) -> None:
    """This process ends before the step of that number."""
    steps = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == step:
                os._exit(_DIED)
            return call(*given, **named)

        return run

    for owner, name in (
        (os, "fsync"),
        (Path, "replace"),
        (Path, "touch"),
        (Path, "unlink"),
        (shard_module.Shard, "_update"),
    ):
        setattr(owner, name, counted(getattr(owner, name)))


def wrong_after(change: str, folder: Path) -> list[str]:
    """What the next writer leaves that must not be, or lacks."""
    store, originals = open_(folder)
    settle(store, originals)
    files = {f.name for f in originals.directory.rglob("*") if f.is_file()}
    there = store.find(DOCUMENT) is not None
    kept = any(f.kept for f in store.failures())
    wrong = []
    expected = {DOCUMENT, f"{DOCUMENT}.json"} if there else set()
    if kept:
        mark = "deleted" if f"{DOCUMENT}.deleted" in files else "json"
        expected = {DOCUMENT, f"{DOCUMENT}.{mark}"}
    if files != expected:
        wrong.append(f"files {sorted(files)}, not {sorted(expected)}")
    if (there or kept) and originals.damage(DOCUMENT):
        wrong.append("its original is lost")
    points = [p for batch in store.points(()) for p in batch]
    if len(points) != 2 * there:
        wrong.append(f"{len(points)} chunks")
    return wrong


def tried(folder: Path, change: str, step: int) -> tuple[bool, list[str]]:
    """Whether the process came to its end, and what was wrong then."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    before, last = CHANGES[change]

    def prepare() -> None:
        store, originals = open_(folder)
        for each in before:
            each(store, originals)
        store.close()

    def work() -> None:
        store, originals = open_(folder)
        die_at(step)
        last(store, originals)

    def look() -> None:
        wrong = wrong_after(change, folder)
        (folder / "wrong.json").write_text(json.dumps(wrong))

    assert in_child(prepare) == 0
    died = in_child(work) == _DIED
    looked = in_child(look)
    report = folder / "wrong.json"
    if looked != 0 or not report.exists():
        return not died, [f"the next process ended with {looked}"]
    return not died, json.loads(report.read_text())


def main(folder: Path) -> None:
    for change in CHANGES:
        for step in range(1, 200):
            done, wrong = tried(folder / "index", change, step)
            if done:
                break
            sys.stdout.write(json.dumps({"change": change, "step": step, "wrong": wrong}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
