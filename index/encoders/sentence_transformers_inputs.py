"""What models of sentence-transformers are given: prompts, limits, token counts, arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

from octavo.index.encoders.encoder import ModelLimits
from octavo.index.encoders.image_batches import side_of
from octavo.index.encoders.text_windows import Count

Task = Literal["query", "document"]

#: Names under which models keep the prompt of a side.
QUERY_PROMPTS = ("query",)
DOCUMENT_PROMPTS = ("document", "passage", "corpus")

_UNLIMITED = 1_000_000  # tokens; for models without positions, such as static embeddings
#: Their position table begins after the padding token's id.
_SHIFTED = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "longformer")
#: They read the state at the last place of a text padded to its full length.
_FULL_LENGTH = ("siglip", "siglip_text_model", "siglip2", "siglip2_text_model")


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


def encode_arguments(model: Any, task: Task) -> dict[str, Any]:
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
    encoded = model.preprocess(inputs, processing_kwargs={"text": text}, **arguments)
    return [int(n) for n in encoded["attention_mask"].sum(dim=1)]


def prompt_for(limits: ModelLimits, task: Task) -> str:
    return limits.query_prompt if task == "query" else limits.document_prompt


def token_counter(models: Any, prompt: str, task: Task) -> Count:
    """Counts on a replica that is free: a tokenizer must not be used from two threads."""
    return lambda texts: models.run(
        texts,
        lambda model, part: count_tokens(model, [as_text(model, t) for t in part], prompt, task),
        len,
    )


def encode_texts(models: Any, texts: Sequence[str], prompt: str, task: Task) -> list[Any]:
    """Raw numpy rows of each text; `models` are the `Batches` of `load_replicas`."""

    def encode(model: Any, part: list[str]) -> Any:
        return encode_batch(model, [as_text(model, t) for t in part], prompt, task)

    return list(models.run(texts, encode, len))


def encode_batch(model: Any, inputs: list[Any], prompt: str, task: Task) -> Any:
    """Raw numpy rows of one batch."""
    encode = model.encode_query if task == "query" else model.encode_document
    return encode(
        inputs,
        prompt=prompt,
        batch_size=len(inputs),
        convert_to_numpy=True,
        show_progress_bar=False,
        **encode_arguments(model, task),
    )


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
