"""A language model in this process through transformers: Phi-4-multimodal, any image-text-to-text
model, any text model; a directory as the library saves it, or a GGUF file. Never the network.

Text models get the evidence without pictures: figures by caption, labels and referring paragraph.
"""

from __future__ import annotations

import importlib.util
import io
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from generate.answer import Cancelled, GeneratorError, Watch
from generate.chat import Draft
from generate.prompt import Prompt
from index.backends.spec import ModelSpec
from index.encode import ModelError

_POLL = 0.05  # seconds
_BUILT_IN_LORA = "vision-lora"  # folder of Phi-4-multimodal's own adapter for pictures
#: Adapter names. transformers reports as missing all weights whose names contain an adapter's: of
#: one named "vision" also the model's own `audio_embed.up_proj_for_vision_speech`.
_PICTURES, _ADAPTER = "octavo_pictures", "octavo_adapter"
_PHI = "phi4_multimodal"  # filed under causal language models, and takes pictures


class TransformersChat:
    """Satisfies `ChatModel`. One answer at a time on each device; further ones wait their turn.

    Phi-4-multimodal reads pictures with its vision adapter and text without it (its authors' own
    division), so the adapter is switched by what the prompt holds.
    """

    def __init__(self, spec: ModelSpec, answer_tokens: int = 512, seconds: float = 300.0) -> None:
        """`spec.tokens` caps prompt and answer together, 0 leaves the model's own limit.
        `seconds` bounds an answer, between two tokens. Options: `adapter`, the directory of a
        LoRA adapter that peft saved; `attention`, as in transformers (`sdpa`, ...). int8 and int4
        quantize on loading, through bitsandbytes; weights saved quantized are taken as they are.

        Raises ModelError for what is missing, damaged, of no known kind or too small.
        """
        with _loading(spec.directory):
            loaded = [_load(spec, device) for device in spec.devices]
        self.name = spec.identity
        self._reader = loaded[0].reader
        self._tokenizer = getattr(self._reader, "tokenizer", self._reader)
        self.images = self._reader is not self._tokenizer
        if not self._reader.chat_template:
            raise ModelError(
                f"{spec.directory} has no chat template; take the model's instruction-tuned form"
            )
        limit = _positions(loaded[0].model.config)
        context = min(n for n in (limit, spec.tokens or limit) if n)
        if context <= answer_tokens:
            raise ModelError(
                f"{spec.directory}: a context of {context} tokens has no room for a prompt beside "
                f"an answer of {answer_tokens}; allow more tokens or a shorter answer"
            )
        self.budget = context - answer_tokens
        self._answer_tokens = answer_tokens
        self._seconds = seconds
        self._marks = _special(self._reader, self._tokenizer)
        self._free: SimpleQueue[_Loaded] = SimpleQueue()
        for one in loaded:
            self._free.put(one)

    def count(self, prompt: Prompt) -> int:
        """By the model's own processor, pictures and chat template included."""
        return int(self._inputs(prompt)["input_ids"].shape[1])

    def write(self, prompt: Prompt, watch: Watch) -> Draft:
        """See `ChatModel.write`. A stop is noticed between two tokens; the prompt itself is read
        in one pass that cannot be stopped."""
        inputs = self._inputs(prompt)
        loaded = self._take(watch)
        try:
            return self._generate(loaded, inputs, bool(prompt.images), watch)
        except RuntimeError as error:  # of torch: out of memory, a kernel that is missing
            raise GeneratorError(
                f"{self.name} failed on {loaded.model.device} ({_one_line(error)}); if memory ran "
                "out, allow fewer tokens or pictures, or a smaller dtype"
            ) from error
        finally:
            self._free.put(loaded)

    def _take(self, watch: Watch) -> _Loaded:
        while not watch.stopped:
            try:
                return self._free.get(timeout=_POLL)
            except Empty:
                continue
        raise Cancelled

    def _generate(self, loaded: _Loaded, inputs: Any, pictures: bool, watch: Watch) -> Draft:
        import torch
        from transformers import StoppingCriteriaList

        model = loaded.model
        loaded.adapt(pictures)
        stop = _Stop(watch, self._seconds)
        inputs = inputs.to(model.device)
        for name, value in inputs.items():
            if torch.is_tensor(value) and value.is_floating_point():
                inputs[name] = value.to(model.dtype)
        with torch.inference_mode():
            written = model.generate(
                **inputs,
                generation_config=_greedy(model, self._answer_tokens, self._tokenizer),
                streamer=_streamer(self._tokenizer, watch),
                stopping_criteria=StoppingCriteriaList([stop]),
            )[0, inputs["input_ids"].shape[1] :]
        if watch.stopped:
            raise Cancelled
        if stop.late:
            raise GeneratorError(
                f"{self.name} wrote no whole answer within {self._seconds:g} seconds; allow more, "
                "or shorter answers, less evidence, a smaller or faster model"
            )
        text = self._tokenizer.decode(written, skip_special_tokens=True)
        return Draft(text, cut=len(written) >= self._answer_tokens)

    def _inputs(self, prompt: Prompt) -> Any:
        """The processor's tensors, on the CPU. Raises GeneratorError for pictures it refuses."""
        from jinja2 import TemplateError

        parts = [p if isinstance(p, bytes) else self._harmless(p) for p in prompt.parts]
        system = self._harmless(prompt.system)
        try:
            try:
                return self._render(system, parts)
            except TemplateError:
                # Gemma's template and others know no system message.
                return self._render("", [f"{system}\n\n", *parts])
        except (ValueError, TemplateError) as error:
            raise GeneratorError(
                f"{self.name} cannot read the prompt ({_one_line(error)}); send it fewer or "
                "smaller pictures, or none"
            ) from error

    def _render(self, system: str, parts: list[str | bytes]) -> Any:
        if self.images:
            from PIL import Image

            content: Any = [
                {"type": "text", "text": p}
                if isinstance(p, str)
                else {"type": "image", "image": Image.open(io.BytesIO(p)).convert("RGB")}
                for p in parts
            ]
            head: Any = [{"type": "text", "text": system}]
        else:
            content = "".join(p for p in parts if isinstance(p, str))
            head = system
        messages = [{"role": "system", "content": head}] if system else []
        return self._reader.apply_chat_template(
            [*messages, {"role": "user", "content": content}],
            add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt",
        )  # fmt: skip

    def _harmless(self, text: str) -> str:
        """Printed marks of the model are no marks: a space is put into each."""
        for mark in self._marks:
            if mark in text:
                text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        return text


class _Loaded:
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


def _load(spec: ModelSpec, device: str) -> _Loaded:
    from transformers import AutoConfig
    from transformers.utils import logging as hf_logging

    hf_logging.disable_progress_bar()
    source = _source(spec.directory)
    config = AutoConfig.from_pretrained(**source)
    kind = _kind(config, spec.directory)
    reader = _reader(source, kind.__name__.endswith("CausalLM") and config.model_type != _PHI)
    settings = {**source, **_numbers(spec, config), "config": config, "device_map": {"": device}}
    if "attention" in spec.options:
        settings["attn_implementation"] = spec.options["attention"]
    model, info = kind.from_pretrained(**settings, output_loading_info=True)
    _complete(info, spec.directory)
    model.eval()
    own = spec.directory / _BUILT_IN_LORA
    pictures = [_adapt(model, own, _PICTURES)] if own.is_dir() else []
    adapter = spec.options.get("adapter")
    always = [_adapt(model, Path(adapter), _ADAPTER)] if adapter else []
    return _Loaded(model, reader, always, pictures)


def _reader(source: dict[str, Any], text_only: bool) -> Any:
    """Tokenizer or processor. Phi-4-multimodal's leaves the template to its tokenizer."""
    from transformers import AutoProcessor, AutoTokenizer

    if text_only:
        return AutoTokenizer.from_pretrained(**source)
    processor = AutoProcessor.from_pretrained(**source)
    processor.chat_template = processor.chat_template or processor.tokenizer.chat_template
    return processor


def _kind(config: Any, directory: Path) -> Any:
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


def _source(path: Path) -> dict[str, Any]:
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


def _numbers(spec: ModelSpec, config: Any) -> dict[str, Any]:
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


def _complete(info: dict[str, Any], directory: Path) -> None:
    """transformers fills what is missing with chance and only logs it; that would answer too."""
    missing = [*sorted(info["missing_keys"]), *(str(m[0]) for m in info["mismatched_keys"])]
    if missing:
        raise ModelError(
            f"{directory} lacks {len(missing)} of the model's weights ({missing[0]}, ...) or has "
            "them in another shape; fetch it again"
        )


@contextmanager
def _loading(directory: Path) -> Iterator[None]:
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
        raise ModelError(f"{directory} cannot be loaded: {_one_line(error)}{hint}") from error


def _positions(config: Any) -> int:
    """The longest input of the model in tokens; 0 where it names none."""
    text = config.get_text_config()
    return int(getattr(text, "max_position_embeddings", 0) or 0)


def _special(reader: Any, tokenizer: Any) -> list[str]:
    """Marks of the model that are two characters or longer, longest first."""
    own = [getattr(reader, f"{name}_token", None) for name in ("image", "video", "audio")]
    marks = {str(t) for t in (*tokenizer.all_special_tokens, *own) if t}
    marks |= {t.content for t in tokenizer.added_tokens_decoder.values() if t.special}
    return sorted((m for m in marks if len(m) > 1), key=lambda m: (-len(m), m))


def _greedy(model: Any, tokens: int, tokenizer: Any) -> Any:
    """The model's own generation settings, without chance."""
    from copy import deepcopy

    config = deepcopy(model.generation_config)
    config.update(
        do_sample=False, temperature=None, top_p=None, top_k=None, min_p=None, typical_p=None,
        num_beams=1, max_new_tokens=tokens, max_length=None,
    )  # fmt: skip
    if config.pad_token_id is None:
        config.pad_token_id = tokenizer.pad_token_id or tokenizer.eos_token_id
    return config


def _streamer(tokenizer: Any, watch: Watch) -> Any:
    """Whole words to `watch.said`, within `generate`: a queue and a thread less than
    TextIteratorStreamer, and an error in `said` ends the generation."""
    from transformers import TextStreamer

    def said(text: str, stream_end: bool = False) -> None:
        if text and not watch.stopped:
            watch.said(text)

    streamer = TextStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    streamer.on_finalized_text = said  # its own prints
    return streamer


class _Stop:
    """A stopping criterion: after `watch.stop()`, or `seconds` from now."""

    def __init__(self, watch: Watch, seconds: float) -> None:
        self._watch = watch
        self._end = time.monotonic() + seconds
        self.late = False

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        self.late = time.monotonic() > self._end
        ended = self.late or self._watch.stopped
        return torch.full((len(input_ids),), ended, device=input_ids.device)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:400] or type(error).__name__
