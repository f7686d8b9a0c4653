"""Damages every file and folder of an index in turn and runs commands over it; what is lost?

    python -m tests.support.damage INDEX [--every N] [--only PATH] [--commands status,search,...]

Each case runs in a process of its own, because a truncated memory map ends the process that reads
it (SIGBUS). Prints a JSON line a case that lost something, then a summary. Exit code 1 where an
original was lost.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from click.testing import CliRunner

from octavo.api.cli.main import cli

COMMANDS = ("status", "search", "ask", "explain", "ingest", "retry", "reindex", "repair")


@dataclass(frozen=True)
class Case:
    """`path` is relative to the index; `how` is removed, truncated or flipped."""

    path: str
    how: str


def cases(index: Path) -> Iterator[Case]:
    """Every file removed, truncated to half and with a flipped bit; every folder removed."""
    for path in sorted(index.rglob("*")):
        name = str(path.relative_to(index))
        if path.is_dir():
            yield Case(name, "removed")
        elif name not in ("lock", "lock.json"):
            yield from (Case(name, how) for how in ("removed", "truncated", "flipped"))


def damage(index: Path, case: Case) -> None:
    path = index / case.path
    if case.how == "removed":
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return
    with path.open("r+b") as file:
        size = path.stat().st_size
        if case.how == "truncated":
            file.truncate(size // 2)
            return
        written = file.read(1 << 20).rstrip(b"\0")
        at = len(written) // 2
        file.seek(at)
        file.write(bytes([written[at] ^ 0x10]) if written else b"\x10")


def original_hashes(index: Path) -> dict[str, str]:
    """Files of the blobs folder that are named by a hash, and the hash that they have."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in (index / "blobs").glob("??/*")
        if len(file.name) == 64
    }


def run(index: Path, command: str, new: Path) -> str:
    """Runs one command on the index in a child process: what became of it."""
    given = {
        "status": ["status"],
        "search": ["search", "pump"],
        "ask": ["ask", "Which oil?"],
        "explain": ["explain", "pump"],
        "ingest": ["ingest", str(new)],
        "retry": ["retry"],
        "reindex": ["reindex"],
        "repair": ["repair"],
    }[command]
    child = os.fork()
    if child == 0:
        code = 99
        try:
            result = CliRunner().invoke(cli, [*given, "--index", str(index)])
            broken = result.exception is not None and not isinstance(result.exception, SystemExit)
            code = 98 if broken else result.exit_code
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return {0: "fine", 98: "traceback"}.get(os.WEXITSTATUS(status), "refused")


def try_case(index: Path, case: Case, command: str, new: Path) -> tuple[str, list[str]]:
    """What the command said over a damaged copy, and the originals that it lost."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "index"
        # Most of an index's files are holes.
        subprocess.run(["cp", "-r", "--sparse=always", str(index), str(copy)], check=True)
        damage(copy, case)
        before = original_hashes(copy)
        said = run(copy, command, new)
        after = original_hashes(copy)
    whole = {name for name, found in before.items() if name == found}
    return said, sorted(name for name in whole if after.get(name) != name)


@click.command()
@click.argument("index", type=click.Path(path_type=Path, exists=True))
@click.option("--every", default=1, help="Only every Nth case.")
@click.option("--only", help="Only this file or folder, relative to the index.")
@click.option("--commands", default=",".join(COMMANDS))
def main(index: Path, every: int, only: str | None, commands: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder) / "new.txt"
        new.write_text("A new note about a valve.\n")
        lost = tried = 0
        said: dict[str, int] = {}
        for case in [c for c in cases(index) if only in (None, c.path)][::every]:
            for command in commands.split(","):
                tried += 1
                became, gone = try_case(index, case, command, new)
                said[became] = said.get(became, 0) + 1
                if gone or became == "traceback":
                    row = {"case": f"{case.path} {case.how}", "command": command, "lost": gone}
                    click.echo(json.dumps(row | {"said": became}))
                lost += bool(gone)
    click.echo(json.dumps({"tried": tried, "lost_originals_in": lost, "said": said}))
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
