"""What a run cost: milliseconds by stage, tokens, memory, disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from octavo.api.service import Service
from octavo.evals.metrics.retrieval import percentile
from octavo.evals.run import AskedQuestion
from octavo.retrieve.timing import STAGES


def times(asked: Sequence[AskedQuestion]) -> dict[str, float]:
    """Milliseconds: of the search, of search and answer, and of each stage."""
    rows = {
        "search": [a.search_seconds for a in asked],
        "answer": [a.search_seconds + a.answer_seconds for a in asked if a.answer is not None],
    }
    rows |= {
        f"stage {name}": seconds_of
        for name in STAGES
        if (seconds_of := [a.stages[name] for a in asked if name in a.stages])
    }
    return {
        f"{what} p{share} ms": percentile(seconds, share / 100)
        for what, seconds in rows.items()
        if seconds
        for share in (50, 95, 99)
    }


def tokens(asked: Sequence[AskedQuestion]) -> dict[str, float]:
    """Means over the answers that a model wrote."""
    used = [a.answer.usage for a in asked if a.answer and a.answer.usage]
    if not used:
        return {}
    return {
        "prompt tokens": sum(u.prompt for u in used) / len(used),
        "answer tokens": sum(u.answer for u in used) / len(used),
    }


def memory(readers: bool = False) -> dict[str, float]:
    """Peak of this process, where the platform tells; with `readers` of the largest child, too,
    which is a reading process only where documents were read."""
    if sys.platform == "win32":
        return {}
    import resource

    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    peaks = {"peak memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}
    if readers:
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit
        peaks["peak memory of a reader MB"] = peak
    return peaks


def disk(service: Service, pages: int) -> dict[str, float]:
    """What an embedded index takes, the originals apart."""
    if service.settings.store or not pages:
        return {}
    folder = service.settings.index
    megabytes = size_of(folder / "store") / 1e6
    return {
        "index MB": megabytes,
        "index MB/1,000 pages": megabytes / pages * 1000,
        "originals MB": size_of(folder / "blobs") / 1e6,
    }


def size_of(folder: Path) -> int:
    """Bytes on disk of the files under a folder. The engine's are sparse: what it has reserved and
    not written takes no room."""
    return sum(_allocated(f.stat()) for f in folder.rglob("*") if f.is_file())


def _allocated(stat: os.stat_result) -> int:
    blocks = getattr(stat, "st_blocks", None)  # not on Windows; of 512 bytes each (POSIX)
    return stat.st_size if blocks is None else int(blocks) * 512
