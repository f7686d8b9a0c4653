"""Opens an embedded store in a process of its own: `python -m octavo.index.stores.probe STORE`.

A truncated file under a memory map ends the process that reads it (SIGBUS); so who wants to know
whether a store can be opened at all lets another process try.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from octavo.index.store import StoreError


def opening_error(store: Path) -> str:
    """Why a store cannot be opened and read through; empty where it can."""
    run = subprocess.run(
        [sys.executable, "-P", "-m", "octavo.index.stores.probe", str(store)],
        capture_output=True,
        text=True,
    )
    if run.returncode == 0:
        return ""
    lines = run.stderr.strip().splitlines()
    return lines[-1] if run.returncode == 1 and lines else f"the engine ended with {run.returncode}"


def main(path: str) -> int:
    from octavo.index.store import Sizes
    from octavo.index.stores.qdrant_edge import EdgeStore

    try:
        store = EdgeStore(Path(path), Sizes(text=1, joint=1), check=False)
        try:
            for _ in store.points(()):
                pass
        finally:
            store.close()
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
