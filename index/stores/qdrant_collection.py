"""A Qdrant collection with our schema: made where it is missing, checked where it is there."""

from __future__ import annotations

import warnings
from typing import Any

from qdrant_client import QdrantClient

from octavo.index.store import Sizes, StoreError
from octavo.index.stores.qdrant_connection import Remote
from octavo.index.stores.qdrant_server_types import INDEXES, SPARSE_PARAMS, vector_params


def open_collection(
    client: QdrantClient, name: str, sizes: Sizes, shards: int, replicas: int, remote: Remote
) -> None:
    """Makes the collection unless it is there, and its payload indexes. Raises StoreError where
    the server does not answer, or the collection has vectors of other sizes."""

    def exists() -> bool:
        return remote.run("asking for the collection", client.collection_exists, name)

    wanted = vector_params(sizes)
    if not exists():
        try:
            remote.run(
                "making the collection",
                client.create_collection,
                name,
                vectors_config=wanted,
                sparse_vectors_config=SPARSE_PARAMS,
                shard_number=shards,
                replication_factor=replicas,
            )
        except StoreError:
            if not exists():  # else another process made it in the meantime
                raise
    params: Any = remote.run("opening", client.get_collection, name).config.params.vectors
    there = {n: v.size for n, v in params.items()} if isinstance(params, dict) else {}
    other = [
        f"{n} {there.get(n, 'missing')} instead of {v.size}"
        for n, v in wanted.items()
        if there.get(n) != v.size
    ]
    if other:
        raise StoreError(
            f"the collection {name} has vectors of other sizes: {', '.join(other)}. Use the "
            "profile that it was made with, or another collection"
        )
    with warnings.catch_warnings():
        # Local mode has no payload indexes and says so.
        warnings.simplefilter("ignore", UserWarning)
        for key, kind in INDEXES.items():
            remote.run(
                f"indexing {key}", client.create_payload_index, name, key, kind, wait=True
            )  # fmt: skip
