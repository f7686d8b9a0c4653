"""What a request must be before any of our code sees it: from here, and not too large."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "testserver")


class RequestGuard:
    """ASGI middleware: host names, origins, body size.

    A web page the user visits can send requests to this machine. Its `Host` (after DNS rebinding)
    or its `Origin` gives it away: a host that is not ours, or a write from elsewhere, is refused.
    """

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], most: int) -> None:
        """`hosts`: names under which the service is reached; `*` takes any. `most`: bytes."""
        self._app = app
        self._hosts = hosts
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        refused = self._refused(scope["method"], headers)
        if refused is not None:
            return await refused(scope, receive, send)
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:  # sent in chunks, without a length
                return {"type": "http.disconnect"}
            return message

        return await self._app(scope, counted, send)

    def _refused(self, method: str, headers: Headers) -> JSONResponse | None:
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if "*" not in self._hosts and name not in self._hosts:
            return _problem(421, f"this service is not called {name!r}; set OCTAVO_HOSTS")
        origin = headers.get("origin")
        if method not in ("GET", "HEAD") and origin and urlsplit(origin).netloc != host:
            return _problem(403, f"requests from pages of {origin} are not taken")
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._most:
            return _problem(413, f"the request is over {self._most >> 20} MB")
        return None


def hosts_of(bound: str, configured: str) -> tuple[str, ...]:
    """Names to answer to: the configured ones; else this machine's own where only it can reach
    the service, and any name where others can."""
    if configured:
        return tuple(h.strip() for h in configured.split(",") if h.strip())
    own = bound in ("127.0.0.1", "localhost", "::1")
    return (*_LOOPBACK, bound) if own else ("*",)


def _problem(status: int, text: str) -> JSONResponse:
    return JSONResponse({"error": text}, status)
