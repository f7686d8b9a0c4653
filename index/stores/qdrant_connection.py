"""Calls to a Qdrant server: made without proxies, repeated where that helps, errors explained."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from octavo.index.store import StoreError

P = ParamSpec("P")
R = TypeVar("R")

_ATTEMPTS = 4
_FIRST_WAIT = 0.25  # seconds; doubled each time
_LONGEST_WAIT = 10.0
_PASSING = {408, 429, 500, 502, 503, 504}  # a node that starts, is busy, or has lost its leader
_ADVICE = {
    401: "check the API key",
    403: "check the API key and what it may do",
    404: "the collection is gone, or the URL is not that of a Qdrant server",
    413: "raise service.max_request_size_mb of the server",
    507: "the server's disk is full; make room and run the same again",
}


def connect(url: str, key: str | None = None, timeout: float = 30) -> QdrantClient:
    """A client of the server at `url` (`http://host:6333`); nothing is asked of it yet.

    `timeout` is in seconds, for each attempt. HTTP only, and never through a proxy of the
    environment: vectors and texts go to the named host and nowhere else. Raises StoreError for
    what is no URL of a server.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise StoreError(
            f"{shown(url)!r} is not the URL of a Qdrant server; expected http://host:6333 or "
            "https://host (the key is given apart)"
        )
    return QdrantClient(
        url=url,
        api_key=key,
        timeout=max(1, round(timeout)),
        check_compatibility=False,  # asks in a thread of its own and only warns
        trust_env=False,
    )


def shown(url: str) -> str:
    """`url` without user and password, for messages."""
    return url.rsplit("@", 1)[-1]


class Remote:
    """Runs calls that may be repeated: every write of the store is idempotent."""

    def __init__(
        self, url: str, attempts: int = _ATTEMPTS, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._url = shown(url)
        self._attempts = attempts
        self._sleep = sleep

    def run(self, what: str, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `call`. Raises StoreError: the URL, `what` failed, and what to do."""
        wait = _FIRST_WAIT
        for attempt in range(1, self._attempts + 1):
            try:
                return call(*args, **kwargs)
            except Exception as error:
                if attempt == self._attempts or not _is_passing(error):
                    raise StoreError(self._message(what, error, attempt)) from error
                if isinstance(error, ResourceExhaustedResponse):
                    wait = max(wait, float(error.retry_after_s))
            self._sleep(min(wait, _LONGEST_WAIT))
            wait *= 2
        raise StoreError(f"{self._url}: {what} was not tried")

    def _message(self, what: str, error: Exception, attempts: int) -> str:
        tried = f" ({attempts} attempts)" if attempts > 1 else ""
        return f"Qdrant at {self._url}: {what} failed{tried}: {_reason(error)}"


def _is_passing(error: Exception) -> bool:
    if isinstance(error, UnexpectedResponse):
        return error.status_code in _PASSING
    if isinstance(error, ResponseHandlingException):
        import httpx

        return isinstance(error.source, httpx.TransportError)
    return isinstance(error, ResourceExhaustedResponse)


def _reason(error: Exception) -> str:
    if isinstance(error, ResponseHandlingException):
        return (
            f"{error.source or type(error.source).__name__}; check that the server runs and that "
            "this machine reaches it"
        )
    if isinstance(error, UnexpectedResponse):
        advice = _ADVICE.get(error.status_code or 0, "see the server's log")
        body = error.content[:300].decode("utf-8", "replace").strip()
        return f"HTTP {error.status_code} {body}; {advice}"
    if isinstance(error, ResourceExhaustedResponse):
        return f"{error}; the server limits the rate: fewer workers, or a higher limit there"
    return f"{type(error).__name__}: {error}"
