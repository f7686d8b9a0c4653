"""Text and image encoders of sentence-transformers, through torch: one vector each."""

from __future__ import annotations

from collections.abc import Sequence

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
from octavo.index.encoders.text_windows import embed_windowed


class _Dense:
    """A `SentenceTransformer` a device: one vector for a text or an image."""

    _modalities: tuple[str, ...] = ("text",)

    def __init__(self, spec: ModelSpec) -> None:
        """Options: `truncate_dim` (first dimensions of a Matryoshka model), and those of
        `load_replicas`."""
        needed = " and ".join(self._modalities)
        expected = f"a SentenceTransformer directory that embeds {needed}"
        self._models = load_replicas("SentenceTransformer", spec, expected, ("truncate_dim",))
        model = self._models.run([""], lambda m, _: [m])[0]
        if not takes(model, *self._modalities):
            raise ModelError(f"{spec.directory} embeds {model.modalities}; expected {expected}")
        self._limit = {t: capped(spec, text_limit(model, t)) for t in ("query", "document")}
        self.name = spec.identity
        self.limits = ModelLimits(
            self._limit["document"],
            image_side(model) if takes(model, "image") else 0,
            prompt_of(model, spec.query_prompt, QUERY_PROMPTS),
            prompt_of(model, spec.document_prompt, DOCUMENT_PROMPTS),
            spec.dtype,
        )
        self.dim = self._embedded(["a"], "", "document").shape[1]

    def _texts(self, texts: Sequence[str], task: Task) -> Matrix:
        prompt = prompt_for(self.limits, task)
        return embed_windowed(
            texts,
            self.dim,
            self._limit[task],
            token_counter(self._models, prompt, task),
            lambda pieces: self._embedded(pieces, prompt, task),
        )

    def _images(self, images: Sequence[bytes]) -> Matrix:
        if not images:
            return np.zeros((0, self.dim), np.float32)
        prompt = self.limits.document_prompt
        rows = self._models.run_prepared(
            images,
            lambda part: open_images(part, self.limits.pixels),
            lambda model, part: encode_batch(model, part, prompt, "document"),
        )
        return unit_rows(np.stack(rows), self.limits.dtype)

    def _embedded(self, texts: list[str], prompt: str, task: Task) -> Matrix:
        rows = encode_texts(self._models, texts, prompt, task)
        return unit_rows(np.stack(rows), self.limits.dtype)


class StText(_Dense):
    """Satisfies `TextEncoder`."""

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        """Documents: `(n, dim)` float32 unit vectors, long ones windowed."""
        return self._texts(texts, "document")

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Questions: the same shape and space."""
        return self._texts(texts, "query")


class StJoint(_Dense):
    """Satisfies `JointEncoder`: CLIP, SigLIP, SigLIP2 and vision-language embedding models."""

    _modalities = ("text", "image")

    def joint_texts(self, texts: Sequence[str]) -> Matrix:
        """Documents: `(n, dim)` float32 unit vectors, long ones windowed."""
        return self._texts(texts, "document")

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        """Questions: the same shape and space."""
        return self._texts(texts, "query")

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        """`(n, dim)` float32 unit vectors. Raises ValueError for bytes that are no image."""
        return self._images(images)


class StUnified(StText, StJoint):
    """Satisfies `TextEncoder` and `JointEncoder` with one model in memory."""

    _modalities = ("text", "image")
