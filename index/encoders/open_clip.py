"""OpenCLIP's encoder: CLIP, SigLIP and SigLIP2 checkpoints in its own layout, through torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from octavo.index.encoders.backend_loading import (
    capped,
    check_options,
    library,
    loading,
    torch_dtype,
    unit_rows,
)
from octavo.index.encoders.encoder import Matrix, ModelLimits
from octavo.index.encoders.image_batches import open_images, side_of
from octavo.index.encoders.length_batches import Batches
from octavo.index.encoders.model_spec import ModelSpec
from octavo.index.encoders.text_windows import Count, embed_windowed

_PRECISION = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}
_EXPECTED = "an OpenCLIP directory: open_clip_config.json, weights, and tokenizer files"


@dataclass(frozen=True, slots=True)
class _Replica:
    model: Any
    device: str
    text: Any  # the towers' forward passes, compiled where the spec says so
    image: Any


class OpenClipJoint:
    """Satisfies `JointEncoder`. The directory is read by OpenCLIP's `local-dir:` schema."""

    def __init__(self, spec: ModelSpec) -> None:
        check_options(spec, ())
        torch_dtype(spec)
        clip = library("open_clip", "torch")
        self._torch = library("torch", "torch")
        self._input_dtype = getattr(self._torch, spec.dtype)
        source = f"local-dir:{spec.directory}"
        with loading(spec, _EXPECTED):
            replicas = []
            for device in spec.devices:
                model, self._preprocess = clip.create_model_from_pretrained(
                    source, precision=_PRECISION[spec.dtype], device=device
                )
                replicas.append(self._replica(model.eval(), device, spec.compile))
            self._tokenizer = clip.get_tokenizer(source)
            # Truncation and padding are state of a fast tokenizer: two threads must not meet.
            self._tokenizing = threading.Lock()
            self._models = Batches(replicas, spec.batch)
            self.name = spec.identity
            self.limits = ModelLimits(
                capped(spec, int(self._tokenizer.context_length)),
                side_of(replicas[0].model.visual.image_size),
                spec.query_prompt,
                spec.document_prompt,
                spec.dtype,
            )
            self.dim = len(self._embedded(["a"])[0])

    def joint_texts(self, texts: Sequence[str]) -> Matrix:
        """Documents: `(n, dim)` float32 unit vectors, long ones windowed."""
        return self._windowed(texts, self.limits.document_prompt)

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        """Questions: the same shape and space."""
        return self._windowed(texts, self.limits.query_prompt)

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        """`(n, dim)` float32 unit vectors. Raises ValueError for bytes that are no image."""
        if not images:
            return np.zeros((0, self.dim), np.float32)
        rows = self._models.run_prepared(images, self._pixels, self._encode_images)
        return unit_rows(np.stack(rows), self.limits.dtype)

    def _replica(self, model: Any, device: str, compiled: bool) -> _Replica:
        if not compiled:
            return _Replica(model, device, model.encode_text, model.encode_image)
        compiler = self._torch.compile
        text = compiler(model.encode_text, dynamic=True)
        return _Replica(model, device, text, compiler(model.encode_image, dynamic=True))

    def _windowed(self, texts: Sequence[str], prompt: str) -> Matrix:
        return embed_windowed(
            texts,
            self.dim,
            self.limits.tokens,
            self._counter(prompt),
            lambda pieces: self._embedded([prompt + p for p in pieces]),
        )

    def _counter(self, prompt: str) -> Count:
        """Tokens uncut, start and end included. Both kinds of OpenCLIP's tokenizers pad to the
        context and cut at it, so their own parts are asked."""
        tokenizer = self._tokenizer
        if not hasattr(tokenizer, "tokenizer"):  # its own byte-pair encoding
            return lambda texts: [len(tokenizer.encode(prompt + t)) + 2 for t in texts]
        # Mode "clips" adds start, end and a class token to what the tokenizer gives bare.
        bare = tokenizer.tokenizer_mode == "clips"

        def count(texts: Sequence[str]) -> list[int]:
            cleaned = [tokenizer.clean_fn(prompt + t) for t in texts]
            with self._tokenizing:
                ids = tokenizer.tokenizer(
                    cleaned, add_special_tokens=not bare, verbose=False
                ).input_ids
            return [len(row) + 3 * bare for row in ids]

        return count

    def _embedded(self, texts: list[str]) -> Matrix:
        rows = self._models.run_prepared(texts, self._ids, self._encode_texts, len)
        return unit_rows(np.stack(rows), self.limits.dtype)

    def _ids(self, texts: list[str]) -> Any:
        """`(n, context)` integer tensor."""
        with self._tokenizing:
            return self._tokenizer(texts)

    def _encode_texts(self, replica: _Replica, ids: Any) -> Matrix:
        with self._torch.inference_mode():
            rows = replica.text(ids.to(replica.device))
            return np.asarray(rows.float().cpu().numpy())

    def _pixels(self, images: list[bytes]) -> Any:
        """`(n, 3, side, side)` tensor."""
        pictures = open_images(images, self.limits.pixels)
        return self._torch.stack([self._preprocess(p) for p in pictures])

    def _encode_images(self, replica: _Replica, pixels: Any) -> Matrix:
        with self._torch.inference_mode():
            pixels = pixels.to(replica.device, dtype=self._input_dtype)
            return np.asarray(replica.image(pixels).float().cpu().numpy())
