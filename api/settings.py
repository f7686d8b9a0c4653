"""Settings, read once: profile file, then OCTAVO_* variables, then command line options."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_PROFILES = Path(__file__).parent / "profiles"
_PREFIX = "OCTAVO_"


class SettingsError(Exception):
    """A setting that is unknown or out of range; the text says what was found and expected."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EncoderSettings(_Strict):
    """Backend of each encoder role."""

    text: Literal["minilm"] = "minilm"
    tokens: Literal["minilm"] = "minilm"
    joint: Literal["builtin"] = "builtin"


class SearchSettings(_Strict):
    """Depth of each leg, its weight in fusion, and the fusion."""

    text_depth: int = Field(default=100, ge=1, le=1000)
    words_depth: int = Field(default=100, ge=1, le=1000)
    joint_depth: int = Field(default=30, ge=1, le=1000)
    text_weight: float = Field(default=1.0, ge=0)
    words_weight: float = Field(default=1.0, ge=0)
    joint_weight: float = Field(default=0.25, ge=0)
    image_weight: float = Field(default=2.0, ge=0)
    fusion: Literal["rrf", "dbsf"] = "rrf"
    candidates: int = Field(default=300, ge=1, le=1000)


class RerankSettings(_Strict):
    """Late interaction: candidates scored by it, and what each stage counts in the end."""

    depth: int = Field(default=300, ge=0, le=1000)
    text: float = Field(default=1.0, ge=0)
    words: float = Field(default=1.0, ge=0)
    maxsim: float = Field(default=1.0, ge=0)
    joint: float = Field(default=0.2, ge=0)
    image: float = Field(default=3.0, ge=0)
    image_text: float = Field(default=0.2, ge=0)


class GenerateSettings(_Strict):
    """Backend of the answer, and the confidence under which it abstains."""

    backend: Literal["extractive"] = "extractive"
    threshold: float = Field(default=0.45, ge=0, le=1)


class Profile(_Strict):
    """A model profile: data, not code (`api/profiles/*.toml`)."""

    name: str
    description: str
    encoders: EncoderSettings = EncoderSettings()
    search: SearchSettings = SearchSettings()
    rerank: RerankSettings = RerankSettings()
    generate: GenerateSettings = GenerateSettings()


class Settings(_Strict):
    """What a command runs with. Each field is also a variable: `OCTAVO_INDEX`, ...

    `page_seconds` and `page_memory_mb` bound the processes that read documents. `hosts` are the
    names, comma separated, under which `serve` may be reached.
    """

    index: Path = Path("octavo-index")
    profile: str = "builtin"
    url: str = ""
    workers: int = Field(default=2, ge=1, le=64)
    page_seconds: float = Field(default=120.0, gt=0, le=86_400)
    page_memory_mb: int = Field(default=4096, ge=256)
    ocr: bool = True
    max_upload_mb: int = Field(default=200, ge=1)
    max_file_mb: int = Field(default=2048, ge=1)
    hosts: str = ""


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
        raise SettingsError(_explained(error, "setting")) from None


def read_profile(name: str) -> Profile:
    """A built-in profile by name, or a profile file by its path (ending in .toml).

    Raises SettingsError for an unknown name, an unknown key or a value out of range.
    """
    file = Path(name) if name.endswith(".toml") else _PROFILES / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(sorted(p.stem for p in _PROFILES.glob("*.toml")))
        raise SettingsError(
            f"unknown profile {name!r}; known profiles: {known}, or the path of a .toml file"
        )
    try:
        return Profile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"profile {file} is not valid TOML: {error}") from None
    except ValidationError as error:
        raise SettingsError(f"profile {file}: {_explained(error, 'key')}") from None


def environment() -> dict[str, str]:
    """The process environment; the one place that reads it."""
    return dict(os.environ)


def _explained(error: ValidationError, noun: str) -> str:
    parts = []
    for item in error.errors():
        place = ".".join(str(p) for p in item["loc"])
        if item["type"] == "extra_forbidden":
            parts.append(f"unknown {noun} {place!r}")
        else:
            parts.append(f"{noun} {place!r} is {item.get('input')!r}: {item['msg'].lower()}")
    return "; ".join(parts)
