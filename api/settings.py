"""Settings, read once: profile file, then OCTAVO_* variables, then command line options."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from platformdirs import user_data_dir
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

_PROFILES = Path(__file__).parent / "profiles"
_PREFIX = "OCTAVO_"
_DEVICES = r"^(auto|cpu|cuda|(cpu|cuda:\d+)(,(cpu|cuda:\d+))*)$"


def _models_directory() -> Path:
    return Path(user_data_dir("octavo", appauthor=False)) / "models"


class SettingsError(Exception):
    """A setting that is unknown or out of range; the text says what was found and expected."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSettings(_Strict):
    """One model of a profile: which backend loads what, and what a reader should know of it.

    `model` is a hub name or a directory; `files` are the patterns of what `octavo models pull`
    fetches of a hub name (empty: everything). `measured`: whether its quality was measured by us.
    `tokens` caps the model's own limit, 0 leaves it. `options` are the backend's own.
    """

    backend: str
    model: str
    revision: str = "main"
    files: tuple[str, ...] = ()
    licence: str
    size_mb: int = Field(ge=0)
    purpose: str
    measured: bool
    dtype: Literal["float32", "float16", "bfloat16", "int8", "int4"] = "float32"
    batch: int = Field(default=32, ge=1, le=4096)
    tokens: int = Field(default=0, ge=0)
    query_prompt: str = ""
    document_prompt: str = ""
    compile: bool = False
    options: dict[str, str] = Field(default_factory=dict)


#: Backends by role; each is a row in `api/encoder_factory.py`.
BACKENDS: dict[str, tuple[str, ...]] = {
    "text": ("builtin", "fastembed", "sentence_transformers"),
    "joint": ("builtin", "fastembed", "open_clip", "sentence_transformers"),
    "tokens": ("builtin", "fastembed", "sentence_transformers"),
    "patches": ("sentence_transformers",),
    "cross_encoder": ("fastembed", "sentence_transformers"),
    "generator": ("extractive", "transformers", "openai"),
}


class Models(_Strict):
    """The models of a profile, by role. Without a model the role's stage is skipped."""

    text: ModelSettings
    joint: ModelSettings
    generator: ModelSettings
    tokens: ModelSettings | None = None
    patches: ModelSettings | None = None
    cross_encoder: ModelSettings | None = None

    @model_validator(mode="after")
    def _known_backends(self) -> Models:
        for role, row in self.rows().items():
            if row.backend not in BACKENDS[role]:
                known = ", ".join(BACKENDS[role])
                raise ValueError(f"{role}: unknown backend {row.backend!r}; known: {known}")
        return self

    def rows(self) -> dict[str, ModelSettings]:
        """Role to model, of the roles that have one."""
        rows = {role: getattr(self, role) for role in BACKENDS}
        return {role: row for role, row in rows.items() if row is not None}


class SearchSettings(_Strict):
    """Depth of each leg, its weight in fusion, and the fusion. `image_pages` are compared with the
    picture of a question, none begun after `image_seconds`; with 0 vectors do. The boosts are what
    a final score (0 to 1) gains by having what the question names (`boosts`)."""

    text_depth: int = Field(default=100, ge=1, le=1000)
    words_depth: int = Field(default=100, ge=1, le=1000)
    joint_depth: int = Field(default=30, ge=1, le=1000)
    text_weight: float = Field(default=1.0, ge=0)
    words_weight: float = Field(default=1.0, ge=0)
    joint_weight: float = Field(default=0.25, ge=0)
    image_weight: float = Field(default=2.0, ge=0)
    image_pages: int = Field(default=16, ge=0, le=100)
    image_seconds: float = Field(default=3.0, gt=0, le=60)
    exact_boost: float = Field(default=0.2, ge=0, le=2)
    label_boost: float = Field(default=0.25, ge=0, le=2)
    page_boost: float = Field(default=0.25, ge=0, le=2)
    document_boost: float = Field(default=0.15, ge=0, le=2)
    fusion: Literal["rrf", "dbsf"] = "rrf"
    candidates: int = Field(default=300, ge=1, le=1000)


