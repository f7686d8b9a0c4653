"""Writes of the HTTP service, one at a time: those that wait hold no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.streaming import CLIENT_GONE

#: Each of those that wait is an open connection, and many systems let a process have 1,024 files.
MOST_WAITING = 256
_RETRY_SECONDS = 30

T = TypeVar("T")


class Writer:
    """One thread that writes, in the order of arrival.

    Not the threads that all requests share: those wait for the index's lock, one request each,
    and with forty of them waiting nobody is answered any more.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        """`most`: requests that may have a place at once, with the one that is writing."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="octavo-writer")
        self._most = most
        self.taken = 0  # places

    @contextmanager
    def place(self) -> Iterator[None]:
        """Held from before a request's body is read until it is answered. Raises HTTPException
        where all are taken."""
        if self.taken >= self._most:
            raise HTTPException(
                503,
                f"{self.taken} uploads, retries and deletions are waiting; at most {self._most} "
                "may: try again later",
                {"Retry-After": str(_RETRY_SECONDS)},
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1

    async def run(self, request: Request, write: Callable[[], T]) -> T:
        """What `write` returns, when its turn has come. A client that goes away before gives up
        its turn; a write that has begun is finished."""
        job = self._thread.submit(write)
        done = asyncio.wrap_future(job)
        gone = asyncio.ensure_future(_until_gone(request))
        try:
            either: tuple[asyncio.Future[Any], ...] = (done, gone)
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() and job.cancel():
                raise HTTPException(CLIENT_GONE)  # nobody is left to read it
            return await done
        finally:
            job.cancel()
            gone.cancel()


def queued_route(writer: Writer) -> type[APIRoute]:
    """Routes that have a place before their body is read: one refused has cost neither disk nor
    memory."""

    class QueuedRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def queued(request: Request) -> Response:
                with writer.place():
                    return await handle(request)

            return queued

    return QueuedRoute


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
