"""A language model as generator: the prompt is fitted, the draft streamed, then checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from generate.answer import Answer, Cancelled, GeneratorError, Usage, Watch
from generate.grounded import ground
from generate.prompt import Crop, Limits, Prompt, ask, fit
from generate.tokens import estimate
from index.encode import TextEncoder
from retrieve.query import Hit, Query
from retrieve.query_bounds import shortened


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model wrote. `cut`: it was stopped by its token limit, not by itself. `tokens` it
    wrote, 0 where the backend does not tell."""

    text: str
    cut: bool = False
    tokens: int = field(default=0, compare=False)


class ChatModel(Protocol):
    """The model's side: what a backend is. `budget` is the tokens that a prompt may have,
    `images` whether prompts may hold pictures."""

    name: str
    budget: int
    images: bool

    def count(self, prompt: Prompt) -> int:
        """Tokens of the prompt as the model reads it. Raises GeneratorError."""
        ...

    def write(self, prompt: Prompt, watch: Watch) -> Draft:
        """Pieces go to `watch.said` as they are written, in the caller's thread.

        Raises GeneratorError, and Cancelled soon after `watch.stop()`.
        """
        ...


class Chat:
    """Satisfies `Generator`. `crop` cuts a region out of a stored original; `text` is the encoder
    by which sentences are compared with the evidence."""

    def __init__(
        self, model: ChatModel, text: TextEncoder, crop: Crop, limits: Limits | None = None
    ) -> None:
        self.name = model.name
        self.model = model
        self._text = text
        self._crop = crop
        self._limits = limits or Limits()

    def answer(
        self, query: Query, searched: str, hits: Sequence[Hit], watch: Watch | None = None
    ) -> Answer:
        """See `Generator.answer`. The evidence of the answer is what the model was shown."""
        watch = watch or Watch()
        if not hits:
            return Answer((), 0.0, "The index has nothing that matches.", ())
        model = self.model
        question = ask(query, searched, self._limits, model.images)
        crop = self._crop if model.images else None
        fitted = fit(question, hits, self._limits, model.budget, model.count, crop)
        if watch.stopped:
            raise Cancelled
        draft = model.write(fitted.prompt, watch)
        if watch.stopped:
            raise Cancelled
        if draft.cut and not draft.text.strip():
            raise GeneratorError(
                f"{self.name} used all the tokens it may write and gave no answer; if it is a "
                "model that thinks first, let it write more tokens or turn its thinking off"
            )
        evidence = tuple(hits[: len(fitted.shown)])
        asked = shortened(query.text).text.strip() or searched
        answer = ground(draft.text, asked, fitted.shown, evidence, self._text, cut=draft.cut)
        return replace(answer, usage=Usage(fitted.tokens, draft.tokens or estimate(draft.text)))
