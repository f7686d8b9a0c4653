"""Tiny random checkpoints in the real layouts of the torch libraries: `make_...(directory)` writes
one and returns the directory."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from tests.support.onnx_checkpoints import VOCABULARY, save_tokenizer

_WIDE = 0.5  # spread of random weights: with the usual 0.02 all texts look alike
_QWEN_SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
_CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['content'] is string %}{{ m['content'] }}"
    "{% else %}{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif c['type'] == 'text' %}{{ c['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_open_clip(directory: Path) -> Path:
    """OpenAI's CLIP in OpenCLIP's layout: its own byte-pair tokenizer, 77 tokens, 32 pixels."""
    return _save_open_clip(
        directory,
        {
            "embed_dim": 32,
            "vision_cfg": {
                "image_size": 32,
                "layers": 2,
                "width": 64,
                "head_width": 32,
                "patch_size": 8,
            },
            "text_cfg": {
                "context_length": 77,
                "vocab_size": 49408,
                "width": 32,
                "heads": 2,
                "layers": 2,
            },
        },
    )


def make_siglip2(directory: Path) -> Path:
    """SigLIP2 in OpenCLIP's layout, as timm publishes it: a timm tower with attention pooling, a
    text tower that reads its last place of 64, a transformers tokenizer beside them."""
    save_tokenizer(directory, limit=64)
    return _save_open_clip(
        directory,
        {
            "embed_dim": 64,
            "init_logit_bias": -10,
            "custom_text": True,
            "vision_cfg": {
                "image_size": 160,
                "timm_model_name": "test_vit",
                "timm_model_pretrained": False,
                "timm_pool": "map",
                "timm_proj": "none",
            },
            "text_cfg": {
                "context_length": 64,
                "vocab_size": len(VOCABULARY),
                "hf_tokenizer_name": "timm/ViT-B-16-SigLIP2",
                "tokenizer_kwargs": {"clean": "canonicalize"},
                "width": 64,
                "heads": 2,
                "layers": 2,
                "no_causal_mask": True,
                "proj_bias": True,
                "pool_type": "last",
                "norm_kwargs": {"eps": 1e-6},
                "act_kwargs": {"approximate": "tanh"},
            },
        },
    )


def make_minilm_like_text(
    directory: Path, limit: int = 32, prompts: dict[str, str] | None = None
) -> Path:
    """A SentenceTransformer of BERT, mean pooling and normalization, 32 dimensions."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    transformer = Transformer(str(make_bert(directory / "bert", limit)))
    modules = [transformer, Pooling(32, pooling_mode="mean"), Normalize()]
    _saved(SentenceTransformer(modules=modules, device="cpu", prompts=prompts), directory)
    return directory


def make_bert(directory: Path, limit: int = 32, labels: int = 0) -> Path:
    """A bare BERT of transformers, 32 dimensions; with `labels` a sequence classifier."""
    from transformers import BertConfig, BertForSequenceClassification, BertModel

    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=limit,
        initializer_range=_WIDE,
    )
    config.num_labels = labels or 2
    torch.manual_seed(1)
    model = BertForSequenceClassification(config) if labels else BertModel(config)
    _saved(model, directory)
    return save_tokenizer(directory, limit)


def make_multivector_text(directory: Path, limit: int = 32) -> Path:
    """A MultiVectorEncoder like ColBERT: markers, queries expanded to 16 by mask tokens,
    punctuation left out of documents, 24 dimensions."""
    from sentence_transformers import MultiVectorEncoder
    from sentence_transformers.base.modules import Dense
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask
    from sentence_transformers.sentence_transformer.modules import Normalize, Transformer

    transformer = Transformer(
        str(make_bert(directory / "bert", limit)),
        document_length=limit,
        query_expansion={"strategy": "fixed", "length": 16, "attend": False},
    )
    torch.manual_seed(2)
    modules = [
        transformer,
        Dense(
            32,
            24,
            bias=False,
            activation_function=torch.nn.Identity(),
            module_input_name="token_embeddings",
        ),
        MultiVectorMask(skiplist_words=list(".,;:!?")),
        Normalize(module_input_name="token_embeddings"),
    ]
    prompts = {"query": "[unused0] ", "document": "[unused1] "}
    _saved(MultiVectorEncoder(modules=modules, device="cpu", prompts=prompts), directory)
    return directory


