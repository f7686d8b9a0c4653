"""A language model in this process through transformers: Phi-4-multimodal, any image-text-to-text
model, any text model.

Text models get the evidence without pictures: figures by caption, labels and referring paragraph.
"""

from __future__ import annotations

import io
import time
from queue import Empty, SimpleQueue
from typing import Any

from octavo.generate.answer import Cancelled, GeneratorError, Watch
from octavo.generate.llm.chat import ModelDraft
from octavo.generate.llm.transformers_loading import LoadedModel, load_replicas, one_line
from octavo.generate.prompt import Prompt
from octavo.index.encoders.encoder import ModelError
from octavo.index.encoders.model_spec import ModelSpec

_POLL = 0.05  # seconds


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
        replicas = load_replicas(spec)
        self.name = spec.identity
        self._reader = replicas[0].reader
        self._tokenizer = getattr(self._reader, "tokenizer", self._reader)
        self.images = self._reader is not self._tokenizer
        if not self._reader.chat_template:
            raise ModelError(
                f"{spec.directory} has no chat template; take the model's instruction-tuned form"
            )
        limit = _context_length(replicas[0].model.config)
        context = min(n for n in (limit, spec.tokens or limit) if n)
        if context <= answer_tokens:
            raise ModelError(
                f"{spec.directory}: a context of {context} tokens has no room for a prompt beside "
                f"an answer of {answer_tokens}; allow more tokens or a shorter answer"
            )
        self.budget = context - answer_tokens
        self._answer_tokens = answer_tokens
        self._seconds = seconds
        self._marks = _special_tokens(self._reader, self._tokenizer)
        self._free: SimpleQueue[LoadedModel] = SimpleQueue()
        for one in replicas:
            self._free.put(one)

    def count(self, prompt: Prompt) -> int:
        """By the model's own processor, pictures and chat template included."""
        return int(self._inputs(prompt)["input_ids"].shape[1])

    def write(self, prompt: Prompt, watch: Watch) -> ModelDraft:
        """See `ChatModel.write`. A stop is noticed between two tokens; the prompt itself is read
        in one pass that cannot be stopped."""
        inputs = self._inputs(prompt)
        replica = self._free_replica(watch)
        try:
            return self._generate(replica, inputs, bool(prompt.images), watch)
        except RuntimeError as error:  # of torch: out of memory, a kernel that is missing
            raise GeneratorError(
                f"{self.name} failed on {replica.model.device} ({one_line(error)}); if memory ran "
                "out, allow fewer tokens or pictures, or a smaller dtype"
            ) from error
        finally:
            self._free.put(replica)

    def _free_replica(self, watch: Watch) -> LoadedModel:
        while not watch.stopped:
            try:
                return self._free.get(timeout=_POLL)
            except Empty:
                continue
        raise Cancelled

    def _generate(
        self, replica: LoadedModel, inputs: Any, pictures: bool, watch: Watch
    ) -> ModelDraft:
        import torch
        from transformers import StoppingCriteriaList

        model = replica.model
        replica.adapt(pictures)
        stop = _StopCriterion(watch, self._seconds)
        inputs = inputs.to(model.device)
        for name, value in inputs.items():
            if torch.is_tensor(value) and value.is_floating_point():
                inputs[name] = value.to(model.dtype)
        with torch.inference_mode():
            written = model.generate(
                **inputs,
                generation_config=_greedy_config(model, self._answer_tokens, self._tokenizer),
                streamer=_streamer(self._tokenizer, watch),
                stopping_criteria=StoppingCriteriaList([stop]),
            )[0, inputs["input_ids"].shape[1] :]
        if watch.stopped:
            raise Cancelled
        if stop.timed_out:
            raise GeneratorError(
                f"{self.name} wrote no whole answer within {self._seconds:g} seconds; allow more, "
                "or shorter answers, less evidence, a smaller or faster model"
            )
        text = self._tokenizer.decode(written, skip_special_tokens=True)
        return ModelDraft(text, truncated=len(written) >= self._answer_tokens, tokens=len(written))

    def _inputs(self, prompt: Prompt) -> Any:
        """The processor's tensors, on the CPU. Raises GeneratorError for pictures it refuses."""
        from jinja2 import TemplateError

        parts = [p if isinstance(p, bytes) else self._escape_marks(p) for p in prompt.parts]
        system = self._escape_marks(prompt.system)
        try:
            try:
                return self._render(system, parts)
            except TemplateError:
                # Gemma's template and others know no system message.
                return self._render("", [f"{system}\n\n", *parts])
        except (ValueError, TemplateError) as error:
            raise GeneratorError(
                f"{self.name} cannot read the prompt ({one_line(error)}); send it fewer or "
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

    def _escape_marks(self, text: str) -> str:
        """Printed marks of the model are no marks: a space is put into each."""
        for mark in self._marks:
            if mark in text:
                text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        return text


def _context_length(config: Any) -> int:
    """The longest input of the model in tokens; 0 where it names none."""
    text = config.get_text_config()
    return int(getattr(text, "max_position_embeddings", 0) or 0)


def _special_tokens(reader: Any, tokenizer: Any) -> list[str]:
    """Marks of the model that are two characters or longer, longest first."""
    own = [getattr(reader, f"{name}_token", None) for name in ("image", "video", "audio")]
    marks = {str(t) for t in (*tokenizer.all_special_tokens, *own) if t}
    marks |= {t.content for t in tokenizer.added_tokens_decoder.values() if t.special}
    return sorted((m for m in marks if len(m) > 1), key=lambda m: (-len(m), m))


def _greedy_config(model: Any, tokens: int, tokenizer: Any) -> Any:
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
    """Whole words to `watch.on_text`, within `generate`: a queue and a thread less than
    TextIteratorStreamer, and an error in `on_text` ends the generation."""
    from transformers import TextStreamer

    def on_text(text: str, stream_end: bool = False) -> None:
        if text and not watch.stopped:
            watch.on_text(text)

    streamer = TextStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    streamer.on_finalized_text = on_text  # its own prints
    return streamer


class _StopCriterion:
    """A stopping criterion: after `watch.stop()`, or `seconds` from now."""

    def __init__(self, watch: Watch, seconds: float) -> None:
        self._watch = watch
        self._end = time.monotonic() + seconds
        self.timed_out = False

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        import torch

        self.timed_out = time.monotonic() > self._end
        ended = self.timed_out or self._watch.stopped
        return torch.full((len(input_ids),), ended, device=input_ids.device)
