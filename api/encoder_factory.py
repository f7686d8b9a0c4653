"""Profile rows to encoders: a backend is a row here and one file of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from octavo.api.hub_offline import quiet_hub
from octavo.api.model_profile import ModelSettings, Profile
from octavo.api.model_store import ModelStore
from octavo.api.settings import Settings
from octavo.index.chunk_vectors import Encoders
from octavo.index.encoders.bm25 import NAME as WORDS
from octavo.index.encoders.dynamic_batching import Cache, ServedJoint, ServedText, ServedTokens
from octavo.index.encoders.encoder import PairScorer
from octavo.index.encoders.model_spec import ModelSpec
from octavo.index.manifest import FORMAT, Manifest

#: (role, backend) to module and class; the class takes one `ModelSpec`.
_CLASSES = {
    ("text", "fastembed"): ("octavo.index.encoders.fastembed", "FastembedText"),
    ("joint", "fastembed"): ("octavo.index.encoders.fastembed", "FastembedJoint"),
    ("tokens", "fastembed"): ("octavo.index.encoders.fastembed", "FastembedTokens"),
    ("cross_encoder", "fastembed"): ("octavo.index.encoders.fastembed", "FastembedPairs"),
    ("joint", "open_clip"): ("octavo.index.encoders.open_clip", "OpenClipJoint"),
    ("text", "sentence_transformers"): (
        "octavo.index.encoders.sentence_transformers_dense",
        "StText",
    ),
    ("joint", "sentence_transformers"): (
        "octavo.index.encoders.sentence_transformers_dense",
        "StJoint",
    ),
    ("tokens", "sentence_transformers"): (
        "octavo.index.encoders.sentence_transformers_late_interaction",
        "StTokens",
    ),
    ("patches", "sentence_transformers"): (
        "octavo.index.encoders.sentence_transformers_late_interaction",
        "StPatches",
    ),
    ("cross_encoder", "sentence_transformers"): (
        "octavo.index.encoders.sentence_transformers_cross_encoder",
        "StPairs",
    ),
}
_UNIFIED = ("octavo.index.encoders.sentence_transformers_dense", "StUnified")
_LIBRARIES = {
    "": ("pymupdf", "rapidocr", "onnxruntime", "tokenizers", "qdrant-edge-py", "numpy"),
    "fastembed": ("fastembed",),
    "open_clip": ("open-clip-torch", "torch"),
    "sentence_transformers": ("sentence-transformers", "transformers", "torch"),
}
_STILL = ("attention", "threads", "images")  # options that leave vectors as they are
_GATHERED = 64  # questions in one pass at most


@dataclass(frozen=True, slots=True)
class LoadedEncoders:
    """The models of a profile. `encoders` embed documents as they are and questions through
    `cache`."""

    encoders: Encoders
    cross_encoder: PairScorer | None
    cache: Cache


def load_models(profile: Profile, settings: Settings) -> LoadedEncoders:
    """Loads what the profile names. Raises ModelError where something is missing or damaged."""
    cache = Cache(settings.query_cache)
    plain = make_encoders(profile, settings)
    served = Encoders(
        text=ServedText(plain.text, cache, _GATHERED),
        joint=ServedJoint(plain.joint, cache, _GATHERED),
        tokens=plain.tokens and ServedTokens(plain.tokens, "tokens", cache, _GATHERED),
        patches=plain.patches and ServedTokens(plain.patches, "patches", cache, _GATHERED),
    )
    row = profile.models.cross_encoder
    pairs = _load("cross_encoder", row, profile, settings) if row else None
    return LoadedEncoders(served, pairs, cache)


def make_encoders(profile: Profile, settings: Settings | None = None) -> Encoders:
    """The encoders of a profile, loaded. Roles that name one model share it."""
    settings = settings or Settings()
    rows = profile.models
    makers: dict[str, Callable[[], Any]] = {}
    unified = _is_unified(rows.text, rows.joint)
    if unified:
        both = _made(_UNIFIED, spec_of(rows.text, profile, settings))
        makers = {"text": lambda: both, "joint": lambda: both}
    if "builtin" in {row.backend for row in rows.rows().values()}:
        makers = {**_builtin(), **makers}
    loaded = {}
    for role, row in rows.rows().items():
        if role in ("cross_encoder", "generator"):
            continue
        shared = row.backend == "builtin" or (unified and role in makers)
        loaded[role] = makers[role]() if shared else _load(role, row, profile, settings)
    return Encoders(**loaded)


def _builtin() -> dict[str, Callable[[], Any]]:
    from octavo.index.encoders.image_encoder import BuiltinJoint
    from octavo.index.encoders.minilm import MiniLm

    text = MiniLm()
    return {
        "text": lambda: text,
        "tokens": text.token_encoder,
        "joint": lambda: BuiltinJoint(text),
    }


def _is_unified(a: ModelSettings, b: ModelSettings) -> bool:
    same = (a.backend, a.model, a.revision) == (b.backend, b.model, b.revision)
    return same and a.backend == "sentence_transformers"


def _load(role: str, row: ModelSettings, profile: Profile, settings: Settings) -> Any:
    return _made(_CLASSES[role, row.backend], spec_of(row, profile, settings))


def _made(place: tuple[str, str], spec: ModelSpec) -> Any:
    quiet_hub()
    module, name = place
    return getattr(import_module(module), name)(spec)


def spec_of(row: ModelSettings, profile: Profile, settings: Settings) -> ModelSpec:
    """What a backend is told; the files are found and hashed here.

    Raises ModelError that names the missing file and how to bring it.
    """
    installed = ModelStore(settings.models).installed(
        row.model, row.revision, row.files, settings.profile
    )
    return ModelSpec(
        directory=installed.directory,
        identity=installed.identity,
        devices=devices(settings.device, row.backend),
        dtype=row.dtype,
        batch=row.batch,
        tokens=row.tokens,
        query_prompt=row.query_prompt,
        document_prompt=row.document_prompt,
        compile=row.compile,
        options=row.options,
    )


def devices(setting: str, backend: str) -> tuple[str, ...]:
    """Devices of a model: `auto` and `cuda` are every GPU of this machine, a replica on each;
    `auto` without one is the CPU."""
    if setting not in ("auto", "cuda"):
        return tuple(setting.split(","))
    count = _gpus(backend)
    if count == 0:
        return ("cpu",) if setting == "auto" else ("cuda:0",)  # whose loading says what is wrong
    return tuple(f"cuda:{n}" for n in range(count))


def _gpus(backend: str) -> int:
    if backend == "fastembed":
        import onnxruntime

        return int("CUDAExecutionProvider" in onnxruntime.get_available_providers())
    try:
        import torch
    except ImportError:
        return 0
    return int(torch.cuda.device_count())


def manifest_of(profile: Profile, encoders: Encoders) -> Manifest:
    """What an index written with these encoders says of itself."""
    roles = encoders.by_role()
    prompts = {}
    for role, encoder in roles.items():
        if encoder.limits.query_prompt:
            prompts[f"{role} query"] = encoder.limits.query_prompt
        if encoder.limits.document_prompt:
            prompts[f"{role} document"] = encoder.limits.document_prompt
    rows = {r: row for r, row in profile.models.rows().items() if r in roles}
    used = {"", *(row.backend for row in profile.models.rows().values())}
    return Manifest(
        format=FORMAT,
        profile=profile.name,
        models={"words": WORDS, **{role: encoder.name for role, encoder in roles.items()}},
        dimensions={role: encoder.dim for role, encoder in roles.items()},
        libraries={n: _version(n) for b in sorted(used) for n in _LIBRARIES.get(b, ())},
        prompts=prompts,
        options={role: moved for role, row in rows.items() if (moved := _moving(row))},
        dtypes={role: encoder.limits.dtype for role, encoder in roles.items()},
    )


def _moving(row: ModelSettings) -> str:
    """The options of a row that move vectors, in a form to compare."""
    options = {k: v for k, v in row.options.items() if k not in _STILL}
    if row.tokens:
        options["tokens"] = str(row.tokens)
    return ", ".join(f"{k}={v}" for k, v in sorted(options.items()))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
