"""Encoders of fastembed: ONNX models through ONNX Runtime, without torch.

fastembed cuts long text in silence, so text is windowed before it by the model's own tokenizer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from octavo.index.encoders.backend_loading import capped, check_options, loading, unit_rows
from octavo.index.encoders.encoder import Content, Matrix, ModelError, ModelLimits
from octavo.index.encoders.fastembed_models import (
    known_names,
    load_replicas,
    pixels_of,
    registered_pairs,
    registered_text,
    token_counter,
    tower_directory,
    uncut_tokenizer,
)
from octavo.index.encoders.image_batches import open_images
from octavo.index.encoders.model_spec import ModelSpec
from octavo.index.encoders.pair_windows import score_windowed
from octavo.index.encoders.text_windows import Count, embed_windowed, tokens_windowed

#: Image tower that shares the space of a text tower of another name.
_IMAGE_TOWERS = {
    "Qdrant/clip-ViT-B-32-text": "Qdrant/clip-ViT-B-32-vision",
    "nomic-ai/nomic-embed-text-v1.5": "nomic-ai/nomic-embed-vision-v1.5",
}
#: Of a coordinate of a unit vector; float32 rounding moves them by 1e-7, int8 by 1e-2.
_TOLERANCE = 1e-4


class FastembedText:
    """Satisfies `TextEncoder`.

    Options: `name` (fastembed's name for the model), or else `file` (the ONNX file), `pooling`
    (mean, cls, last_token, disabled; default: what `1_Pooling/config.json` says) and `output`
    (name of the ONNX output); `threads` a session.
    """

    def __init__(self, spec: ModelSpec) -> None:
        check_options(spec, ("name", "file", "pooling", "output", "threads"))
        name = registered_text(spec, spec.directory)
        self._text = _TextTower(spec, name, spec.directory)
        self.name, self.dim, self.limits = spec.identity, self._text.dim, self._text.limits

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        """Documents: `(n, dim)` float32 unit vectors, long ones windowed."""
        return self._text.documents(texts)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Questions: the same shape and space."""
        return self._text.queries(texts)


class FastembedJoint:
    """Satisfies `JointEncoder`: SigLIP2, CLIP and others that fastembed has both towers of.

    Options: `name` of the text tower (default: SigLIP2 where the directory is laid out like it,
    otherwise CLIP) and `image_name` if that is not known; `text_directory` and `image_directory`
    (default: `text/` and `image/`, or the one directory for both); `threads`.
    """

    def __init__(self, spec: ModelSpec) -> None:
        options = ("name", "image_name", "text_directory", "image_directory", "threads")
        check_options(spec, options)
        shared = (spec.directory / "onnx" / "text_model.onnx").is_file()
        usual = "google/siglip2-base-patch16-224" if shared else "Qdrant/clip-ViT-B-32-text"
        text = spec.options.get("name", usual)
        image = spec.options.get("image_name", _IMAGE_TOWERS.get(text, text))
        self._text = _TextTower(spec, text, tower_directory(spec, "text"))
        directory = tower_directory(spec, "image")
        self._images = load_replicas(spec, "ImageEmbedding", image, directory)
        pixels = pixels_of(directory)
        limits = self._text.limits
        self.name, self.dim = spec.identity, self._text.dim
        self.limits = ModelLimits(
            limits.tokens,
            pixels,
            limits.query_prompt,
            limits.document_prompt,
            limits.dtype,
            limits.batch_dependent,
        )
        with loading(spec, f"an image tower {image} of {self.dim} dimensions"):
            from PIL import Image

            grey = Image.new("RGB", (pixels or 224, pixels or 224), "grey")
            outputs = self._images.run([grey], lambda m, part: list(m.embed(part)))[0]
            if np.shape(outputs) != (self.dim,):
                raise ModelError(
                    f"{spec.identity}: texts have {self.dim} dimensions and images "
                    f"{np.size(outputs)}: the two towers are not of one model"
                )

    def joint_texts(self, texts: Sequence[str]) -> Matrix:
        """Documents: `(n, dim)` float32 unit vectors, long ones windowed."""
        return self._text.documents(texts)

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        """Questions: the same shape and space."""
        return self._text.queries(texts)

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        """`(n, dim)` float32 unit vectors. Raises ValueError for bytes that are no image."""
        if not images:
            return np.zeros((0, self.dim), np.float32)
        rows = self._images.run_prepared(
            images,
            lambda part: open_images(part, self.limits.pixels),
            lambda model, part: list(model.embed(part, batch_size=len(part))),
        )
        return unit_rows(np.stack(rows), self.limits.dtype)


class FastembedTokens:
    """Satisfies `TokenEncoder`: ColBERT models, with their markers; queries keep their expansion
    by mask tokens, and documents leave out padding and punctuation (Khattab and Zaharia 2020).

    Options: `name` (fastembed's name; markers, mask and file hang on it) and `threads`.
    """

    def __init__(self, spec: ModelSpec) -> None:
        check_options(spec, ("name", "threads"))
        name = spec.options.get("name", "")
        known = known_names("LateInteractionTextEmbedding")
        if name not in known:
            raise ModelError(
                f"{spec.identity}: option name is {name!r}; a late-interaction model needs "
                f"fastembed's name for its markers, one of {', '.join(known)}"
            )
        self._models = load_replicas(spec, "LateInteractionTextEmbedding", name, spec.directory)
        inner = self._models.run([""], lambda m, _: [m.model])[0]
        marker = 1  # [Q] or [D], which fastembed puts in after the tokenizer
        limit = capped(spec, inner.tokenizer.truncation["max_length"] + marker)
        if spec.query_prompt or spec.document_prompt:
            raise ModelError(f"{spec.identity}: fastembed's ColBERT models take no prompts")
        self._count = token_counter(inner.tokenizer, "", marker)
        self.name = spec.identity
        dtype = f"ONNX {inner.model_description.model_file}"
        self.limits = ModelLimits(limit, dtype=dtype)
        with loading(spec, f"the late-interaction model {name}"):
            self.dim = self._embedded(["a"], _queries)[0].shape[1]
            dependent = _depends_on_batch(lambda texts: self._embedded(texts, _documents)[0])
            self.limits = ModelLimits(limit, dtype=dtype, batch_dependent=dependent)

    def embed_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Documents: for each text `(tokens, dim)` float32 unit rows."""
        return self._windowed(texts, _documents)

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """Questions: the same; at least 32 rows where the model expands queries."""
        return self._windowed(texts, _queries)

    def _windowed(self, texts: Sequence[str], call: _Call) -> list[Matrix]:
        return tokens_windowed(
            texts, self.limits.tokens, self._count, lambda pieces: self._embedded(pieces, call)
        )

    def _embedded(self, texts: list[str], call: _Call) -> list[Matrix]:
        outputs = self._models.run(texts, call, len)
        return [unit_rows(rows, self.limits.dtype) for rows in outputs]


class FastembedPairs:
    """Satisfies `PairScorer` on text; images are ignored.

    Options: `name` (fastembed's) or else `file` (the ONNX file); `threads`.
    """

    def __init__(self, spec: ModelSpec) -> None:
        check_options(spec, ("name", "file", "threads"))
        name = registered_pairs(spec)
        self._models = load_replicas(spec, "TextCrossEncoder", name, spec.directory)
        inner = self._models.run([""], lambda m, _: [m.model])[0]
        self._tokenizer = uncut_tokenizer(inner.tokenizer)
        self.name = spec.identity
        self.limits = ModelLimits(
            capped(spec, inner.tokenizer.truncation["max_length"]),
            query_prompt=spec.query_prompt,
            document_prompt=spec.document_prompt,
            dtype=f"ONNX {inner.model_description.model_file}",
        )
        with loading(spec, "a cross-encoder as ONNX with one score a pair"):
            self._scores(Content("a"), [Content("b")])

    def score_pairs(self, query: Content, contents: Sequence[Content]) -> Matrix:
        """`(n,)` float32 logits, greater is better."""
        return score_windowed(query, contents, self.limits.tokens, self._token_counts, self._scores)

    def _pairs(self, query: Content, contents: Sequence[Content]) -> list[tuple[str, str]]:
        question = self.limits.query_prompt + query.text
        return [(question, self.limits.document_prompt + c.text) for c in contents]

    def _token_counts(self, query: Content, contents: Sequence[Content]) -> list[int]:
        encoded = self._tokenizer.encode_batch(self._pairs(query, contents))
        return [len(e.ids) for e in encoded]

    def _scores(self, query: Content, contents: Sequence[Content]) -> list[float]:
        return self._models.run(
            self._pairs(query, contents),
            lambda model, part: list(model.rerank_pairs(part, batch_size=len(part))),
            lambda pair: len(pair[1]),
        )


#: Texts through one replica: raw rows.
_Call = Callable[[Any, list[str]], list[Any]]


def _documents(model: Any, texts: list[str]) -> list[Any]:
    return list(model.passage_embed(texts, batch_size=len(texts)))


def _queries(model: Any, texts: list[str]) -> list[Any]:
    return list(model.query_embed(texts))


class _TextTower:
    """A `TextEmbedding` on every device, with its limits."""

    def __init__(self, spec: ModelSpec, name: str, directory: Path) -> None:
        self._models = load_replicas(spec, "TextEmbedding", name, directory)
        inner = self._models.run([""], lambda m, _: [m.model])[0]
        tokenizer = inner.tokenizer
        self._query_count = token_counter(tokenizer, spec.query_prompt)
        self._count = token_counter(tokenizer, spec.document_prompt)
        tokens = capped(spec, tokenizer.truncation["max_length"])
        dtype = f"ONNX {inner.model_description.model_file}"
        self.limits = ModelLimits(tokens, dtype=dtype)
        with loading(spec, f"a text encoder as ONNX ({name})"):
            self.dim = self._embedded(["a"], "", _documents).shape[1]
            self.limits = ModelLimits(
                tokens,
                query_prompt=spec.query_prompt,
                document_prompt=spec.document_prompt,
                dtype=dtype,
                batch_dependent=_depends_on_batch(
                    lambda texts: self._embedded(texts, "", _documents)[0]
                ),
            )

    def documents(self, texts: Sequence[str]) -> Matrix:
        return self._windowed(texts, self.limits.document_prompt, self._count, _documents)

    def queries(self, texts: Sequence[str]) -> Matrix:
        return self._windowed(texts, self.limits.query_prompt, self._query_count, _queries)

    def _windowed(self, texts: Sequence[str], prompt: str, count: Count, call: _Call) -> Matrix:
        return embed_windowed(
            texts,
            self.dim,
            self.limits.tokens,
            count,
            lambda pieces: self._embedded(pieces, prompt, call),
        )

    def _embedded(self, texts: list[str], prompt: str, call: _Call) -> Matrix:
        rows = self._models.run([prompt + t for t in texts], call, len)
        return unit_rows(np.stack(rows), self.limits.dtype)


def _depends_on_batch(embed: Callable[[list[str]], Matrix]) -> bool:
    """Whether company in a batch moves a vector by more than rounding: so do models whose int8
    scale is computed by call. `embed` gives the first text's rows."""
    company = ["oil", "KRILL! 7", "a second and rather longer sentence about bolts, 42 of them"]
    alone = embed(["a bolt"])
    return any(np.abs(alone - embed(["a bolt", other])).max() > _TOLERANCE for other in company)
