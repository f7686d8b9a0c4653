"""Late interaction by sentence-transformers, through torch: a vector for each token or patch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from octavo.index.encoders.backend_loading import capped, unit_rows
from octavo.index.encoders.encoder import Matrix, ModelError, ModelLimits
from octavo.index.encoders.image_batches import open_images
from octavo.index.encoders.model_spec import ModelSpec
from octavo.index.encoders.sentence_transformers_inputs import (
    DOCUMENT_PROMPTS,
    QUERY_PROMPTS,
    Task,
    encode_batch,
    encode_texts,
    image_side,
    prompt_for,
    prompt_of,
    takes,
    text_limit,
    token_counter,
)
from octavo.index.encoders.sentence_transformers_models import load_replicas
from octavo.index.encoders.text_windows import tokens_windowed


class _LateInteraction:
    """A `MultiVectorEncoder` a device: one vector for each token or patch."""

    _expected = "a late-interaction model (MultiVectorEncoder, PyLate, ColBERT or ColPali layout)"

    def __init__(self, spec: ModelSpec) -> None:
        self._models = load_replicas("MultiVectorEncoder", spec, self._expected)
        self._model = self._models.run([""], lambda m, _: [m])[0]
        self._limit = {t: capped(spec, text_limit(self._model, t)) for t in ("query", "document")}
        self.name = spec.identity
        self.limits = ModelLimits(
            self._limit["document"],
            image_side(self._model) if takes(self._model, "image") else 0,
            prompt_of(self._model, spec.query_prompt, QUERY_PROMPTS),
            prompt_of(self._model, spec.document_prompt, DOCUMENT_PROMPTS),
            spec.dtype,
        )
        self.dim = self._rows(self._embedded(["a"], "query"))[0].shape[1]

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Questions: for each `(tokens, dim)` float32 unit rows, query expansion included."""
        return self._texts(texts, "query")

    def _texts(self, texts: Sequence[str], task: Task) -> list[Matrix]:
        count = token_counter(self._models, prompt_for(self.limits, task), task)
        return tokens_windowed(
            texts,
            self._limit[task],
            count,
            lambda pieces: self._rows(self._embedded(pieces, task)),
        )

    def _embedded(self, texts: list[str], task: Task) -> list[Any]:
        return encode_texts(self._models, texts, prompt_for(self.limits, task), task)

    def _rows(self, outputs: Sequence[Any]) -> list[Matrix]:
        """Unit rows; one of zeros, which matches nothing, where every token is masked."""
        rows = [unit_rows(r, self.limits.dtype) for r in outputs]
        return [r if len(r) else np.zeros((1, r.shape[1]), np.float32) for r in rows]


class StTokens(_LateInteraction):
    """Satisfies `TokenEncoder`."""

    def embed_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Documents: for each text `(tokens, dim)` float32 unit rows, padding left out."""
        return self._texts(texts, "document")


class StPatches(_LateInteraction):
    """Satisfies `PatchEncoder`: ColPali, ColQwen2, ColModernVBERT and their like."""

    _expected = "a visual late-interaction model (MultiVectorEncoder or ColPali layout)"

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__(spec)
        if not takes(self._model, "image"):
            raise ModelError(
                f"{spec.directory} embeds {self._model.modalities}; expected {self._expected}"
            )

    def embed_patches(self, images: Sequence[bytes]) -> list[Matrix]:
        """For each image file `(patches, dim)` float32 unit rows, padding left out. Raises
        ValueError for bytes that are no image."""
        prompt = self.limits.document_prompt
        outputs = self._models.run_prepared(
            images,
            lambda part: open_images(part, self.limits.pixels),
            lambda model, part: encode_batch(model, part, prompt, "document"),
        )
        return self._rows(outputs)
