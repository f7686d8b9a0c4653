"""Reads a model server's answer: its server-sent events, or plain JSON of one without streaming."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import httpx

from octavo.generate.llm.chat import ModelDraft
from octavo.generate.llm.server_errors import ServerErrors

_MAX_BYTES = 1 << 20  # bytes of one event or one error, and characters of one answer


async def read_answer(
    response: httpx.Response, on_text: Callable[[str], None], errors: ServerErrors
) -> ModelDraft:
    """The draft of a chat completion; its pieces go to `on_text` as they come.

    Raises GeneratorError for what is none, is broken off or does not end.
    """
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "application/json":
        return _read_json(await read_body(response), on_text, errors)
    if kind != "text/event-stream":
        raise errors.error(
            f"answered with {kind or 'no content type'}, not an event stream",
            "check that the URL is the API's (it ends in /v1), not a web page's",
        )
    text, reason = [], ""
    async for event in _events(response, errors):
        if event == "[DONE]":
            break
        piece, ended = _read_event(event, errors)
        reason = ended or reason
        if piece:
            text.append(piece)
            on_text(piece)
        if sum(map(len, text)) > _MAX_BYTES:
            raise errors.error("does not end its answer", "see the server's log")
    else:
        # The last event may be left out, as `transformers serve` does, not both.
        if not reason:
            raise errors.error(
                f"broke its answer off after {sum(map(len, text))} characters",
                "ask again; see the server's log for why it stopped",
            )
    return ModelDraft("".join(text), truncated=reason in ("length", "content_filter"))


async def read_body(response: httpx.Response) -> str:
    """A body, up to one mebibyte."""
    body = b""
    async for block in response.aiter_bytes():
        body += block
        if len(body) > _MAX_BYTES:
            break
    return body.decode("utf-8", "replace")


async def _events(response: httpx.Response, errors: ServerErrors) -> AsyncIterator[str]:
    """The data of each event. Lines end at line feeds only: JSON may hold U+2028 and other
    characters at which `aiter_lines` would cut."""
    rest = b""
    async for block in response.aiter_bytes():
        *lines, rest = (rest + block).split(b"\n")
        if len(rest) > _MAX_BYTES:
            raise errors.error("sends an event without end", "see the server's log")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip().decode("utf-8", "replace")
    if rest.startswith(b"data:"):
        yield rest[5:].strip().decode("utf-8", "replace")


def _read_event(event: str, errors: ServerErrors) -> tuple[str, str]:
    """Text and finish reason of one event. One that cannot be read is not skipped: a word
    lost ("not") may turn the answer round."""
    try:
        data = json.loads(event)
        if "error" in data:
            raise errors.error(f"reported: {errors.message_of(event)}", "see the server's log")
        choices = data["choices"]
        if not choices:  # usage figures
            return "", ""
        text, reason = choices[0]["delta"].get("content"), choices[0].get("finish_reason")
        if not isinstance(text, str | None) or not isinstance(reason, str | None):
            raise TypeError
    except (ValueError, TypeError, KeyError, LookupError, AttributeError):
        raise errors.error(
            f"sent what is no chat completion chunk: {errors.message_of(event)}",
            "check that it is OpenAI-compatible; ask again",
        ) from None
    return text or "", reason or ""


def _read_json(body: str, on_text: Callable[[str], None], errors: ServerErrors) -> ModelDraft:
    try:
        choice = json.loads(body)["choices"][0]
        text = choice["message"]["content"] or ""
        if not isinstance(text, str):
            raise TypeError
    except (ValueError, TypeError, LookupError):
        raise errors.error(
            f"sent what is no chat completion: {errors.message_of(body)}",
            "check that it is OpenAI-compatible",
        ) from None
    on_text(text)
    return ModelDraft(text, truncated=choice.get("finish_reason") in ("length", "content_filter"))
