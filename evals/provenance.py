"""Where a result row comes from: when, which code, which settings, which machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from octavo.api.service import Service

#: What every row says; `octavo eval report` refuses one that does not.
NEEDED = ("date", "commit", "command", "config", "machine", "n", "errors")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Taken before a run: what is committed or changed while it lasts did not run."""

    date: str
    commit: str
    command: str
    machine: str


def provenance() -> Provenance:
    """Of this process, now."""
    return Provenance(now(), commit(), command(), machine())


def now() -> str:
    """ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def command() -> str:
    """The command line, as a person typed it."""
    return " ".join([Path(sys.argv[0]).name.replace("__main__.py", "octavo"), *sys.argv[1:]])


def commit() -> str:
    """The checked-out commit, `+` where the tree has changes; `unknown` outside a checkout."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return (head + ("+" if _git("status", "--porcelain") else "")) or "unknown"
    except FileNotFoundError:
        return "unknown"


def _git(*arguments: str) -> str:
    command, here = ["git", *arguments], Path(__file__).parent
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def machine() -> str:
    """System, processor, cores that this process may use, memory, Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{platform.system()} {platform.machine()}, {_processor()}, {cores} cores, "
        f"{_memory_gb()} GB, Python {platform.python_version()}"
    )


def configuration(service: Service) -> dict[str, Any]:
    """Every setting that can move a number of quality or speed."""
    s = service.settings
    return {
        **service.profile.model_dump(mode="json", exclude={"name", "description"}),
        "encoders": {role: e.name for role, e in service.encoders.by_role().items()},
        "answers by": service.generator.name,
        "store": "server" if s.store else "embedded",
        "knn": s.knn,
        "ocr": s.ocr,
        "device": s.device,
        "workers": s.workers,
    }


def digest(value: object) -> str:
    """12 hexadecimal digits of the sha256 of a JSON-like value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def _memory_gb() -> str:
    try:
        return str(round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30))
    except (AttributeError, ValueError, OSError):
        return "?"
