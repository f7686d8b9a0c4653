"""Models of sentence-transformers on every device: loading, limits and token counts."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from octavo.index.encoders.backend_loading import (
    check_options,
    library,
    loading,
    number,
    torch_dtype,
)
from octavo.index.encoders.encoder import ModelError
from octavo.index.encoders.image_batches import side_of
from octavo.index.encoders.length_batches import Batches
from octavo.index.encoders.model_spec import ModelSpec

Kind = Literal["SentenceTransformer", "MultiVectorEncoder", "CrossEncoder"]
Task = Literal["query", "document"]

_OPTIONS = ("attention", "max_pixels")
_UNLIMITED = 1_000_000  # tokens; for models without positions, such as static embeddings
#: Their position table begins after the padding token's id.
_SHIFTED = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer")
#: They read the state at the last place of a text padded to its full length.
_FULL_LENGTH = ("siglip", "siglip_text_model", "siglip2", "siglip2_text_model")
#: Weights that many checkpoints lack and that only a classifier reads.
_NOT_READ: dict[Kind, str] = {
    "SentenceTransformer": "pooler.",
    "MultiVectorEncoder": "pooler.",
    "CrossEncoder": "",
}


def load_replicas(kind: Kind, spec: ModelSpec, expected: str, more: Sequence[str] = ()) -> Any:
    """`Batches` over one model a device; nothing is fetched, no code of the directory is run.

    Options: `attention` (transformers' attn_implementation), `max_pixels` (of an image, for
    processors that scale by area), and `more` of the caller's own.
    """
    check_options(spec, (*_OPTIONS, *more))
    made = getattr(library("sentence_transformers", "torch"), kind)
    arguments: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    # Said outright: transformers 5 otherwise takes the dtype of the file.
    arguments["model_kwargs"] = {"dtype": torch_dtype(spec)}
    if spec.options.get("attention"):
        arguments["model_kwargs"]["attn_implementation"] = spec.options["attention"]
    if pixels := number(spec, "max_pixels"):
        arguments["processor_kwargs"] = {"max_pixels": pixels}
    if dim := "truncate_dim" in more and number(spec, "truncate_dim"):
        arguments["truncate_dim"] = dim
    replicas = []
    with loading(spec, expected):
        if kind == "MultiVectorEncoder":
            _check_late(spec, expected)
        for device in spec.devices:
            with _complete(spec, expected, _NOT_READ[kind]):
                model = made(str(spec.directory), device=device, **arguments)
            replicas.append(model.eval())
        if spec.compile:
            for model in replicas:
                model.compile(dynamic=True)
    return Batches(replicas, spec.batch)


@contextmanager
def _complete(spec: ModelSpec, expected: str, not_read: str) -> Iterator[None]:
    """Raises ModelError where transformers made up weights that the checkpoint lacks: it only
    logs a table of them, and the model then answers at random."""
    reports: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            reports.extend(record.getMessage().splitlines())

    logger = logging.getLogger("transformers.modeling_utils")
    library_logger = logging.getLogger("transformers")  # where its verbosity is set
    listener, level = Listener(logging.WARNING), library_logger.level
    logger.addHandler(listener)
    library_logger.setLevel(min(level, logging.WARNING))
    try:
        yield
    finally:
        logger.removeHandler(listener)
        library_logger.setLevel(level)
    rows = [line.split("|") for line in reports if "MISSING" in line and "|" in line]
    names = [row[0].strip() for row in rows]
    missing = [name for name in names if not not_read or not_read not in name]
    if missing:
        raise ModelError(
            f"{spec.directory} was given, expected {expected}: it lacks the weights "
            f"{', '.join(missing[:5])} ({len(missing)} in all), which would be random. Name a "
            "model trained for this role"
        )


def _check_late(spec: ModelSpec, expected: str) -> None:
    """sentence-transformers makes a late-interaction model of any other by a random projection."""
    architectures = _config(spec, "config.json").get("architectures") or []
    saved = _config(spec, "config_sentence_transformers.json").get("model_type", "")
    native = any(a == "HF_ColBERT" or a.endswith("ForRetrieval") for a in architectures)
    if not native and saved not in ("MultiVectorEncoder", "ColBERT"):
        raise ModelError(
            f"{spec.directory} was given (architecture {', '.join(architectures) or 'unknown'}), "
            f"expected {expected}: its projection would be random"
        )


def _config(spec: ModelSpec, file: str) -> dict[str, Any]:
    """A JSON file of the directory; empty where there is none."""
    path = spec.directory / file
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def prompt_of(model: Any, given: str, names: Sequence[str]) -> str:
    """The spec's prompt, or the first the model itself has under `names`."""
    if given:
        return given
    return next((p for name in names if (p := model.prompts.get(name))), "")


