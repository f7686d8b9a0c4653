"""What a failure of a model server is told as: what the server did and what to do about it."""

from __future__ import annotations

import json

import httpx

from octavo.generate.answer import GeneratorError

_TOLD = 400  # characters of a server's error that are told


class ServerErrors:
    """Errors of one server, for the caller to raise. The key is kept out of all of them."""

    def __init__(self, url: str, model: str, key: str, budget: int) -> None:
        """`budget` is the tokens to which prompts are fitted."""
        self._url = url
        self._model = model
        self._key = key
        self._budget = budget

    def error(self, what: str, do: str) -> GeneratorError:
        """`what` goes on from "the model server URL"; `do` is the remedy."""
        return GeneratorError(f"the model server {self._url} {what}; {do}")

    def refusal(self, status: int, body: str) -> GeneratorError:
        """For an answer with an HTTP status other than 200."""
        if status in (401, 403):
            do = "check the API key" if self._key else "it wants an API key: give one"
        elif status == 404:
            do = f"check the URL (it ends in /v1) and that it serves {self._model!r}"
        elif status in (400, 413, 422):
            do = (
                f"if it speaks of length: the prompt was fitted to {self._budget} tokens, so set "
                "the context to what the server was started with; if of images: turn them off"
            )
        else:
            do = "try again later; see the server's log"
        return self.error(f"refused (HTTP {status}): {self.told(body)}", do)

    def down(self, error: httpx.HTTPError) -> GeneratorError:
        """For a connection that could not be made."""
        return self.error(
            f"cannot be reached ({_named(error)}); expected an OpenAI-compatible server there",
            "start it, or correct the URL",
        )

    def broken(self, error: httpx.HTTPError) -> GeneratorError:
        """For a connection that was made and lost."""
        return self.error(
            f"broke the connection off ({_named(error)})", "ask again; see the server's log"
        )

    def told(self, body: str) -> str:
        """A server's own words, short and without the key, which some repeat."""
        try:
            data = json.loads(body)
            told = data.get("error") or data.get("detail") or data.get("message") or body
            told = told.get("message", told) if isinstance(told, dict) else told
        except (ValueError, AttributeError):
            told = body
        text = " ".join(str(told).split())
        text = text.replace(self._key, "***") if self._key else text
        return text[:_TOLD] or "(nothing)"


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
