"""An answer while it is being written: as server-sent events, or plain but stoppable."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.wire import AnswerOut
from generate.answer import Cancelled, GeneratorError, Watch
from index.encode import ModelError
from index.store import StoreError
from ingest.document import DocumentError

_LOG = logging.getLogger(__name__)
_TOLD = (GeneratorError, ModelError, StoreError, DocumentError, ValueError, Cancelled)
_UNEXPECTED = "internal error: {}; the server's log has more"
CLIENT_GONE = 499  # as nginx has it
_LOOK = 0.5  # seconds between looks whether the client is still there

Ask = Callable[[Watch], AnswerOut]


async def events(ask: Ask) -> AsyncIterator[str]:
    """Events `draft` (`{"text": ...}`), then `answer` (an `AnswerOut`) or `error`.

    The form is that of the HTML standard's server-sent events. Closing the iterator, as the
    server does when its client has gone, stops the model.
    """
    loop = asyncio.get_running_loop()
    drafts: asyncio.Queue[str | None] = asyncio.Queue()

    def said(text: str) -> None:
        loop.call_soon_threadsafe(drafts.put_nowait, text)

    watch = Watch(said)
    task = asyncio.ensure_future(run_in_threadpool(ask, watch))
    task.add_done_callback(lambda _: drafts.put_nowait(None))
    try:
        while (text := await drafts.get()) is not None:
            yield _event("draft", json.dumps({"text": text}, ensure_ascii=False))
        try:
            yield _event("answer", (await task).model_dump_json())
        except Exception as error:  # noqa: BLE001  the stream has begun: there is no status to set
            if not isinstance(error, _TOLD):
                _LOG.exception("an answer failed")
            known = isinstance(error, _TOLD)
            message = str(error) if known else _UNEXPECTED.format(type(error).__name__)
            yield _event("error", json.dumps({"error": message}, ensure_ascii=False))
    finally:
        watch.stop()
        task.add_done_callback(_taken)


async def until_gone(request: Request, ask: Ask) -> AnswerOut:
    """The answer; a client that goes away stops the model."""
    watch = Watch()
    task = asyncio.ensure_future(run_in_threadpool(ask, watch))
    try:
        while not (await asyncio.wait({task}, timeout=_LOOK))[0]:
            if await request.is_disconnected():
                watch.stop()
        return await task
    except Cancelled:
        raise HTTPException(CLIENT_GONE) from None  # nobody is left to read it
    finally:
        watch.stop()


def _taken(task: asyncio.Task[AnswerOut]) -> None:
    """An answer that was given up is no error that asyncio must report."""
    if not task.cancelled():
        task.exception()


def _event(name: str, data: str) -> str:
    return f"event: {name}\ndata: {data}\n\n"
