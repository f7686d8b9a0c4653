"""What every backend does when it loads: find its library, read its directory, or say why not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from octavo.index.encoders.encoder import Matrix, ModelError, unit
from octavo.index.encoders.length_batches import is_out_of_memory
from octavo.index.encoders.model_spec import ModelSpec

_TORCH_DTYPES = ("float32", "float16", "bfloat16")
_LONGEST_REASON = 400  # characters of a library's own message that an error shows


def library(name: str, extra: str) -> Any:
    """The module `name`. Raises ModelError that names the line to type where it is missing."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ModelError(
            f"{name} cannot be imported ({error}): pip install 'octavo[{extra}]'"
        ) from None


@contextmanager
def loading(spec: ModelSpec, expected: str) -> Iterator[None]:
    """What fails inside becomes a ModelError that names directory, expectation and remedy."""
    if not spec.directory.is_dir():
        raise ModelError(f"{spec.directory} is no directory: expected {expected}")
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
        if is_out_of_memory(error):
            raise ModelError(
                f"{spec.directory} does not fit into memory of {', '.join(spec.devices)} "
                f"({reason}): take a smaller model, or dtype bfloat16"
            ) from error
        raise ModelError(
            f"{spec.directory} was given, expected {expected}; it cannot be loaded: {reason}. "
            "Name a directory of that kind in the profile, or pull the model again"
        ) from error


def check_options(spec: ModelSpec, known: Collection[str]) -> None:
    """Raises ModelError for an option that the backend does not know."""
    unknown = sorted(set(spec.options) - set(known))
    if unknown:
        raise ModelError(
            f"{spec.identity}: unknown options {', '.join(unknown)}; known are "
            f"{', '.join(sorted(known)) or 'none'}"
        )


def number(spec: ModelSpec, name: str) -> int | None:
    """The option `name` as a whole number of at least 1; None where it is not given."""
    text = spec.options.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ModelError(f"{spec.identity}: option {name} is {text!r}; expected a number >= 1")
    return int(text)


def torch_dtype(spec: ModelSpec) -> Any:
    """`spec.dtype` as PyTorch's. Raises ModelError for one that encoders do not run in."""
    torch = library("torch", "torch")
    if spec.dtype not in _TORCH_DTYPES:
        raise ModelError(
            f"{spec.identity}: dtype {spec.dtype} is not supported for encoders; "
            f"take one of {', '.join(_TORCH_DTYPES)}"
        )
    return getattr(torch, spec.dtype)


def capped(spec: ModelSpec, tokens: int) -> int:
    """The model's own limit in tokens, or the spec's if that is lower."""
    return min(tokens, spec.tokens) if spec.tokens else tokens


def unit_rows(rows: Any, dtype: str) -> Matrix:
    """float32 rows of length 1. Raises ModelError for rows that are not finite: float16 ends at
    65,504, and the activations of some models do not."""
    matrix = np.asarray(rows, dtype=np.float32)
    if not np.isfinite(matrix).all():
        raise ModelError(
            f"the model's output is not finite in {dtype}: load it as bfloat16 or float32"
        )
    return unit(matrix)
