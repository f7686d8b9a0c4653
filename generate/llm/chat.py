"""A language model as generator: the prompt is fitted, the draft streamed, then checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from octavo.generate.answer import Answer, Cancelled, GeneratorError, Usage, Watch
from octavo.generate.attribution import attribute_claims
from octavo.generate.prompt import Prompt, PromptLimits, prompt_question
from octavo.generate.prompt_budget import fit_prompt
from octavo.generate.prompt_image import Crop
from octavo.generate.token_estimate import estimate_tokens
from octavo.index.encoders.encoder import TextEncoder
from octavo.retrieve.query import Hit, Query
from octavo.retrieve.understanding.query_bounds import shortened


@dataclass(frozen=True, slots=True)
class ModelDraft:
    """What a model wrote. `truncated`: its token limit stopped it, not the model itself. `tokens`:
    how many it wrote, 0 where the backend does not report it."""

    text: str
    truncated: bool = False
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

    def write(self, prompt: Prompt, watch: Watch) -> ModelDraft:
        """Pieces go to `watch.on_text` as they are written, in the caller's thread.

        Raises GeneratorError, and Cancelled soon after `watch.stop()`.
        """
        ...


class ChatGenerator:
    """Satisfies `Generator`. `crop` cuts a region out of a stored original; `encoder`
    embeds sentences and evidence, to compare them."""

    def __init__(
        self, model: ChatModel, encoder: TextEncoder, crop: Crop, limits: PromptLimits | None = None
    ) -> None:
        self.name = model.name
        self.model = model
        self._encoder = encoder
        self._crop = crop
        self._limits = limits or PromptLimits()

    def answer(
        self, query: Query, searched: str, hits: Sequence[Hit], watch: Watch | None = None
    ) -> Answer:
        """See `Generator.answer`. The evidence of the answer is what the model was shown."""
        watch = watch or Watch()
        if not hits:
            return Answer((), 0.0, "The index has nothing that matches.", ())
        model = self.model
        question = prompt_question(query, searched, self._limits, model.images)
        crop = self._crop if model.images else None
        fitted = fit_prompt(question, hits, self._limits, model.budget, model.count, crop)
        if watch.stopped:
            raise Cancelled
        draft = model.write(fitted.prompt, watch)
        if watch.stopped:
            raise Cancelled
        if draft.truncated and not draft.text.strip():
            raise GeneratorError(
                f"{self.name} used all the tokens it may write and gave no answer; if it is a "
                "model that thinks first, let it write more tokens or turn its thinking off"
            )
        evidence = tuple(hits[: len(fitted.shown)])
        question_text = shortened(query.text).text.strip() or searched
        answer = attribute_claims(
            draft.text,
            question_text,
            fitted.shown,
            evidence,
            self._encoder,
            truncated=draft.truncated,
        )
        return replace(
            answer, usage=Usage(fitted.tokens, draft.tokens or estimate_tokens(draft.text))
        )