def takes(model: Any, *modalities: str) -> bool:
    """Whether the model embeds each of `modalities` ("text", "image")."""
    return all(model.supports(m) for m in modalities)


def as_text(model: Any, text: str) -> Any:
    """A text as input. To a model that takes images, sentence-transformers reads a bare string
    that looks like an image's address or path as that image, and would fetch it."""
    return {"text": text} if takes(model, "image") else text


def text_limit(model: Any, task: Task) -> int:
    """Tokens that the model reads of a text for `task`, special ones included."""
    first = _first(model, task)
    limits = [model.max_seq_length, getattr(first, f"{task}_length", None)]
    expansion = getattr(first, "query_expansion", None)
    if task == "query" and expansion is not None and expansion["strategy"] == "fixed":
        limits = [model.max_seq_length, expansion["length"]]
    for called in (getattr(first, "processing_kwargs", None) or {}).values():
        limits.append(called.get("max_length"))
    inner = getattr(first, "model", None)
    if inner is not None and hasattr(inner, "config"):
        config = inner.config.get_text_config()
        places = getattr(config, "max_position_embeddings", None)
        shift = (config.pad_token_id or 0) + 1 if config.model_type in _SHIFTED else 0
        limits.append(places - shift if places and places > 0 else None)
    return int(min((limit for limit in limits if limit), default=_UNLIMITED, key=float))


def image_side(model: Any) -> int:
    """Side in pixels to which the model scales an image, 0 if it takes none."""
    processor = getattr(model, "processor", None)
    image: Any = getattr(processor, "image_processor", None)
    patches = getattr(image, "max_num_patches", None)
    if patches:  # SigLIP2 NaFlex: any shape of so many patches
        return math.isqrt(patches * image.patch_size**2)
    side = side_of(getattr(image, "crop_size", None)) or side_of(getattr(image, "size", None))
    # Qwen's processors give the most pixels of a whole image under the name of an edge.
    return math.isqrt(side) if hasattr(image, "merge_size") else side


def reading(model: Any, task: Task) -> dict[str, Any]:
    """Arguments that `encode_...` needs beside the inputs and prompt."""
    if _model_type(model, task) not in _FULL_LENGTH:
        return {}
    text = {"padding": "max_length", "max_length": text_limit(model, task)}
    return {"processing_kwargs": {"text": text}}


def count_tokens(model: Any, inputs: list[Any], prompt: str, task: Task | None) -> list[int]:
    """Tokens of each input as the model sees it, uncut: template, prompt, special and image
    tokens included."""
    first = _first(model, task or "document")
    if getattr(first, "processor", None) is None:
        return [_plain_count(model, i if isinstance(i, str) else i["text"]) for i in inputs]
    arguments: dict[str, Any] = {"prompt": prompt}
    # Query expansion pads and cuts to its own length; the text itself is counted.
    if task is not None and getattr(first, "query_expansion", None) is None:
        arguments["task"] = task
    text = {"truncation": False, "padding": True, "max_length": None, "verbose": False}
    text["return_attention_mask"] = True  # SigLIP's tokenizer gives none of itself
    found = model.preprocess(inputs, processing_kwargs={"text": text}, **arguments)
    return [int(n) for n in found["attention_mask"].sum(dim=1)]


def _plain_count(model: Any, text: str) -> int:
    """For first modules that are no transformer (static embeddings, bags of words)."""
    return len(text.split()) if model.tokenizer is None else len(model.tokenizer.encode(text).ids)


def _first(model: Any, task: Task) -> Any:
    """The module that reads the input; of a Router the one for `task`."""
    first = model[0]
    routes = getattr(first, "sub_modules", None)
    if routes is None:
        return first
    return routes[task if task in routes else next(iter(routes))][0]


def _model_type(model: Any, task: Task) -> str:
    config = getattr(getattr(_first(model, task), "model", None), "config", None)
    return str(getattr(config, "model_type", ""))
