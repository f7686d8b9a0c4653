"""Who is writing or deleting which document on a server that several processes share."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qdrant_client import models as qm

from octavo.index.stores.payload import LEASE_KIND
from octavo.index.stores.qdrant_collection import QdrantCollection
from octavo.index.stores.qdrant_server_types import equals, record_point

State = Literal["writing", "deleting"]
#: Seconds after which a document that is being written is taken for abandoned. Leases are renewed
#: while chunks come in, so this bounds the time between two batches, not that of a document.
STALE = 3600.0
_RENEW = 60.0  # seconds between renewals
_DELETING = 60.0  # seconds left to a process to finish its deletion itself
_SPACE = uuid.UUID("5f0a7c1e-6c2b-4b7e-9a55-0c7a4f0d1b6e")
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class WriterLease:
    """`time` is Unix seconds by the clock of the process that wrote it."""

    id: str
    document: str
    owner: str
    host: str
    state: State
    time: float

    def age(self) -> float:
        """Seconds; machines whose clocks are minutes apart are allowed for by the limits used."""
        return time.time() - self.time


class WriterLeases:
    """Of one collection; one a document and process (`owner`)."""

    def __init__(self, collection: QdrantCollection, stale: float) -> None:
        """`stale`: seconds after which a lease counts for nothing."""
        self._collection = collection
        self._stale = stale
        self._owner = uuid.uuid4().hex
        self._renewed: dict[str, float] = {}  # documents this process writes, time of the lease

    def put(self, document: str, state: State) -> None:
        """Writes this process's lease, or renews it."""
        payload = {
            "document": document,
            "kind": LEASE_KIND,
            "owner": self._owner,
            "host": socket.gethostname(),
            "state": state,
            "time": time.time(),
        }
        record = record_point(self._id(document), payload)
        self._collection.upsert(f"taking a lease on {document[:12]} for {state}", [record])
        if state == "writing":
            self._renewed[document] = time.monotonic()

    def renew(self, document: str) -> None:
        """Of a document that this process writes, where it was not renewed lately."""
        if time.monotonic() - self._renewed.get(document, -_RENEW) >= _RENEW:
            self.put(document, "writing")

    def drop(self, document: str) -> None:
        """Removes this process's lease."""
        self.remove(self._id(document))
        self._renewed.pop(document, None)

    def remove(self, lease: str) -> None:
        self._collection.delete("removing a lease", [lease])

    def find(self, document: str = "") -> Iterator[WriterLease]:
        """Leases of every process, of one document where it is given."""
        must = [equals("kind", LEASE_KIND)]
        if document:
            must.append(equals("document", document))
        for record in self._collection.scroll("reading leases", qm.Filter(must=list(must)), _PAGE):
            p = record.payload or {}
            yield WriterLease(
                str(record.id), p["document"], p["owner"], p["host"], p["state"], p["time"]
            )

    def is_live(self, lease: WriterLease) -> bool:
        """Whether another process may still be at it."""
        limit = self._stale if lease.state == "writing" else min(_DELETING, self._stale)
        return lease.owner != self._owner and lease.age() < limit

    def _id(self, document: str) -> str:
        return str(uuid.uuid5(_SPACE, f"{document} {self._owner}"))