def make_colbert(directory: Path, limit: int = 32) -> Path:
    """ColBERT in Stanford's layout, as answerai-colbert-small-v1 has it: HF_ColBERT, its
    projection beside BERT without a pooler, lengths in `artifact.metadata`; 24 dimensions."""
    from safetensors.torch import load_file, save_file

    make_bert(directory, limit)
    weights = load_file(directory / "model.safetensors")
    state = {f"bert.{k}": v for k, v in weights.items() if not k.startswith("pooler.")}
    torch.manual_seed(7)
    state["linear.weight"] = torch.randn(24, 32)
    save_file(state, directory / "model.safetensors", metadata={"format": "pt"})
    file = directory / "config.json"
    config = json.loads(file.read_text()) | {"architectures": ["HF_ColBERT"]}
    file.write_text(json.dumps(config))
    lengths = {"query_maxlen": 16, "doc_maxlen": limit, "mask_punctuation": True}
    (directory / "artifact.metadata").write_text(json.dumps(lengths))
    return directory


def make_multivector_visual(directory: Path) -> Path:
    """ColQwen2 in transformers' layout (ColQwen2ForRetrieval), 24 dimensions."""
    from transformers import (
        ColQwen2Config,
        ColQwen2ForRetrieval,
        ColQwen2Processor,
        Qwen2VLConfig,
        Qwen2VLImageProcessor,
    )

    tokenizer = _qwen_tokenizer(directory)
    ids = _ids(tokenizer)
    vlm = Qwen2VLConfig(
        text_config={
            **_small_text(len(tokenizer)),
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3]},
        },
        vision_config={
            "depth": 1,
            "embed_dim": 32,
            "hidden_size": 32,
            "num_heads": 2,
            "mlp_ratio": 2,
            "patch_size": 14,
        },
        **ids,
    )
    torch.manual_seed(3)
    config = ColQwen2Config(vlm_config=vlm, embedding_dim=24, initializer_range=_WIDE)
    _saved(ColQwen2ForRetrieval(config), directory)
    pixels = Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=16 * 28 * 28)
    ColQwen2Processor(pixels, tokenizer).save_pretrained(directory)
    return directory


def make_cross_encoder_text(directory: Path, limit: int = 32, labels: int = 1) -> Path:
    """A CrossEncoder: BertForSequenceClassification with one label."""
    return make_bert(directory, limit, labels)


def make_cross_encoder_multimodal(directory: Path) -> Path:
    """A CrossEncoder like Qwen3-VL-Reranker: the odds of "yes" against "no"."""
    from sentence_transformers import CrossEncoder
    from sentence_transformers.cross_encoder.modules import LogitScore
    from sentence_transformers.sentence_transformer.modules import Transformer
    from transformers import Qwen3VLForConditionalGeneration

    source = _save_qwen3_vl(directory / "qwen", Qwen3VLForConditionalGeneration)
    transformer = Transformer(
        str(source),
        transformer_task="any-to-any",
        processing_kwargs={"chat_template": {"add_generation_prompt": True}},
    )
    yes, no = transformer.tokenizer.convert_tokens_to_ids(["y", "n"])
    model = CrossEncoder(modules=[transformer, LogitScore(yes, no)], device="cpu")
    _saved(model, directory)
    return directory


