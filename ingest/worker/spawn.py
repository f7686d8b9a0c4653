"""Starts a reading process as `python -m`, so that no script of a user is imported again.

`multiprocessing` imports the main script anew in each process that it spawns: a script without
`if __name__ == "__main__"` starts itself over there, and every file fails. Here the new process
runs this module and nothing of its parent's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection, Pipe
from multiprocessing.spawn import get_executable
from typing import Any

from octavo.ingest.worker.worker_protocol import RecyclePolicy

#: What runs in the process: reads tasks from the pipe until the policy or the pipe ends it.
Serve = Callable[[Connection, RecyclePolicy], None]


@dataclass(frozen=True, slots=True)
class ReadingProcess:
    """A started process, the pipe to it, and the end that tells it, by closing, to go."""

    process: subprocess.Popen[bytes]
    pipe: Connection
    parent_alive: Connection

    def end(self) -> None:
        """Kills it and waits until it is gone."""
        self.process.kill()
        self.process.wait()
        self.pipe.close()
        self.parent_alive.close()


def start(serve: Serve, policy: RecyclePolicy) -> ReadingProcess:
    """Starts a process that runs `serve`, a function of a module. Raises OSError."""
    pipe, child_end = Pipe()
    sentinel, parent_alive = Pipe(duplex=False)
    try:
        process = _run(f"{serve.__module__}:{serve.__qualname__}", child_end, sentinel)
    except OSError:
        pipe.close()
        parent_alive.close()
        raise
    finally:
        child_end.close()
        sentinel.close()
    reading = ReadingProcess(process, pipe, parent_alive)
    try:
        pipe.send(policy)
    except OSError:
        reading.end()
        raise
    return reading


def _run(target: str, pipe: Connection, sentinel: Connection) -> subprocess.Popen[bytes]:
    handles = [pipe.fileno(), sentinel.fileno()]
    # -P: a file queue.py in the current folder is not the library's.
    helpers: Any = subprocess  # as multiprocessing uses it: -W, -X, ... are passed on
    flags = helpers._args_from_interpreter_flags()
    # Not `sys.executable`: where Python is embedded, a program can set another one.
    command = [os.fsdecode(get_executable()), *flags, "-P", "-m", __name__, target]
    command += map(str, handles)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(_import_folders())}
    # A group of its own: Ctrl-C is for the parent, with which this process ends anyway.
    inherited: dict[str, Any] = {"pass_fds": handles, "process_group": 0}
    if sys.platform == "win32":
        for handle in handles:
            os.set_handle_inheritable(handle, True)
        startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": handles})
        inherited = {"startupinfo": startup}
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, **inherited)


def _import_folders() -> list[str]:
    """Where this process imports from, the main script's folder last: a file csv.py beside the
    script, which the script may never import, is not the library's either."""
    script = getattr(sys.modules["__main__"], "__file__", None)
    beside = os.path.dirname(os.path.abspath(script)) if script else None
    return sorted(filter(None, sys.path), key=lambda folder: folder == beside)


def _connection(handle: str, writable: bool = True) -> Connection:
    if sys.platform == "win32":
        from multiprocessing.connection import PipeConnection

        return PipeConnection(int(handle), writable=writable)  # type: ignore[return-value]
    return Connection(int(handle), writable=writable)


def main(target: str, pipe: str, sentinel: str) -> None:
    """In the new process."""
    from octavo.ingest.worker.worker_process import die_with_parent

    die_with_parent(_connection(sentinel, writable=False))
    module, _, name = target.partition(":")
    serve: Serve = getattr(import_module(module), name)
    connection = _connection(pipe)
    try:
        policy = connection.recv()
    except (EOFError, ConnectionError, KeyboardInterrupt):
        return
    serve(connection, policy)


if __name__ == "__main__":
    main(*sys.argv[1:])
