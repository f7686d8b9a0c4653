"""Loads language models of transformers: a directory as the library saves it or a GGUF file, in
a dtype or quantized, with its adapters; or says why not. Never the network."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from octavo.index.encoders.encoder import ModelError
from octavo.index.encoders.model_spec import ModelSpec

_BUILT_IN_LORA = "vision-lora"  # folder of Phi-4-multimodal's own adapter for pictures
#: Adapter names. transformers reports as missing all weights whose names contain an adapter's: of
#: one named "vision" also the model's own `audio_embed.up_proj_for_vision_speech`.
_PICTURE_ADAPTER, _ADAPTER = "octavo_pictures", "octavo_adapter"
_PHI = "phi4_multimodal"  # filed under causal language models, and takes pictures


class LoadedModel:
    """A model on its device, what turns messages into tensors, and the adapters it has."""

    def __init__(self, model: Any, reader: Any, always: list[str], pictures: list[str]) -> None:
        self.model = model
        self.reader = reader
        self._always = always
        self._pictures = pictures

    def adapt(self, pictures: bool) -> None:
        """Switches the adapters for a prompt with or without pictures."""
        wanted = [*self._always, *(self._pictures if pictures else [])]
        if not self._always and not self._pictures:
            return
        if not wanted:
            self.model.disable_adapters()
            return
        self.model.enable_adapters()
        self.model.set_adapter(wanted)


def load_replicas(spec: ModelSpec) -> list[LoadedModel]:
    """The model once on each device of `spec`. Raises ModelError."""
    with _as_model_errors(spec.directory):
        return [_load(spec, device) for device in spec.devices]


def _load(spec: ModelSpec, device: str) -> LoadedModel:
    from transformers import AutoConfig
    from transformers.utils import logging as hf_logging

    hf_logging.disable_progress_bar()
    source = _load_arguments(spec.directory)
    config = AutoConfig.from_pretrained(**source)
    kind = _model_class(config, spec.directory)
    reader = _reader(source, kind.__name__.endswith("CausalLM") and config.model_type != _PHI)
    settings = {
        **source,
        **_dtype_settings(spec, config),
        "config": config,
        "device_map": {"": device},
    }
    if "attention" in spec.options:
        settings["attn_implementation"] = spec.options["attention"]
    model, info = kind.from_pretrained(**settings, output_loading_info=True)
    _check_complete(info, spec.directory)
    model.eval()
    own = spec.directory / _BUILT_IN_LORA
    pictures = [_adapt(model, own, _PICTURE_ADAPTER)] if own.is_dir() else []
    adapter = spec.options.get("adapter")
    always = [_adapt(model, Path(adapter), _ADAPTER)] if adapter else []
    return LoadedModel(model, reader, always, pictures)


def _reader(source: dict[str, Any], text_only: bool) -> Any:
    """Tokenizer or processor. Phi-4-multimodal's leaves the template to its tokenizer."""
    from transformers import AutoProcessor, AutoTokenizer

    if text_only:
        return AutoTokenizer.from_pretrained(**source)
    processor = AutoProcessor.from_pretrained(**source)
    processor.chat_template = processor.chat_template or processor.tokenizer.chat_template
    return processor


def _model_class(config: Any, directory: Path) -> Any:
    """The class that loads a model of this configuration."""
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText
    from transformers.models.auto.modeling_auto import (
        MODEL_FOR_CAUSAL_LM_MAPPING,
        MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING,
    )

    if type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
        return AutoModelForImageTextToText
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return AutoModelForCausalLM
    raise ModelError(
        f"{directory} is a {config.model_type!r} model, which writes no text; expected an "
        "image-text-to-text or a causal language model"
    )


