"""Encoders of sentence-transformers, through torch: text, text with images, late interaction over
tokens and patches, cross-encoders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from octavo.index.encoders.backend_loading import capped, library, unit_rows
from octavo.index.encoders.encoder import Content, Matrix, ModelError, ModelLimits
from octavo.index.encoders.image_batches import opened
from octavo.index.encoders.model_spec import ModelSpec
from octavo.index.encoders.pair_windows import score_windowed
from octavo.index.encoders.sentence_transformers_models import (
    Task,
    as_text,
    count_tokens,
    image_side,
    load_replicas,
    prompt_of,
    reading,
    takes,
    text_limit,
)
from octavo.index.encoders.text_windows import Count, embed_windowed, tokens_windowed

_QUERY = ("query",)
_DOCUMENT = ("document", "passage", "corpus")


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
            prompt_of(model, spec.query_prompt, _QUERY),
            prompt_of(model, spec.document_prompt, _DOCUMENT),
            spec.dtype,
        )
        self.dim = self._embedded(["a"], "", "document").shape[1]

    def _texts(self, texts: Sequence[str], task: Task) -> Matrix:
        prompt = _prompt(self.limits, task)
        return embed_windowed(
            texts,
            self.dim,
            self._limit[task],
            _counter(self._models, prompt, task),
            lambda pieces: self._embedded(pieces, prompt, task),
        )

    def _images(self, images: Sequence[bytes]) -> Matrix:
        if not images:
            return np.zeros((0, self.dim), np.float32)
        prompt = self.limits.document_prompt
        rows = self._models.run_prepared(
            images,
            lambda part: opened(part, self.limits.pixels),
            lambda model, part: _encoded(model, part, prompt, "document"),
        )
        return unit_rows(np.stack(rows), self.limits.dtype)

    def _embedded(self, texts: list[str], prompt: str, task: Task) -> Matrix:
        rows = self._models.run(
            texts,
            lambda model, part: _encoded(model, [as_text(model, t) for t in part], prompt, task),
            len,
        )
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


class _Late:
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
            prompt_of(self._model, spec.query_prompt, _QUERY),
            prompt_of(self._model, spec.document_prompt, _DOCUMENT),
            spec.dtype,
        )
        self.dim = self._rows(self._embedded(["a"], "query"))[0].shape[1]

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Questions: for each `(tokens, dim)` float32 unit rows, query expansion included."""
        return self._texts(texts, "query")

    def _texts(self, texts: Sequence[str], task: Task) -> list[Matrix]:
        count = _counter(self._models, _prompt(self.limits, task), task)
        return tokens_windowed(
            texts,
            self._limit[task],
            count,
            lambda pieces: self._rows(self._embedded(pieces, task)),
        )

    def _embedded(self, texts: list[str], task: Task) -> list[Any]:
        prompt = _prompt(self.limits, task)
        return list(
            self._models.run(
                texts,
                lambda m, part: _encoded(m, [as_text(m, t) for t in part], prompt, task),
                len,
            )
        )

    def _rows(self, found: Sequence[Any]) -> list[Matrix]:
        """Unit rows; one of zeros, which matches nothing, where every token is masked."""
        rows = [unit_rows(r, self.limits.dtype) for r in found]
        return [r if len(r) else np.zeros((1, r.shape[1]), np.float32) for r in rows]


class StTokens(_Late):
    """Satisfies `TokenEncoder`."""

    def embed_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Documents: for each text `(tokens, dim)` float32 unit rows, padding left out."""
        return self._texts(texts, "document")


class StPatches(_Late):
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
        found = self._models.run_prepared(
            images,
            lambda part: opened(part, self.limits.pixels),
            lambda model, part: _encoded(model, part, prompt, "document"),
        )
        return self._rows(found)


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
            prompt_of(model, spec.query_prompt, (model.default_prompt_name or "", *_QUERY)),
            dtype=spec.dtype,
        )
        self._scored(Content("a"), [Content("b")])

    def score_pairs(self, query: Content, contents: Sequence[Content]) -> Matrix:
        """`(n,)` float32 logits, greater is better."""
        return score_windowed(query, contents, self.limits.tokens, self._counted, self._scored)

    def _counted(self, query: Content, contents: Sequence[Content]) -> list[int]:
        prompt = self.limits.query_prompt
        return list(
            self._models.run_prepared(
                contents,
                lambda part: self._pairs(query, part),
                lambda model, pairs: count_tokens(model, pairs, prompt, None),
                lambda content: len(content.text),
            )
        )

    def _scored(self, query: Content, contents: Sequence[Content]) -> list[float]:
        found = self._models.run_prepared(
            contents, lambda part: self._pairs(query, part), self._predicted, _cost
        )
        scores = [float(score) for score in found]
        if not np.isfinite(scores).all():
            raise ModelError(
                f"the model's scores are not finite in {self.limits.dtype}: load it as bfloat16 "
                "or float32"
            )
        return scores

    def _predicted(self, model: Any, pairs: list[Any]) -> Any:
        return model.predict(
            pairs,
            prompt=self.limits.query_prompt,
            batch_size=len(pairs),
            activation_fn=self._activation,
            show_progress_bar=False,
        )

    def _pairs(self, query: Content, contents: Sequence[Content]) -> list[Any]:
        asked = self._side(query)
        return [(asked, self._side(content)) for content in contents]

    def _side(self, content: Content) -> Any:
        """Text alone for a text model. Otherwise a mapping: a bare string that looks like the
        address of an image would be fetched."""
        if not self._images:
            return content.text
        parts: dict[str, Any] = {"text": content.text} if content.text else {}
        if content.image is not None:
            parts["image"] = opened([content.image], self.limits.pixels)[0]
        return parts or {"text": ""}


def _cost(content: Content) -> int:
    return len(content.text)


def _prompt(limits: ModelLimits, task: Task) -> str:
    return limits.query_prompt if task == "query" else limits.document_prompt


def _counter(models: Any, prompt: str, task: Task) -> Count:
    """Counts on a replica that is free: a tokenizer must not be used from two threads."""
    return lambda texts: models.run(
        texts,
        lambda model, part: count_tokens(model, [as_text(model, t) for t in part], prompt, task),
        len,
    )


def _encoded(model: Any, inputs: list[Any], prompt: str, task: Task) -> Any:
    """Raw numpy rows of one batch."""
    encode = model.encode_query if task == "query" else model.encode_document
    return encode(
        inputs,
        prompt=prompt,
        batch_size=len(inputs),
        convert_to_numpy=True,
        show_progress_bar=False,
        **reading(model, task),
    )
