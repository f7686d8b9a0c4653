"""The size of Qdrant Edge's write-ahead log."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from octavo.index.durable import write_file

_CONFIG = "edge_config.json"
#: Bytes of one of the log's three files. The engine's 32 MB make a log of 50 MB whatever the size
#: of the index, with 4 MB it is 6 MB. An update over that gets a file of its own.
_OPTIONS = {"segment_capacity": 4 << 20, "segment_queue_len": 0, "retain_closed": 1}


def shorten_log(shard: Path) -> None:
    """Before the shard is loaded. The engine has the option in its configuration file and in Rust;
    its Python class does not name it. An older shard's log shrinks with the next updates."""
    file = shard / _CONFIG
    try:
        config = json.loads(file.read_text())
    except (OSError, ValueError):
        return  # the engine says what is wrong when it loads the shard
    if not isinstance(config, dict) or config.get("wal_options") == _OPTIONS:
        return
    with suppress(OSError):  # a disk that cannot be written: the log stays long
        write_file(file, json.dumps(config | {"wal_options": _OPTIONS}).encode())
