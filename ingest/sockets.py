"""No way to another machine from this process: reading processes always, others on request."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

_LOCAL_NAMES = ("localhost", "")
_armed = False


class OfflineError(OSError):
    """A connection that `--offline` forbids."""


def forbid_sockets() -> None:
    """From here on no socket of this process may reach another machine; names are not looked up
    either. Through an audit hook (PEP 578), which nothing can take off again. Loopback stays."""
    global _armed
    if not _armed:
        sys.addaudithook(_hook)
        _armed = True


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    elif event == "socket.getnameinfo":
        host = arguments[0][0]
    else:
        return
    if isinstance(host, (str, bytes)) and not is_local(host):
        raise OfflineError(
            f"a connection to {_text(host)} was stopped: --offline (OCTAVO_OFFLINE) forbids all "
            "but this machine"
        )


def is_local(host: str | bytes) -> bool:
    """Whether a host name or address is this machine's own (loopback)."""
    name = _text(host).strip("[]").split("%")[0]
    if name in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _text(host: str | bytes) -> str:
    return host.decode("utf-8", "replace") if isinstance(host, bytes) else host
