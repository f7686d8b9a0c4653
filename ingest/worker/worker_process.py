"""The process that reads, as the system sees it: a memory limit, and an end with its parent.

The parent imports this file and must not get with it what only reading needs.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from multiprocessing.connection import Connection, wait

from octavo.ingest.mupdf import import_mupdf
from octavo.ingest.sockets import forbid_sockets
from octavo.ingest.worker.worker_protocol import RecyclePolicy


def serve(pipe: Connection, policy: RecyclePolicy) -> None:
    """What the process runs."""
    import_mupdf()
    from octavo.ingest.worker.worker_child import (
        Child,  # and with it all that reads, which no limit is to be blamed for
    )

    limit_memory(policy.memory)
    forbid_sockets()  # whatever a document makes its reader do, nothing leaves the machine
    # KeyboardInterrupt: Ctrl-C reaches the whole group; the parent says what happened.
    with contextlib.suppress(EOFError, KeyboardInterrupt, ConnectionError):
        Child(pipe, policy).serve()


def limit_memory(limit: int) -> None:
    """Bounds the address space, where the platform can."""
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (soft, soft))


def die_with_parent(sentinel: Connection) -> None:
    """This process ends when its parent does, however that ends: then `sentinel` closes.

    A closed pipe ends it when it next reads or writes. Inside a call of MuPDF that does not return,
    no Python runs, and no thread either: on Linux the kernel sends SIGIO, which ends a process that
    does not handle it, when the parent's end of the sentinel closes. (PR_SET_PDEATHSIG would come
    when the parent's *thread* ends.) Elsewhere a thread waits, for as long as threads run.
    """
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(sentinel, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(sentinel, fcntl.F_GETFL)
        fcntl.fcntl(sentinel, fcntl.F_SETFL, flags | fcntl.FASYNC)
    threading.Thread(target=_follow, args=(sentinel,), daemon=True).start()


def _follow(sentinel: Connection) -> None:
    wait([sentinel])
    os._exit(1)
