"""Any OpenAI-compatible server with vision (vLLM, llama.cpp, Ollama, cloud) as chat model.

Through httpx, which the core has anyway, not the `openai` package: that one brings a second HTTP
library (httpx2) with jiter and sniffio, reads proxies and keys from the environment, and has no
limit for the whole answer or for its first text (servers send headers and keep-alives before).
What is left of it is the reading of server-sent events (`generate/llm/sse.py`), 30 lines.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from typing import Any

import httpx

from octavo.generate.answer import Cancelled, Watch
from octavo.generate.llm.chat import ModelDraft
from octavo.generate.llm.server_errors import ServerErrors
from octavo.generate.llm.sse import read_answer, read_body
from octavo.generate.prompt import Prompt
from octavo.generate.token_estimate import estimate_tokens, picture_tokens

_TEMPLATE = 64  # tokens that a chat template adds around two messages
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_POLL_SECONDS = 0.05  # seconds until a stop is noticed


@dataclass(frozen=True, slots=True)
class OpenAiOptions:
    """How a server is asked. `images`: whether it takes any. `context_tokens` is what it was
    started with. A picture is taken for 300 tokens and one for every `pixels_per_token` pixels
    (28 x 28 in most models; 14 x 14 in LLaVA-NeXT).

    Seconds: `connect`; `first` the longest wait for text, also between two pieces; `total` the
    whole answer, `retries` included. `extra` is added to the request's body, None takes a field
    out: `{"max_tokens": None, "max_completion_tokens": 512}`.

    Raises ValueError for a context that is too small for the answer.
    """

    images: bool = True
    context_tokens: int = 8192
    answer_tokens: int = 512
    pixels_per_token: int = 512
    connect: float = 5.0
    first: float = 60.0
    total: float = 120.0
    retries: int = 2
    extra: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.context_tokens <= self.answer_tokens:
            raise ValueError(
                f"a context of {self.context_tokens} tokens has no room for a prompt beside an "
                f"answer of {self.answer_tokens}"
            )


_DEFAULTS = OpenAiOptions()


class OpenAiChat:
    """Satisfies `ChatModel`. Confidential: no proxy of the environment, no redirect; the key is
    sent to `url` alone and kept out of every error."""

    def __init__(
        self, url: str, model: str, *, key: str = "", options: OpenAiOptions = _DEFAULTS
    ) -> None:
        """`url` is the base, as in `http://127.0.0.1:8000/v1`. Raises ValueError for one that is
        none or holds a password.
        """
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise ValueError(f"the server's URL is {url!r}: {error}") from None
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
            raise ValueError(
                f"the server's URL is http://HOST:PORT/v1 or https://..., without user or "
                f"password; {parsed.copy_with(userinfo=None)!s} was given"
            )
        self.name = f"{model} at {parsed.host}"
        self.images = options.images
        self.budget = options.context_tokens - options.answer_tokens
        self._options = options
        self._url = url.rstrip("/")
        self._model = model
        self._key = key
        self._errors = ServerErrors(self._url, model, key, self.budget)
        self._timeout = httpx.Timeout(options.first, connect=options.connect)
        self._body = {
            "model": model, "stream": True, "temperature": 0,
            "max_tokens": options.answer_tokens, **options.extra,
        }  # fmt: skip
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._has_tokenizer = True  # whether the server has a tokenizer to ask; found out once

    def count(self, prompt: Prompt) -> int:
        """The text by the server's tokenizer (vLLM and llama.cpp have `/tokenize`), else
        `estimate_tokens`; the pictures by their area."""
        pictures = sum(picture_tokens(p, self._options.pixels_per_token) for p in prompt.images)
        text = f"{prompt.system}\n{prompt.text}"
        tokens = self._tokenize(text) if self._has_tokenizer else None
        return _TEMPLATE + pictures + (estimate_tokens(text) if tokens is None else tokens)

    def write(self, prompt: Prompt, watch: Watch) -> ModelDraft:
        """See `ChatModel.write`. The request runs in a thread of its own, with an event loop of its
        own, so that it can be given up at any moment: the connection is closed, by which the
        server learns of it."""
        pieces: SimpleQueue[str | None] = SimpleQueue()
        caller_gone = Event()  # `watch.on_text` raised

        async def request() -> ModelDraft:
            try:
                task = asyncio.ensure_future(self._answer(prompt, pieces.put))
                while not task.done():
                    await asyncio.wait({task}, timeout=_POLL_SECONDS)
                    if watch.stopped or caller_gone.is_set():
                        task.cancel()
                return await task
            finally:
                pieces.put(None)

        with ThreadPoolExecutor(1) as pool:
            future = pool.submit(lambda: asyncio.run(request()))
            try:
                while (piece := pieces.get()) is not None:
                    watch.on_text(piece)
            finally:
                caller_gone.set()
            try:
                return future.result()
            except (CancelledError, asyncio.CancelledError):
                raise Cancelled from None

    async def _answer(self, prompt: Prompt, on_text: Callable[[str], None]) -> ModelDraft:
        body = {k: v for k, v in self._body.items() if v is not None}
        body["messages"] = messages(prompt, self.images)
        try:
            async with (
                asyncio.timeout(self._options.total),
                httpx.AsyncClient(
                    timeout=self._timeout, trust_env=False, verify=self._tls
                ) as client,
            ):
                for attempt in range(self._options.retries + 1):
                    last = attempt == self._options.retries
                    try:
                        return await self._attempt(client, body, on_text, last)
                    except _RetryLater as again:
                        await asyncio.sleep(again.seconds or 0.5 * 2**attempt)
        except TimeoutError:
            raise self._errors.error(
                f"wrote no whole answer within {self._options.total:g} seconds",
                "allow more seconds, shorter answers or less evidence",
            ) from None
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(
        self, client: httpx.AsyncClient, body: object, on_text: Callable[[str], None], last: bool
    ) -> ModelDraft:
        """One request. Raises _RetryLater where another may do better and no text came yet."""
        try:
            async with asyncio.timeout(self._options.first) as patience:
                loop = asyncio.get_running_loop()

                def on_piece(piece: str) -> None:
                    patience.reschedule(loop.time() + self._options.first)
                    on_text(piece)

                async with client.stream(
                    "POST", f"{self._url}/chat/completions", json=body, headers=self._headers()
                ) as response:
                    if response.status_code != 200:
                        refusal = self._errors.refused(
                            response.status_code, await read_body(response)
                        )
                        if response.status_code in _RETRIED and not last:
                            raise _RetryLater(_retry_after(response))
                        raise refusal
                    return await read_answer(response, on_piece, self._errors)
        except (TimeoutError, httpx.ReadTimeout):
            raise self._errors.error(
                f"sent no text for {self._options.first:g} seconds",
                "see whether it is loaded with work; allow a longer wait or show less evidence",
            ) from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if not last:
                raise _RetryLater(None) from None
            raise self._errors.unreachable(error) from None
        except httpx.HTTPError as error:
            raise self._errors.connection_lost(error) from None

    def _tokenize(self, text: str) -> int | None:
        """vLLM takes `prompt`, llama.cpp `content`; each ignores the other's. None: not offered."""
        root = self._url.removesuffix("/v1")
        body = {"model": self._model, "prompt": text, "content": text, "add_special": True}
        try:
            with httpx.Client(timeout=self._timeout, trust_env=False, verify=self._tls) as client:
                response = client.post(f"{root}/tokenize", json=body, headers=self._headers())
            data = response.json() if response.status_code == 200 else {}
            tokens = data.get("count", len(data["tokens"])) if "tokens" in data else None
        except httpx.ConnectError as error:
            raise self._errors.unreachable(error) from None
        except (httpx.HTTPError, ValueError, TypeError, AttributeError):
            tokens = None
        self._has_tokenizer = isinstance(tokens, int)
        return tokens if isinstance(tokens, int) else None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}


class _RetryLater(Exception):
    """Worth another attempt, after `seconds` if the server said so."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds


def messages(prompt: Prompt, images: bool) -> list[dict[str, Any]]:
    """Chat messages; without images the user's is plain text, which every server takes."""
    user: object = prompt.text
    if images and prompt.images:
        user = [_content(part) for part in prompt.parts]
    return [{"role": "system", "content": prompt.system}, {"role": "user", "content": user}]


def _content(part: str | bytes) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    data = base64.b64encode(part).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asked for; a date is left aside."""
    value = response.headers.get("retry-after", "")
    return min(float(value), 30.0) if re.fullmatch(r"\d{1,4}(\.\d+)?", value) else None
