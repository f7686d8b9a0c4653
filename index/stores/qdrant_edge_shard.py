"""One shard directory of Qdrant Edge: opened or made, read, written; its errors explained."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qdrant_edge as qe

from octavo.index.durable import sync_directory
from octavo.index.store import Sizes, StoreError
from octavo.index.stores.qdrant_edge_log import shorten_log
from octavo.index.stores.qdrant_edge_types import edge_config

_ROOM = 128 << 20  # bytes that must be free before a write; vectors grow in steps of 32 MB
#: Points between two cuts of the log, which by itself goes on growing until the shard is closed:
#: 1 GB for 2,400 pages. A cut takes a hundredth of the time that embedding so many takes.
_LOGGED = 500
_PAGE = 1000  # points read at a time when scrolling
_KEYWORDS = ("document", "kind")


class Shard:
    """Raises StoreError for whatever the engine raises."""

    def __init__(self, path: Path, sizes: Sizes, bits: int) -> None:
        """Opens the shard, or makes it with `sizes` and `bits` a number of a multivector, 16 or 4
        (an existing one keeps its own)."""
        self._path = path
        self._lock = threading.Lock()
        self._logged = 0  # points written since the log was cut
        with _explained(f"the index at {path} cannot be opened"):
            if not path.exists():
                _need_room(path.parent)
                _create(path, edge_config(sizes, bits))
            shorten_log(path)
            self._shard = qe.EdgeShard.load(str(path))
            _index_pages(self._shard)

    def query(self, request: qe.QueryRequest) -> Any:
        # The engine holds the interpreter's lock while it searches. Threads that queue here, not
        # there, leave it to those that work: 64 at a time get a third more done.
        with self._lock, _explained("the index could not be searched"):
            return self._shard.query(request)

    def query_batch(self, requests: list[qe.QueryRequest]) -> Any:
        with self._lock, _explained("the index could not be searched"):
            return self._shard.query_batch(qe.QueryBatchRequest(requests))

    def count(self, where: qe.Filter | None = None) -> int:
        """Points, records among them, that satisfy `where`."""
        with _explained("the index could not be searched"):
            return int(self._shard.count(qe.CountRequest(exact=True, filter=where)))

    def retrieve(self, ids: Sequence[str]) -> Any:
        """Records of point ids with their payloads, those that are there, in any order."""
        with _explained("the index could not be searched"):
            return self._shard.retrieve([uuid.UUID(i) for i in ids], True, False)

    def scroll(
        self, where: qe.Filter | None, page: int = _PAGE, vectors: Sequence[str] = ()
    ) -> Iterator[Any]:
        """Every record that satisfies `where`, `page` read at a time, with the named vectors."""
        offset = None
        while True:
            request = qe.ScrollRequest(
                offset=offset,
                limit=page,
                filter=where,
                with_payload=True,
                with_vector=list(vectors) or False,
            )
            with self._lock, _explained("the index could not be searched"):
                records, offset = self._shard.scroll(request)
            yield from records
            if offset is None:
                return

    def upsert(self, points: list[qe.Point]) -> None:
        _need_room(self._path)
        self._update(qe.UpdateOperation.upsert_points(points))
        self._logged += len(points)
        if self._logged >= _LOGGED:
            self._logged = 0
            with _explained("the index could not be written"):
                self._shard.flush()

    def upsert_record(self, identity: str, payload: dict[str, Any]) -> None:
        """Writes a point without vectors."""
        _need_room(self._path)
        point = qe.Point(uuid.UUID(identity), {}, payload)
        self._update(qe.UpdateOperation.upsert_points([point]))

    def delete(self, ids: Sequence[str]) -> None:
        self._update(qe.UpdateOperation.delete_points([uuid.UUID(i) for i in ids]))

    def delete_where(self, where: qe.Filter) -> None:
        self._update(qe.UpdateOperation.delete_points_by_filter(where))

    def close(self) -> None:
        try:
            with _explained("the index could not be written"):
                self._shard.flush()
        finally:
            self._shard.close()

    def abandon(self) -> None:
        """Closes it without a last write."""
        self._shard.close()

    def _update(self, operation: Any) -> None:
        with _explained("the index could not be written"):
            self._shard.update(operation)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except BaseException as error:
        if not _is_of_the_engine(error):
            raise
        raise StoreError(f"{what}: {error}") from error


def _is_of_the_engine(error: BaseException) -> bool:
    """A damaged file may make the engine panic, which Python is told by an exception of a type
    that is no `Exception` and cannot be imported."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def _need_room(directory: Path) -> None:
    """The engine writes through memory maps: on a full disk the kernel kills the process (SIGBUS)
    before anything can be said, so what a batch may need is asked for before."""
    free = shutil.disk_usage(directory).free
    if free < _ROOM:
        raise StoreError(
            f"the disk of {directory} has {free >> 20} MB free; at least {_ROOM >> 20} MB are "
            "needed to write. What was committed stays; make room and run the same again"
        )


def _index_pages(shard: qe.EdgeShard) -> None:
    """Without it a question that names a page reads every payload: 150 ms of 9,900 chunks, not 3.
    Also of older shards: 0.5 s once, and nothing where it is there."""
    shard.update(qe.UpdateOperation.create_field_index("page", qe.PayloadSchemaType.Integer))


def _create(path: Path, config: qe.EdgeConfig) -> None:
    """Made aside and renamed: a process that dies leaves a whole shard or none."""
    part = path.with_name(path.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    qe.EdgeShard.create(str(part), config).close()
    shutil.rmtree(part / "wal")  # nothing is in it yet, and it is as long as ever
    shorten_log(part)
    shard = qe.EdgeShard.load(str(part))
    for key in _KEYWORDS:
        shard.update(qe.UpdateOperation.create_field_index(key, qe.PayloadSchemaType.Keyword))
    shard.flush()
    shard.close()
    part.rename(path)
    sync_directory(path.parent)
