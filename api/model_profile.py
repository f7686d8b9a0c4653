"""Model profiles: which models run, how deep is searched, what each stage counts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from octavo.rerank.rerank import RerankOptions
from octavo.retrieve.options import SearchOptions

_PROFILES = Path(__file__).parent / "profiles"

#: Backends by role; each is a row in `api/encoder_factory.py`.
BACKENDS: dict[str, tuple[str, ...]] = {
    "text": ("builtin", "fastembed", "sentence_transformers"),
    "joint": ("builtin", "fastembed", "open_clip", "sentence_transformers"),
    "tokens": ("builtin", "fastembed", "sentence_transformers"),
    "patches": ("sentence_transformers",),
    "cross_encoder": ("fastembed", "sentence_transformers"),
    "generator": ("extractive", "transformers", "openai"),
}


class SettingsError(Exception):
    """A setting that is unknown or out of range; the text says what was found and expected."""


class StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSettings(StrictModel):
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


class Models(StrictModel):
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


class SearchSettings(StrictModel):
    """Depth of each subquery, its weight in fusion, and the fusion: see `SearchOptions`, which has
    the same fields."""

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

    def options(self) -> SearchOptions:
        """The same, as retrieval takes it."""
        return SearchOptions(**self.model_dump())


class RerankSettings(StrictModel):
    """Candidates scored by late interaction and by the cross-encoder, and what each stage counts
    in the end (see `RerankOptions`; `modality_gate`, `trust` in profiles of 0.1, has scores of the
    profile's own models)."""

    depth: int = Field(default=300, ge=0, le=1000)
    cross_depth: int = Field(default=30, ge=0, le=1000)
    cross_seconds: float = Field(default=5.0, ge=0)
    modality_gate: dict[Literal["maxsim", "text"], tuple[float, float]] = Field(
        default_factory=dict, validation_alias=AliasChoices("modality_gate", "trust")
    )
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

    @field_validator("modality_gate")
    @classmethod
    def _rising(cls, value: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for stage, (low, high) in value.items():
            if not low < high:
                raise ValueError(f"{stage}: must be two scores, the second greater than the first")
        return value

    def weights(self) -> dict[str, float]:
        """By the names that stages have in traces."""
        weights = self.model_dump(
            exclude={"depth", "cross_depth", "cross_seconds", "modality_gate"}
        )
        return {name.replace("_", "-"): weight for name, weight in weights.items()}

    def options(self, keep: int) -> RerankOptions:
        """For a list of which only the first `keep` (0: all) must stand in their final order."""
        return RerankOptions(
            self.depth, self.cross_depth, self.cross_seconds, keep,
            {str(stage): bounds for stage, bounds in self.modality_gate.items()}, self.weights(),
        )  # fmt: skip


class GenerateSettings(StrictModel):
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


class Profile(StrictModel):
    """A model profile: data, not code (`api/profiles/*.toml`)."""

    name: str
    description: str
    models: Models
    search: SearchSettings = SearchSettings()
    rerank: RerankSettings = RerankSettings()
    generate: GenerateSettings = GenerateSettings()


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
        raise SettingsError(f"profile {file}: {explain_validation(error, 'key')}") from None


def profile_names() -> list[str]:
    """The built-in profiles."""
    return sorted(p.stem for p in _PROFILES.glob("*.toml"))


def explain_validation(error: ValidationError, noun: str) -> str:
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
