"""Cross-encoders of sentence-transformers, through torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from octavo.index.encoders.backend_loading import capped, library
from octavo.index.encoders.encoder import Content, Matrix, ModelError, ModelLimits
from octavo.index.encoders.image_batches import open_images
from octavo.index.encoders.model_spec import ModelSpec
from octavo.index.encoders.pair_windows import score_windowed
from octavo.index.encoders.sentence_transformers_inputs import (
    QUERY_PROMPTS,
    count_tokens,
    image_side,
    prompt_of,
    takes,
    text_limit,
)
from octavo.index.encoders.sentence_transformers_models import load_replicas


class StPairs:
    """Satisfies `PairScorer`: a `CrossEncoder` for text, or for text and images.

    Options: `images` ("yes": the model must take them; "no": they are ignored; default: as the
    model does), and those of `load_replicas`.
    """

    def __init__(self, spec: ModelSpec) -> None:
        expected = "a CrossEncoder directory with one score a pair"
        self._models = load_replicas("CrossEncoder", spec, expected, ("images",))
        model = self._models.run([""], lambda m, _: [m])[0]
        if model.num_labels != 1:
            raise ModelError(
                f"{spec.directory} gives {model.num_labels} scores a pair; expected {expected}"
            )
        wanted = spec.options.get("images", "")
        self._images = takes(model, "image") and wanted != "no"
        if wanted == "yes" and not self._images:
            raise ModelError(
                f"{spec.directory} reads {model.modalities}, and option images is yes: name a "
                "multimodal cross-encoder, or leave the option out"
            )
        # The sigmoid that many models end in rounds good pairs to the same 1.
        self._activation = library("torch", "torch").nn.Identity()
        self.name = spec.identity
        self.limits = ModelLimits(
            capped(spec, text_limit(model, "document")),
            image_side(model) if self._images else 0,
            prompt_of(model, spec.query_prompt, (model.default_prompt_name or "", *QUERY_PROMPTS)),
            dtype=spec.dtype,
        )
        self._scores(Content("a"), [Content("b")])

    def score_pairs(self, query: Content, contents: Sequence[Content]) -> Matrix:
        """`(n,)` float32 logits, greater is better."""
        return score_windowed(query, contents, self.limits.tokens, self._token_counts, self._scores)

    def _token_counts(self, query: Content, contents: Sequence[Content]) -> list[int]:
        prompt = self.limits.query_prompt
        return list(
            self._models.run_prepared(
                contents,
                lambda part: self._pairs(query, part),
                lambda model, pairs: count_tokens(model, pairs, prompt, None),
                lambda content: len(content.text),
            )
        )

    def _scores(self, query: Content, contents: Sequence[Content]) -> list[float]:
        outputs = self._models.run_prepared(
            contents, lambda part: self._pairs(query, part), self._predict, _cost
        )
        scores = [float(score) for score in outputs]
        if not np.isfinite(scores).all():
            raise ModelError(
                f"the model's scores are not finite in {self.limits.dtype}: load it as bfloat16 "
                "or float32"
            )
        return scores

    def _predict(self, model: Any, pairs: list[Any]) -> Any:
        return model.predict(
            pairs,
            prompt=self.limits.query_prompt,
            batch_size=len(pairs),
            activation_fn=self._activation,
            show_progress_bar=False,
        )

    def _pairs(self, query: Content, contents: Sequence[Content]) -> list[Any]:
        question = self._input(query)
        return [(question, self._input(content)) for content in contents]

    def _input(self, content: Content) -> Any:
        """Text alone for a text model. Otherwise a mapping: a bare string that looks like the
        address of an image would be fetched."""
        if not self._images:
            return content.text
        parts: dict[str, Any] = {"text": content.text} if content.text else {}
        if content.image is not None:
            parts["image"] = open_images([content.image], self.limits.pixels)[0]
        return parts or {"text": ""}


def _cost(content: Content) -> int:
    return len(content.text)
