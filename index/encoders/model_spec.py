"""What every backend is told about the model it loads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Dtype = Literal["float32", "float16", "bfloat16", "int8", "int4"]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model on this machine, its files already checked against their recorded sha256.

    `directory` is laid out as the model's own library saves it. `identity` names model and files
    (it becomes `Encoder.name`). A replica is loaded on each of `devices` ("cpu", "cuda:0", ...).
    `tokens` caps the model's own limit, 0 leaves it. `options` are a backend's own settings.
    """

    directory: Path
    identity: str
    devices: tuple[str, ...] = ("cpu",)
    dtype: Dtype = "float32"
    batch: int = 32
    tokens: int = 0
    query_prompt: str = ""
    document_prompt: str = ""
    compile: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
