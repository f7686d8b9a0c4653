"""Models of fastembed on every device: names and registration, files, loading, token counts.

fastembed knows its models by name and fetches them from a hub; here it is given a directory
(`specific_model_path`). A name in `options` says which of its models the directory holds; without
one a text model or cross-encoder is registered as a custom one.
"""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

from octavo.index.encoders.backend_loading import library, loading, number
from octavo.index.encoders.encoder import ModelError
from octavo.index.encoders.image_batches import side_of
from octavo.index.encoders.length_batches import Batches
from octavo.index.encoders.model_spec import ModelSpec
from octavo.index.encoders.text_windows import Count

_FILES = ("onnx/model.onnx", "model.onnx", "model_optimized.onnx")
_registering = threading.Lock()


def load_replicas(spec: ModelSpec, kind: str, name: str, directory: Path) -> Batches[Any]:
    """`Batches` over one model a device; `kind` is fastembed's class, `name` its name."""
    if spec.dtype != "float32":
        raise ModelError(
            f"{spec.identity}: dtype {spec.dtype} was asked for, but an ONNX file has the numbers "
            "it was exported with: leave dtype out, and name another file in options (file)"
        )
    model_class = _class(kind)
    expected = f"the files of {name} as fastembed reads them"
    models = []
    with loading(spec, expected):
        described = [
            m for m in model_class.list_supported_models() if m["model"].lower() == name.lower()
        ]
        if not described:
            raise ModelError(f"{spec.identity}: fastembed has no {kind} named {name!r}")
        file = described[0]["model_file"]
        if not (directory / file).is_file():
            raise ModelError(f"{directory} has no {file}: expected {expected}")
        for device in spec.devices:
            model = model_class(
                name,
                cache_dir=str(directory),
                specific_model_path=str(directory),
                local_files_only=True,
                threads=number(spec, "threads"),
                **_place(device),
            )
            _check_device(spec, device, model.model.model)
            models.append(model)
    return Batches(models, spec.batch)


def _place(device: str) -> dict[str, Any]:
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return {"cuda": False}
    if kind == "cuda":
        return {"cuda": True, "device_ids": [int(index or 0)]}
    raise ModelError(f"device {device!r}: fastembed runs on cpu and cuda:N")


def _check_device(spec: ModelSpec, device: str, session: Any) -> None:
    """ONNX Runtime goes on with the CPU where CUDA cannot be started."""
    if device.startswith("cuda") and "CUDAExecutionProvider" not in session.get_providers():
        raise ModelError(
            f"{spec.identity}: ONNX Runtime could not start CUDA on {device}: "
            "pip install --force-reinstall --no-deps onnxruntime-gpu, or set device cpu"
        )


def known_names(kind: str) -> list[str]:
    """fastembed's names of the models of a class, registered ones included."""
    return [m["model"] for m in _class(kind).list_supported_models()]


def _class(kind: str) -> Any:
    if kind == "TextCrossEncoder":
        return library("fastembed.rerank.cross_encoder", "light").TextCrossEncoder
    return getattr(library("fastembed", "light"), kind)


def registered_text(spec: ModelSpec, directory: Path) -> str:
    """Name under which fastembed knows the model: its own, or one made for the directory."""
    name = spec.options.get("name", "")
    if name:
        return name
    file = _file(spec, directory)
    pooling = spec.options.get("pooling", "") or _pooling(spec, directory)
    output = spec.options.get("output") or None
    description = library("fastembed.common.model_description", "light")
    kinds = [kind.value.lower() for kind in description.PoolingType]
    if pooling.lower() not in kinds:
        raise ModelError(
            f"{spec.identity}: option pooling is {pooling!r}, expected {', '.join(kinds)}"
        )
    name = _own_name(directory, file, pooling, output or "")
    _register(
        "TextEmbedding",
        name,
        pooling=description.PoolingType[pooling.upper()],
        normalization=True,
        dim=1,  # of no use: the true one is read from the first vector
        model_file=file,
        output_name=output,
    )
    return name


def registered_pairs(spec: ModelSpec) -> str:
    """The same for a cross-encoder."""
    name = spec.options.get("name", "")
    if not name:
        file = _file(spec, spec.directory)
        name = _own_name(spec.directory, file)
        _register("TextCrossEncoder", name, model_file=file)
    return name


def _register(kind: str, name: str, **described: Any) -> None:
    source = library("fastembed.common.model_description", "light").ModelSource(hf=name)
    model_class = _class(kind)
    with _registering:
        if name not in known_names(kind):
            model_class.add_custom_model(model=name, sources=source, **described)


def _own_name(directory: Path, *parts: str) -> str:
    text = "\n".join((str(directory.resolve()), *parts))
    return f"octavo/{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _file(spec: ModelSpec, directory: Path) -> str:
    named = spec.options.get("file", "")
    for file in (named,) if named else _FILES:
        if (directory / file).is_file():
            return file
    raise ModelError(
        f"{directory} has no {named or ' nor '.join(_FILES)}: expected a model exported to ONNX "
        "(options: file)"
    )


def _pooling(spec: ModelSpec, directory: Path) -> str:
    """What a sentence-transformers directory says of pooling."""
    file = directory / "1_Pooling" / "config.json"
    if file.is_file():
        config = json.loads(file.read_text(encoding="utf-8"))
        for kind in ("mean", "cls", "lasttoken"):
            if config.get("pooling_mode") == kind:
                return kind.replace("lasttoken", "last_token")
        for key, kind in (
            ("pooling_mode_mean_tokens", "mean"),
            ("pooling_mode_cls_token", "cls"),
            ("pooling_mode_lasttoken", "last_token"),
        ):
            if config.get(key):
                return kind
    raise ModelError(
        f"{spec.identity}: nothing says how token states become one vector (no 1_Pooling in "
        f"{directory}): set option pooling to mean, cls, last_token, or disabled where the ONNX "
        "output is one vector; or option name to fastembed's name of the model"
    )


def tower_directory(spec: ModelSpec, tower: str) -> Path:
    """Where the "text" or "image" tower is: as the options say, or in a folder of that name, or
    in the one directory for both."""
    named = spec.options.get(f"{tower}_directory", "")
    usual = spec.directory / (named or tower)
    if not usual.resolve().is_relative_to(spec.directory.resolve()):
        raise ModelError(
            f"{spec.identity}: option {tower}_directory is {named!r}; expected a folder inside "
            "the model's own, whose files are hashed"
        )
    return usual if named or usual.is_dir() else spec.directory


def pixels_of(directory: Path) -> int:
    """Side of the image tower, which is loaded: the file is there."""
    config = json.loads((directory / "preprocessor_config.json").read_text(encoding="utf-8"))
    return side_of(config.get("crop_size")) or side_of(config.get("size"))


def token_counter(tokenizer: Any, prompt: str, more: int = 0) -> Count:
    """Tokens of a text behind `prompt`, special ones and `more` included."""
    uncut = uncut_tokenizer(tokenizer)
    return lambda texts: [
        len(e.ids) + more for e in uncut.encode_batch([prompt + t for t in texts])
    ]


def uncut_tokenizer(tokenizer: Any) -> Any:
    """A copy that neither truncates nor pads; the model's own stays as it is."""
    copy = library("tokenizers", "light").Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy
