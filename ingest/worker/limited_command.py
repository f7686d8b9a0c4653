"""Runs another program within limits, as `python limited_command.py SECONDS BYTES PROGRAM ...`.

The program takes this process's place: it may use so many seconds of processor time and bytes of
address space, and ends with the process that started it. Nothing of Octavo is imported.
"""

from __future__ import annotations

import contextlib
import os
import sys

_PR_SET_PDEATHSIG, _SIGKILL = 1, 9


def main(seconds: int, memory: int, command: list[str]) -> None:
    if sys.platform != "win32":
        import resource

        for kind, limit in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory)):
            hard = resource.getrlimit(kind)[1]
            most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, (most, most))
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
