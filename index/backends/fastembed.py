"""Encoders of fastembed: ONNX models through ONNX Runtime, without torch.

fastembed knows its models by name and fetches them from a hub; here it is given a directory
(`specific_model_path`). A name in `options` says which of its models the directory holds; without
one a text model or cross-encoder is registered as a custom one. It cuts long text in silence, so
text is windowed before it by its own tokenizer.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from index.backends.loading import capped, check_options, library, loading, number, unit_rows
from index.backends.pair_windows import score_windowed
from index.backends.pictures import opened, side_of
from index.backends.spec import ModelSpec
from index.batches import Batches
from index.encode import Content, Matrix, ModelError, ModelLimits
from index.windows import Count, embed_windowed, tokens_windowed

_FILES = ("onnx/model.onnx", "model.onnx", "model_optimized.onnx")
#: Image tower that shares the space of a text tower of another name.
_IMAGE_TOWERS = {
    "Qdrant/clip-ViT-B-32-text": "Qdrant/clip-ViT-B-32-vision",
    "nomic-ai/nomic-embed-text-v1.5": "nomic-ai/nomic-embed-vision-v1.5",
}
_MOVED = 1e-4  # a coordinate of a unit vector; float32 rounding moves them by 1e-7, int8 by 1e-2
_registering = threading.Lock()


class FastembedText:
    """Satisfies `TextEncoder`.

    Options: `name` (fastembed's name for the model), or else `file` (the ONNX file), `pooling`
    (mean, cls, last_token, disabled; default: what `1_Pooling/config.json` says) and `output`
    (name of the ONNX output); `threads` a session.
    """

    def __init__(self, spec: ModelSpec) -> None:
        check_options(spec, ("name", "file", "pooling", "output", "threads"))
        name = _registered_text(spec, spec.directory)
        self._side = _TextSide(spec, name, spec.directory)
        self.name, self.dim, self.limits = spec.identity, self._side.dim, self._side.limits

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        """Documents: `(n, dim)` float32 unit vectors, long ones windowed."""
        return self._side.documents(texts)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Questions: the same shape and space."""
        return self._side.queries(texts)


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
        self._side = _TextSide(spec, text, _part(spec, "text"))
        directory = _part(spec, "image")
        self._images = _replicas(spec, "ImageEmbedding", image, directory)
        pixels = _pixels(directory)
        limits = self._side.limits
        self.name, self.dim = spec.identity, self._side.dim
        self.limits = ModelLimits(
            limits.tokens,
            pixels,
            limits.query_prompt,
            limits.document_prompt,
            limits.dtype,
            limits.alone,
        )
        with loading(spec, f"an image tower {image} of {self.dim} dimensions"):
            from PIL import Image

            grey = Image.new("RGB", (pixels or 224, pixels or 224), "grey")
            found = self._images.run([grey], lambda m, part: list(m.embed(part)))[0]
            if np.shape(found) != (self.dim,):
                raise ModelError(
                    f"{spec.identity}: texts have {self.dim} dimensions and images "
                    f"{np.size(found)}: the two towers are not of one model"
                )

    def joint_texts(self, texts: Sequence[str]) -> Matrix:
        """Documents: `(n, dim)` float32 unit vectors, long ones windowed."""
        return self._side.documents(texts)

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        """Questions: the same shape and space."""
        return self._side.queries(texts)

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        """`(n, dim)` float32 unit vectors. Raises ValueError for bytes that are no image."""
        if not images:
            return np.zeros((0, self.dim), np.float32)
        rows = self._images.run_prepared(
            images,
            lambda part: opened(part, self.limits.pixels),
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
        known = [m["model"] for m in _class("LateInteractionTextEmbedding").list_supported_models()]
        if name not in known:
            raise ModelError(
                f"{spec.identity}: option name is {name!r}; a late-interaction model needs "
                f"fastembed's name for its markers, one of {', '.join(known)}"
            )
        self._models = _replicas(spec, "LateInteractionTextEmbedding", name, spec.directory)
        inner = self._models.run([""], lambda m, _: [m.model])[0]
        marker = 1  # [Q] or [D], which fastembed puts in after the tokenizer
        limit = capped(spec, inner.tokenizer.truncation["max_length"] + marker)
        if spec.query_prompt or spec.document_prompt:
            raise ModelError(f"{spec.identity}: fastembed's ColBERT models take no prompts")
        self._count = _counter(inner.tokenizer, "", marker)
        self.name = spec.identity
        dtype = f"ONNX {inner.model_description.model_file}"
        self.limits = ModelLimits(limit, dtype=dtype)
        with loading(spec, f"the late-interaction model {name}"):
            self.dim = self._embedded(["a"], _queries)[0].shape[1]
            alone = _moves(lambda texts: self._embedded(texts, _documents)[0])
            self.limits = ModelLimits(limit, dtype=dtype, alone=alone)

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
        found = self._models.run(texts, call, len)
        return [unit_rows(rows, self.limits.dtype) for rows in found]


class FastembedPairs:
    """Satisfies `PairScorer` on text; images are ignored.

    Options: `name` (fastembed's) or else `file` (the ONNX file); `threads`.
    """

    def __init__(self, spec: ModelSpec) -> None:
        check_options(spec, ("name", "file", "threads"))
        name = _registered_pairs(spec)
        self._models = _replicas(spec, "TextCrossEncoder", name, spec.directory)
        inner = self._models.run([""], lambda m, _: [m.model])[0]
        self._tokenizer = _uncut(inner.tokenizer)
        self.name = spec.identity
        self.limits = ModelLimits(
            capped(spec, inner.tokenizer.truncation["max_length"]),
            query_prompt=spec.query_prompt,
            document_prompt=spec.document_prompt,
            dtype=f"ONNX {inner.model_description.model_file}",
        )
        with loading(spec, "a cross-encoder as ONNX with one score a pair"):
            self._scored(Content("a"), [Content("b")])

    def score_pairs(self, query: Content, contents: Sequence[Content]) -> Matrix:
        """`(n,)` float32 logits, greater is better."""
        return score_windowed(query, contents, self.limits.tokens, self._counted, self._scored)

    def _pairs(self, query: Content, contents: Sequence[Content]) -> list[tuple[str, str]]:
        asked = self.limits.query_prompt + query.text
        return [(asked, self.limits.document_prompt + c.text) for c in contents]

    def _counted(self, query: Content, contents: Sequence[Content]) -> list[int]:
        encoded = self._tokenizer.encode_batch(self._pairs(query, contents))
        return [len(e.ids) for e in encoded]

    def _scored(self, query: Content, contents: Sequence[Content]) -> list[float]:
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


class _TextSide:
    """A `TextEmbedding` on every device, with its limits."""

    def __init__(self, spec: ModelSpec, name: str, directory: Path) -> None:
        self._models = _replicas(spec, "TextEmbedding", name, directory)
        inner = self._models.run([""], lambda m, _: [m.model])[0]
        tokenizer = inner.tokenizer
        self._query_count = _counter(tokenizer, spec.query_prompt)
        self._count = _counter(tokenizer, spec.document_prompt)
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
                alone=_moves(lambda texts: self._embedded(texts, "", _documents)[0]),
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


def _moves(embed: Callable[[list[str]], Matrix]) -> bool:
    """Whether company in a batch moves a vector by more than rounding: so do models whose int8
    scale is computed by call. `embed` gives the first text's rows."""
    company = ["oil", "KRILL! 7", "a second and rather longer sentence about bolts, 42 of them"]
    alone = embed(["a bolt"])
    return any(np.abs(alone - embed(["a bolt", other])).max() > _MOVED for other in company)


def _class(kind: str) -> Any:
    if kind == "TextCrossEncoder":
        return library("fastembed.rerank.cross_encoder", "light").TextCrossEncoder
    return getattr(library("fastembed", "light"), kind)


def _replicas(spec: ModelSpec, kind: str, name: str, directory: Path) -> Batches[Any]:
    """One model on every device of the spec."""
    if spec.dtype != "float32":
        raise ModelError(
            f"{spec.identity}: dtype {spec.dtype} was asked for, but an ONNX file has the numbers "
            "it was exported with: leave dtype out, and name another file in options (file)"
        )
    made = _class(kind)
    expected = f"the files of {name} as fastembed reads them"
    models = []
    with loading(spec, expected):
        described = [m for m in made.list_supported_models() if m["model"].lower() == name.lower()]
        if not described:
            raise ModelError(f"{spec.identity}: fastembed has no {kind} named {name!r}")
        file = described[0]["model_file"]
        if not (directory / file).is_file():
            raise ModelError(f"{directory} has no {file}: expected {expected}")
        for device in spec.devices:
            model = made(
                name,
                cache_dir=str(directory),
                specific_model_path=str(directory),
                local_files_only=True,
                threads=number(spec, "threads"),
                **_place(device),
            )
            _check_device(spec, device, model.model.model)
            models.append(model)
    return Batches(models, spec.batch)


def _place(device: str) -> dict[str, Any]:
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return {"cuda": False}
    if kind == "cuda":
        return {"cuda": True, "device_ids": [int(index or 0)]}
    raise ModelError(f"device {device!r}: fastembed runs on cpu and cuda:N")


def _check_device(spec: ModelSpec, device: str, session: Any) -> None:
    """ONNX Runtime goes on with the CPU where CUDA cannot be started."""
    if device.startswith("cuda") and "CUDAExecutionProvider" not in session.get_providers():
        raise ModelError(
            f"{spec.identity}: ONNX Runtime could not start CUDA on {device}: "
            "pip install 'octavo[gpu]' on a machine with its libraries, or set device cpu"
        )


def _part(spec: ModelSpec, tower: str) -> Path:
    named = spec.options.get(f"{tower}_directory", "")
    usual = spec.directory / (named or tower)
    return usual if named or usual.is_dir() else spec.directory


def _pixels(directory: Path) -> int:
    """Side of the image tower, which is loaded: the file is there."""
    config = json.loads((directory / "preprocessor_config.json").read_text(encoding="utf-8"))
    return side_of(config.get("crop_size")) or side_of(config.get("size"))


def _counter(tokenizer: Any, prompt: str, more: int = 0) -> Count:
    """Tokens of a text behind `prompt`, special ones and `more` included."""
    uncut = _uncut(tokenizer)
    return lambda texts: [
        len(e.ids) + more for e in uncut.encode_batch([prompt + t for t in texts])
    ]


def _uncut(tokenizer: Any) -> Any:
    """A copy that neither truncates nor pads; the model's own stays as it is."""
    copy = library("tokenizers", "light").Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _file(spec: ModelSpec, directory: Path) -> str:
    named = spec.options.get("file", "")
    for file in (named,) if named else _FILES:
        if (directory / file).is_file():
            return file
    raise ModelError(
        f"{directory} has no {named or ' nor '.join(_FILES)}: expected a model exported to ONNX "
        "(options: file)"
    )


def _registered_text(spec: ModelSpec, directory: Path) -> str:
    """Name under which fastembed knows the model: its own, or one made for the directory."""
    name = spec.options.get("name", "")
    if name:
        return name
    file = _file(spec, directory)
    pooling = spec.options.get("pooling", "") or _pooling(spec, directory)
    output = spec.options.get("output") or None
    description = library("fastembed.common.model_description", "light")
    kinds = [kind.value.lower() for kind in description.PoolingType]
    if pooling.lower() not in kinds:
        raise ModelError(
            f"{spec.identity}: option pooling is {pooling!r}, expected {', '.join(kinds)}"
        )
    name = _own_name(directory, file, pooling, output or "")
    _register(
        "TextEmbedding",
        name,
        pooling=description.PoolingType[pooling.upper()],
        normalization=True,
        dim=1,  # of no use: the true one is read from the first vector
        model_file=file,
        output_name=output,
    )
    return name


def _pooling(spec: ModelSpec, directory: Path) -> str:
    """What a sentence-transformers directory says of pooling."""
    file = directory / "1_Pooling" / "config.json"
    if file.is_file():
        config = json.loads(file.read_text(encoding="utf-8"))
        for kind in ("mean", "cls", "lasttoken"):
            if config.get("pooling_mode") == kind:
                return kind.replace("lasttoken", "last_token")
        for key, kind in (
            ("pooling_mode_mean_tokens", "mean"),
            ("pooling_mode_cls_token", "cls"),
            ("pooling_mode_lasttoken", "last_token"),
        ):
            if config.get(key):
                return kind
    raise ModelError(
        f"{spec.identity}: nothing says how token states become one vector (no 1_Pooling in "
        f"{directory}): set option pooling to mean, cls, last_token, or disabled where the ONNX "
        "output is one vector; or option name to fastembed's name of the model"
    )


def _registered_pairs(spec: ModelSpec) -> str:
    name = spec.options.get("name", "")
    if not name:
        file = _file(spec, spec.directory)
        name = _own_name(spec.directory, file)
        _register("TextCrossEncoder", name, model_file=file)
    return name


def _own_name(directory: Path, *parts: str) -> str:
    text = "\n".join((str(directory.resolve()), *parts))
    return f"octavo/{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _register(kind: str, name: str, **described: Any) -> None:
    source = library("fastembed.common.model_description", "light").ModelSource(hf=name)
    made = _class(kind)
    with _registering:
        if not any(m["model"] == name for m in made.list_supported_models()):
            made.add_custom_model(model=name, sources=source, **described)
