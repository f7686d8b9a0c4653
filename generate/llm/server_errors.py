"""Errors of a model server: what it did and what to do about it."""

from __future__ import annotations

import json

import httpx

from octavo.generate.answer import GeneratorError

_MESSAGE_CHARACTERS = 400  # characters of a server's error that are quoted


class ServerErrors:
    """Errors of one server, for the caller to raise. The key is kept out of all of them."""

    def __init__(self, url: str, model: str, key: str, budget: int) -> None:
        """`budget` is the tokens to which prompts are fitted."""
        self._url = url
        self._model = model
        self._key = key
        self._budget = budget

    def error(self, problem: str, remedy: str) -> GeneratorError:
        """`problem` goes on from "the model server URL"; `remedy` says what to do."""
        return GeneratorError(f"the model server {self._url} {problem}; {remedy}")

    def refused(self, status: int, body: str) -> GeneratorError:
        """For an answer with an HTTP status other than 200."""
        if status in (401, 403):
            remedy = "check the API key" if self._key else "it wants an API key: give one"
        elif status == 404:
            remedy = f"check the URL (it ends in /v1) and that it serves {self._model!r}"
        elif status in (400, 413, 422):
            remedy = (
                f"if it speaks of length: the prompt was fitted to {self._budget} tokens, so set "
                "the context to what the server was started with; if of images: turn them off"
            )
        else:
            remedy = "try again later; see the server's log"
        return self.error(f"refused (HTTP {status}): {self.message_of(body)}", remedy)

    def unreachable(self, error: httpx.HTTPError) -> GeneratorError:
        """For a connection that could not be made."""
        return self.error(
            f"cannot be reached ({_class_and_message(error)}); "
            "expected an OpenAI-compatible server there",
            "start it, or correct the URL",
        )

    def connection_lost(self, error: httpx.HTTPError) -> GeneratorError:
        """For a connection that was made and lost."""
        return self.error(
            f"broke the connection off ({_class_and_message(error)})",
            "ask again; see the server's log",
        )

    def message_of(self, body: str) -> str:
        """A server's own words, short and without the key, which some repeat."""
        try:
            data = json.loads(body)
            message = data.get("error") or data.get("detail") or data.get("message") or body
            message = message.get("message", message) if isinstance(message, dict) else message
        except (ValueError, AttributeError):
            message = body
        text = " ".join(str(message).split())
        text = text.replace(self._key, "***") if self._key else text
        return text[:_MESSAGE_CHARACTERS] or "(nothing)"


def _class_and_message(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