class RerankSettings(_Strict):
    """Candidates scored by late interaction and by the cross-encoder, and what each stage counts
    in the end (see `Rerank`; `trust` has scores of the profile's own models)."""

    depth: int = Field(default=300, ge=0, le=1000)
    cross_depth: int = Field(default=30, ge=0, le=1000)
    cross_seconds: float = Field(default=5.0, ge=0)
    trust: dict[Literal["maxsim", "text"], tuple[float, float]] = Field(default_factory=dict)
    text: float = Field(default=1.0, ge=0)
    words: float = Field(default=1.0, ge=0)
    maxsim: float = Field(default=1.0, ge=0)
    joint: float = Field(default=0.2, ge=0)
    image: float = Field(default=3.0, ge=0)
    image_text: float = Field(default=0.2, ge=0)
    image_words: float = Field(default=3.0, ge=0)
    image_match: float = Field(default=12.0, ge=0)
    patches: float = Field(default=1.0, ge=0)
    cross: float = Field(default=2.0, ge=0)

    @field_validator("trust")
    @classmethod
    def _rising(cls, value: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for stage, (low, high) in value.items():
            if not low < high:
                raise ValueError(f"{stage}: must be two scores, the second greater than the first")
        return value

    def weights(self) -> dict[str, float]:
        """By the names that stages have in traces."""
        found = self.model_dump(exclude={"depth", "cross_depth", "cross_seconds", "trust"})
        return {name.replace("_", "-"): weight for name, weight in found.items()}


class GenerateSettings(_Strict):
    """How answers are written.

    `threshold`: confidence under which the extractive answerer abstains; a model only where
    `calibration` is given, which is the slope and shift of `Calibration` as
    `octavo eval calibrate` fits them. `neighbours`: of so many first hits the passages before and
    after, and what they refer to, are evidence, too. The rest is for models:
    `url` of an OpenAI-compatible server, the context in tokens, the answer's length in tokens, the
    pictures sent at most and the longest side of each in pixels, the seconds one answer may take.
    """

    threshold: float = Field(default=0.45, ge=0, le=1)
    calibration: tuple[float, float] | None = None
    neighbours: int = Field(default=0, ge=0, le=8)
    url: str = ""
    context_tokens: int = Field(default=8192, ge=512)
    answer_tokens: int = Field(default=512, ge=16)
    pictures: int = Field(default=4, ge=0, le=64)
    picture_pixels: int = Field(default=896, ge=64, le=4096)
    seconds: float = Field(default=120.0, gt=0)


class Profile(_Strict):
    """A model profile: data, not code (`api/profiles/*.toml`)."""

    name: str
    description: str
    models: Models
    search: SearchSettings = SearchSettings()
    rerank: RerankSettings = RerankSettings()
    generate: GenerateSettings = GenerateSettings()


class Settings(_Strict):
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
    and `max_pages` one document: pages beyond are in quarantine. `max_unpacked_mb` and
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
        raise SettingsError(_explained(error, "setting")) from None


def read_profile(name: str) -> Profile:
    """A built-in profile by name, or a profile file by its path (ending in .toml).

    Raises SettingsError for an unknown name, an unknown key or a value out of range.
    """
    file = Path(name) if name.endswith(".toml") else _PROFILES / f"{name}.toml"
    if not file.is_file():
        known = ", ".join(profile_names())
        raise SettingsError(
            f"unknown profile {name!r}; known profiles: {known}, or the path of a .toml file"
        )
    try:
        return Profile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"profile {file} is not valid TOML: {error}") from None
    except ValidationError as error:
        raise SettingsError(f"profile {file}: {_explained(error, 'key')}") from None


def profile_names() -> list[str]:
    """The built-in profiles."""
    return sorted(p.stem for p in _PROFILES.glob("*.toml"))


def environment() -> dict[str, str]:
    """The process environment; the one place that reads it."""
    return dict(os.environ)


def _explained(error: ValidationError, noun: str) -> str:
    parts = []
    for item in error.errors():
        place = ".".join(str(p) for p in item["loc"])
        if item["type"] == "extra_forbidden":
            parts.append(f"unknown {noun} {place!r}")
        elif place.endswith("_key"):
            parts.append(f"{noun} {place!r}: {item['msg'].lower()}")
        else:
            parts.append(f"{noun} {place!r} is {item.get('input')!r}: {item['msg'].lower()}")
    return "; ".join(parts)
