"""Models of sentence-transformers loaded on every device, complete or not at all."""

from __future__ import annotations

import json
import logging
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
from octavo.index.encoders.length_batches import Batches
from octavo.index.encoders.model_spec import ModelSpec

Kind = Literal["SentenceTransformer", "MultiVectorEncoder", "CrossEncoder"]

_OPTIONS = ("attention", "max_pixels")
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
    model_class = getattr(library("sentence_transformers", "torch"), kind)
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
            _check_late_interaction(spec, expected)
        for device in spec.devices:
            with _complete_weights(spec, expected, _NOT_READ[kind]):
                model = model_class(str(spec.directory), device=device, **arguments)
            replicas.append(model.eval())
        if spec.compile:
            for model in replicas:
                model.compile(dynamic=True)
    return Batches(replicas, spec.batch)


@contextmanager
def _complete_weights(spec: ModelSpec, expected: str, not_read: str) -> Iterator[None]:
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


def _check_late_interaction(spec: ModelSpec, expected: str) -> None:
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