def _load_arguments(path: Path) -> dict[str, Any]:
    """Where to load from: a directory, a GGUF file, or a directory with one GGUF file."""
    files = [path] if path.suffix == ".gguf" else sorted(path.glob("*.gguf"))
    if not path.exists():
        raise ModelError(f"there is no model at {path}; fetch it or correct the path")
    if path.is_dir() and (path / "config.json").exists():
        return {"pretrained_model_name_or_path": str(path), "local_files_only": True}
    if len(files) != 1:
        raise ModelError(
            f"{path} has {len(files)} GGUF files and no config.json; name one file, or a "
            "directory that transformers saved"
        )
    (file,) = files
    return {
        "pretrained_model_name_or_path": str(file.parent),
        "gguf_file": file.name,
        "local_files_only": True,
    }


def _dtype_settings(spec: ModelSpec, config: Any) -> dict[str, Any]:
    """Dtype or quantization as `from_pretrained` wants it."""
    import torch

    if getattr(config, "quantization_config", None) is not None:
        return {"dtype": "auto"}
    if spec.dtype not in ("int8", "int4"):
        return {"dtype": getattr(torch, spec.dtype)}
    if importlib.util.find_spec("bitsandbytes") is None:
        raise ModelError(
            f"dtype {spec.dtype} needs bitsandbytes: pip install bitsandbytes; or take bfloat16, "
            "or weights that were saved quantized"
        )
    from transformers import BitsAndBytesConfig

    half = torch.bfloat16
    if spec.dtype == "int8":
        return {"dtype": half, "quantization_config": BitsAndBytesConfig(load_in_8bit=True)}
    four = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=half
    )
    return {"dtype": half, "quantization_config": four}


def _adapt(model: Any, directory: Path, name: str) -> str:
    """Loads a LoRA adapter under `name`. Raises ModelError where it is missing or does not fit."""
    if importlib.util.find_spec("peft") is None:
        raise ModelError(f"the adapter {directory} needs peft: pip install peft")
    if not (directory / "adapter_config.json").exists():
        raise ModelError(
            f"{directory} is no adapter: it has no adapter_config.json; give the directory that "
            "peft saved"
        )
    # Its own argument `local_files_only` is a TypeError in transformers 5.23.
    local = {"local_files_only": True}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Already found a `peft_config`")  # two are meant
        info = model.load_adapter(str(directory), adapter_name=name, adapter_kwargs=local)
    # Other adapters' weights are among those it calls missing, though they are as they were.
    missing, strange = [k for k in info.missing_keys if name in k], list(info.unexpected_keys)
    if missing or strange or info.mismatched_keys:
        raise ModelError(
            f"the adapter {directory} is not of this model: {len(missing)} weights are missing, "
            f"{len(strange)} unknown, {len(info.mismatched_keys)} of another shape"
        )
    return name


def _check_complete(info: dict[str, Any], directory: Path) -> None:
    """transformers fills what is missing with chance and only logs it; that would answer too."""
    missing = [*sorted(info["missing_keys"]), *(str(m[0]) for m in info["mismatched_keys"])]
    if missing:
        raise ModelError(
            f"{directory} lacks {len(missing)} of the model's weights ({missing[0]}, ...) or has "
            "them in another shape; fetch it again"
        )


@contextmanager
def _as_model_errors(directory: Path) -> Iterator[None]:
    """What the libraries raise while loading, as ModelError."""
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise ModelError(
            f"models in this process need transformers ({error}): pip install 'octavo[torch]'"
        ) from error
    from safetensors import SafetensorError

    try:
        yield
    except (
        OSError, ValueError, LookupError, TypeError, ImportError, RuntimeError, SafetensorError
    ) as error:  # fmt: skip
        hint = ""
        if "phi4mm" in str(error):
            hint = (
                "; this is Phi-4-multimodal with code of its own, which Octavo never runs: take "
                "revision refs/pr/70, which transformers knows"
            )
        raise ModelError(f"{directory} cannot be loaded: {one_line(error)}{hint}") from error


def one_line(error: Exception) -> str:
    """A library's own words, short; its class where it has none."""
    return " ".join(str(error).split())[:400] or type(error).__name__
