"""Settings, read once: profile file, then OCTAVO_* variables, then command line options."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from platformdirs import user_data_dir
from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from octavo.api.model_profile import SettingsError, StrictModel, explain_validation

_PREFIX = "OCTAVO_"
_DEVICES = r"^(auto|cpu|cuda|(cpu|cuda:\d+)(,(cpu|cuda:\d+))*)$"


def _models_directory() -> Path:
    return Path(user_data_dir("octavo", appauthor=False)) / "models"


class Settings(StrictModel):
    """What a command runs with. Each field is also a variable: `OCTAVO_INDEX`, ...

    `store` is the URL of a Qdrant server; empty: the embedded engine in `index`, which else holds
    the originals only. `knn` mirrors the dense vectors in FAISS. `token_bits` are those that a
    number of a token or patch vector takes in a new embedded index (a server has 16). `models`
    holds pulled models, `hub` is the hub they are pulled from. `offline` forbids every socket to
    another machine.
    `device`: `auto`, `cpu`, `cuda`, or a list (`cuda:0,cuda:1`: a replica on each).
    `llm_url` and `llm_model` write answers by an OpenAI-compatible server, whatever the profile.
    `judge_url` and `judge_model` name a server and model that judge answers in `octavo eval run`.
    `page_seconds` and `page_memory_mb` bound the processes that read documents, `document_seconds`
    and `max_pages` one document: pages beyond are failed pages. `max_unpacked_mb` and
    `max_members` bound a ZIP container (DOCX, PPTX, XLSX, EPUB), `max_nesting` elements in each
    other, `max_megapixels` one picture. A reading process is replaced
    after `process_documents`, `process_pages`, or `process_growth_mb` of growth. `hosts` are the
    names, comma separated, under which `serve` may be reached.
    """

    index: Path = Path("octavo-index")
    profile: str = "builtin"
    url: str = ""
    store: str = ""
    store_key: SecretStr = SecretStr("")
    collection: str = Field(default="octavo", pattern=r"^[A-Za-z0-9_-]{1,128}$")
    shards: int = Field(default=1, ge=1, le=256)
    replicas: int = Field(default=1, ge=1, le=16)
    knn: Literal["", "flat", "ivf", "hnsw"] = ""
    token_bits: Literal["4", "16"] = "4"
    models: Path = Field(default_factory=_models_directory)
    hub: str = "https://huggingface.co"
    offline: bool = False
    device: str = Field(default="auto", pattern=_DEVICES)
    llm_url: str = ""
    llm_model: str = ""
    llm_key: SecretStr = SecretStr("")
    judge_url: str = ""
    judge_model: str = ""
    judge_key: SecretStr = SecretStr("")
    query_cache: int = Field(default=4096, ge=0)
    workers: int = Field(default=2, ge=1, le=64)
    page_seconds: float = Field(default=120.0, gt=0, le=86_400)
    page_memory_mb: int = Field(default=4096, ge=256)
    document_seconds: float = Field(default=21_600.0, gt=0, le=2_592_000)
    max_unpacked_mb: int = Field(default=512, ge=1)
    max_members: int = Field(default=20_000, ge=1)
    max_nesting: int = Field(default=100, ge=20, le=200)
    max_megapixels: int = Field(default=150, ge=1)
    max_pages: int = Field(default=20_000, ge=1, le=1_000_000)
    process_documents: int = Field(default=200, ge=1)
    process_pages: int = Field(default=5000, ge=1)
    process_growth_mb: int = Field(default=512, ge=16)
    ocr: bool = True
    max_upload_mb: int = Field(default=200, ge=1)
    max_file_mb: int = Field(default=2048, ge=1)
    hosts: str = ""

    @field_validator("store_key", "llm_key", "judge_key", mode="before")
    @classmethod
    def _sendable(cls, value: object) -> object:
        """Keys of secret files end in a newline; one that no header can hold is refused unseen."""
        if not isinstance(value, str):
            return value
        key = value.strip()
        if not (key.isascii() and key.isprintable()):
            raise ValueError("has characters that no key has")
        return key


def read_settings(environment: Mapping[str, str], options: Mapping[str, object]) -> Settings:
    """Settings from variables, overridden by the options that were given (not None).

    Raises SettingsError for an unknown OCTAVO_ variable or a value out of range.
    """
    values: dict[str, object] = {}
    for name, value in environment.items():
        if name.startswith(_PREFIX) and value != "":
            field = name.removeprefix(_PREFIX).lower()
            if field not in Settings.model_fields:
                known = ", ".join(_PREFIX + f.upper() for f in Settings.model_fields)
                raise SettingsError(f"unknown setting {name}; known settings: {known}")
            values[field] = value
    values.update({k: v for k, v in options.items() if v is not None})
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(explain_validation(error, "setting")) from None


def environment() -> dict[str, str]:
    """The process environment; the one place that reads it."""
    return dict(os.environ)