def make_unified(directory: Path) -> Path:
    """A SentenceTransformer like Qwen3-VL-Embedding: chat template, state of the last token, text
    and images in 32 dimensions, a query prompt of its own."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import Qwen3VLModel

    transformer = Transformer(str(_save_qwen3_vl(directory / "qwen", Qwen3VLModel)))
    modules = [transformer, Pooling(32, pooling_mode="lasttoken"), Normalize()]
    prompts = {"query": "Find what answers.", "document": "Describe the content."}
    _saved(SentenceTransformer(modules=modules, device="cpu", prompts=prompts), directory)
    return directory


def make_siglip2_transformers(directory: Path) -> Path:
    """SigLIP2 of fixed size, which is SigLIP's class in transformers: 16 tokens, 32 pixels."""
    from transformers import (
        AutoTokenizer,
        SiglipConfig,
        SiglipImageProcessor,
        SiglipModel,
        SiglipProcessor,
    )

    text = {
        "vocab_size": len(VOCABULARY),
        "hidden_size": 32,
        "projection_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 16,
        "pad_token_id": 0,
        "bos_token_id": 4,
        "eos_token_id": 5,
    }
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
    }
    torch.manual_seed(4)
    model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
    _spread(model, 0.3)
    _saved(model, directory)
    save_tokenizer(directory, 16)
    SiglipProcessor(
        SiglipImageProcessor(size={"height": 32, "width": 32}),
        AutoTokenizer.from_pretrained(directory),
    ).save_pretrained(directory)
    return directory


def _save_open_clip(directory: Path, config: dict[str, Any]) -> Path:
    import open_clip
    from safetensors.torch import save_file

    directory.mkdir(parents=True, exist_ok=True)
    preprocess = {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic",
        "resize_mode": "squash",
    }
    file = directory / "open_clip_config.json"
    file.write_text(json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}, indent=1))
    torch.manual_seed(5)
    model = open_clip.create_model(f"local-dir:{directory}", load_weights=False)
    _spread(model, 0.1)
    state = {k: v.contiguous() for k, v in model.state_dict().items()}
    save_file(state, directory / "open_clip_model.safetensors")
    return directory


def _spread(model: Any, spread: float) -> None:
    """Random matrices wide enough that different inputs are told apart."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, spread)


def _save_qwen3_vl(directory: Path, kind: Any) -> Path:
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3VLConfig,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )

    tokenizer = _qwen_tokenizer(directory)
    config = Qwen3VLConfig(
        text_config={
            **_small_text(len(tokenizer)),
            "head_dim": 16,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [3, 3, 2],
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "num_position_embeddings": 16,
            "deepstack_visual_indexes": [0],
        },
        **_ids(tokenizer),
    )
    torch.manual_seed(6)
    model = kind(config)
    _spread(model, 0.2)
    _saved(model, directory)
    size = {"shortest_edge": 32 * 32, "longest_edge": 16 * 32 * 32}
    images = Qwen2VLImageProcessor(size=size, patch_size=16, merge_size=2)
    processor = Qwen3VLProcessor(images, tokenizer, Qwen3VLVideoProcessor(), chat_template=_CHAT)
    processor.save_pretrained(directory)
    return directory


def _small_text(vocabulary: int) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "bos_token_id": None,
        "eos_token_id": None,
    }


def _qwen_tokenizer(directory: Path) -> Any:
    """Byte-level, with Qwen's special tokens: every text has tokens, a byte each."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: n for n, piece in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(_QWEN_SPECIAL)
    directory.mkdir(parents=True, exist_ok=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
        model_max_length=256,
    )


def _ids(tokenizer: Any) -> dict[str, int]:
    names: Sequence[tuple[str, str]] = (
        ("image_token_id", "<|image_pad|>"),
        ("video_token_id", "<|video_pad|>"),
        ("vision_start_token_id", "<|vision_start|>"),
        ("vision_end_token_id", "<|vision_end|>"),
    )
    return {name: int(tokenizer.convert_tokens_to_ids(token)) for name, token in names}


def _saved(model: Any, directory: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(str(directory))
