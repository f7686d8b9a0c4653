"""Who is writing or deleting which document on a server that several processes share."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qdrant_client import QdrantClient
from qdrant_client import models as qm

from octavo.index.stores.payload import MARKER_KIND
from octavo.index.stores.qdrant_connection import Remote
from octavo.index.stores.qdrant_server_types import equals, record_point

State = Literal["writing", "deleting"]
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
    """Markers of one collection; one a document and process (`owner`)."""

    def __init__(self, client: QdrantClient, collection: str, remote: Remote) -> None:
        self._client = client
        self._collection = collection
        self._remote = remote
        self.owner = uuid.uuid4().hex

    def put(self, document: str, state: State) -> None:
        """Writes this process's marker, or renews it."""
        payload = {
            "document": document,
            "kind": MARKER_KIND,
            "owner": self.owner,
            "host": socket.gethostname(),
            "state": state,
            "time": time.time(),
        }
        self._remote.run(
            f"marking {document[:12]} as {state}",
            self._client.upsert,
            self._collection,
            [record_point(self._id(document), payload)],
            wait=True,
        )

    def drop(self, document: str) -> None:
        """Removes this process's marker."""
        self.remove(self._id(document))

    def remove(self, marker: str) -> None:
        self._remote.run(
            "removing a marker",
            self._client.delete,
            self._collection,
            qm.PointIdsList(points=[marker]),
            wait=True,
        )

    def find(self, document: str = "") -> Iterator[WriterLease]:
        """Markers of every process, of one document where it is given."""
        must = [equals("kind", MARKER_KIND)]
        if document:
            must.append(equals("document", document))
        offset = None
        while True:
            records, offset = self._remote.run(
                "reading markers",
                self._client.scroll,
                self._collection,
                scroll_filter=qm.Filter(must=list(must)),
                limit=_PAGE,
                offset=offset,
                with_payload=True,
            )
            for record in records:
                p = record.payload or {}
                yield WriterLease(
                    str(record.id), p["document"], p["owner"], p["host"], p["state"], p["time"]
                )
            if offset is None:
                return

    def _id(self, document: str) -> str:
        return str(uuid.uuid5(_SPACE, f"{document} {self.owner}"))
