"""Tiny generators with chance weights in the real formats, made by the libraries themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: As in Phi-4-multimodal's own tokenizer_config.json, with pictures.
PHI_TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<|image|>"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
#: As Gemma's: no system message, roles in turn.
STRICT_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for m in messages %}<|user|>"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_ROLES = ["<|endoftext|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def tokenizer(marks: Sequence[str], **named: Any) -> Any:
    """Byte-level BPE over bytes and a few words, with `marks` as special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, show_progress=False, special_tokens=[*_ROLES, *marks],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    raw.train_from_iterator(["the evidence of the documents and the question"] * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|endoftext|>", pad_token="<|endoftext|>",
        bos_token="<|endoftext|>", additional_special_tokens=[*_ROLES[1:], *marks],
        extra_special_tokens=named,
    )  # fmt: skip


def phi4(directory: Path) -> Path:
    """Phi-4-multimodal, 2 layers of 32; pictures as the real one (448 pixels, 14 a patch), since
    its processor counts on that."""
    import torch
    from transformers import (
        Phi4MultimodalAudioConfig,
        Phi4MultimodalConfig,
        Phi4MultimodalFeatureExtractor,
        Phi4MultimodalForCausalLM,
        Phi4MultimodalImageProcessor,
        Phi4MultimodalProcessor,
        Phi4MultimodalVisionConfig,
    )

    words = tokenizer(["<|image|>", "<|audio|>"], image_token="<|image|>", audio_token="<|audio|>")
    config = Phi4MultimodalConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=8192,
        original_max_position_embeddings=8192, bos_token_id=0, pad_token_id=0, eos_token_id=[0, 1],
        vision_config=Phi4MultimodalVisionConfig(
            hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
            image_token_id=words.convert_tokens_to_ids("<|image|>"),
        ).to_dict(),
        audio_config=Phi4MultimodalAudioConfig(
            hidden_size=16, intermediate_size=16, num_blocks=1, num_attention_heads=2,
            ext_pw_out_channel=16, depthwise_separable_out_channel=16, nemo_conv_channels=16,
            audio_token_id=words.convert_tokens_to_ids("<|audio|>"),
        ).to_dict(),
    )  # fmt: skip
    torch.manual_seed(7)
    model = Phi4MultimodalForCausalLM(config)
    _spread(model)
    model.save_pretrained(directory)
    processor = Phi4MultimodalProcessor(
        Phi4MultimodalImageProcessor(), Phi4MultimodalFeatureExtractor(), words
    )
    processor.chat_template = PHI_TEMPLATE
    processor.save_pretrained(directory)
    return directory


def qwen_vl(directory: Path) -> Path:
    """Qwen3-VL, 2 layers of 32: a generic image-text-to-text model, tokens by area."""
    import torch
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    marks = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    words = tokenizer(marks, image_token=marks[2], video_token=marks[3])
    start, end, image, video = (words.convert_tokens_to_ids(m) for m in marks)
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(words), "hidden_size": 32, "intermediate_size": 64,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
            "head_dim": 8, "max_position_embeddings": 4096, "eos_token_id": 0, "bos_token_id": 0,
            "pad_token_id": 0,
            "rope_parameters": {
                "rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1],
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 32, "num_heads": 2,
            "out_hidden_size": 32, "deepstack_visual_indexes": [0], "num_position_embeddings": 64,
        },
        image_token_id=image, video_token_id=video, vision_start_token_id=start,
        vision_end_token_id=end,
    )  # fmt: skip
    torch.manual_seed(7)
    model = Qwen3VLForConditionalGeneration(config)
    _spread(model)
    model.save_pretrained(directory)
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(patch_size=16, size={"shortest_edge": 1024, "longest_edge": 1 << 20}),
        words, Qwen3VLVideoProcessor(), chat_template=STRICT_TEMPLATE,
    )  # fmt: skip
    processor.save_pretrained(directory)
    return directory


def lora(directory: Path, base: Path, targets: Sequence[str], seed: int) -> Path:
    """A LoRA adapter as peft saves it, with weights that do something."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, local_files_only=True)
    torch.manual_seed(seed)
    config = LoraConfig(r=4, lora_alpha=64, target_modules=list(targets), init_lora_weights=False)
    get_peft_model(model, config).save_pretrained(directory)
    return directory


def _spread(model: Any) -> None:
    """Chance weights of 0.02 make every token as likely as the next, and rounding decides."""
    import torch

    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(4.0)
