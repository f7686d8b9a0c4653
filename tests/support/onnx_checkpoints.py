"""Tiny random ONNX models in the file layout that fastembed reads: `make_...(directory)` writes one
and returns the directory. Their graphs are small but honest: states mix with the rest of the text
under the attention mask, SigLIP reads its last place, and the cross-encoder compares two sides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_WORDS = """
    the a of and to in is that for it on with as are be this by at from or an not which one two
    bolt nut oil pump valve torque bearing casing cover motor whale krill water change close
    before after every hours litres takes turn seal shaft gear red blue green chart table figure
"""
_SPECIAL = ["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_PIECES = list("abcdefghijklmnopqrstuvwxyz0123456789")
VOCABULARY = [*_SPECIAL, *"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", *_PIECES]
VOCABULARY += [f"##{p}" for p in _PIECES] + [w for w in _WORDS.split() if w not in _PIECES]
_OPSET = 17


def save_tokenizer(directory: Path, limit: int) -> Path:
    """BERT's kind of tokenizer over `VOCABULARY`, as the hub's repositories keep it. Every word
    has pieces: unknown ones are spelt."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    numbers = {word: n for n, word in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(_SPECIAL)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", numbers["[CLS]"]), ("[SEP]", numbers["[SEP]"])],
    )
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(directory / "tokenizer.json"))
    special = {f"{w}_token": f"[{w.upper()}]" for w in ("pad", "unk", "cls", "sep", "mask")}
    _json(directory / "special_tokens_map.json", special)
    config = {**special, "model_max_length": limit, "tokenizer_class": "PreTrainedTokenizerFast"}
    _json(directory / "tokenizer_config.json", config)
    if not (directory / "config.json").is_file():
        _json(directory / "config.json", {"model_type": "bert", "pad_token_id": 0})
    return directory


def make_onnx_text(directory: Path, limit: int = 32, dim: int = 24, pooling: bool = True) -> Path:
    """A text encoder, `onnx/model.onnx` with `last_hidden_state`; with `pooling` beside it what
    sentence-transformers writes for the mean."""
    save_tokenizer(directory, limit)
    graph = _Graph(seed=1)
    states = graph.contextual_states(dim)
    graph.save(directory / "onnx" / "model.onnx", {states: ["b", "t", dim]})
    if pooling:
        _json(directory / "1_Pooling" / "config.json", {"pooling_mode_mean_tokens": True})
    return directory


def make_onnx_text_int8(directory: Path, limit: int = 32, dim: int = 24) -> Path:
    """The same with its products in int8, scaled by call."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    make_onnx_text(directory, limit, dim)
    file = directory / "onnx" / "model.onnx"
    quantize_dynamic(file, directory / "onnx" / "model_int8.onnx", weight_type=QuantType.QInt8)
    file.unlink()
    return directory


def make_onnx_siglip2(directory: Path, limit: int = 16, dim: int = 20, side: int = 32) -> Path:
    """Both towers and one tokenizer in one directory, as onnx-community lays SigLIP2 out. The
    text tower takes no mask and reads the state at the last place."""
    save_tokenizer(directory, limit)
    text = _Graph(seed=2)
    states = text.contextual_states(dim, masked=False)
    last = text.node("Gather", [states, text.constant(np.array(-1))], axis=1)
    text.save(
        directory / "onnx" / "text_model.onnx",
        {states: ["b", "t", dim], text.named(last, "pooler_output"): ["b", dim]},
    )
    image = _Graph(seed=3)
    seen = image.image_vector(dim, side)
    rows = image.node("Unsqueeze", [seen, image.constant(np.array([1]))])
    image.save(
        directory / "onnx" / "vision_model.onnx",
        {rows: ["b", 1, dim], image.named(seen, "pooler_output"): ["b", dim]},
    )
    _preprocessor(directory, side, "SiglipImageProcessor", {"height": side, "width": side})
    return directory


def make_onnx_clip(directory: Path, limit: int = 24, dim: int = 16, side: int = 32) -> Path:
    """Two directories, as fastembed's two CLIP repositories are laid out: `text/`, `image/`."""
    save_tokenizer(directory / "text", limit)
    text = _Graph(seed=4)
    states = text.contextual_states(dim)
    pooled = text.masked_mean(states, text.node("Cast", ["attention_mask"], to=1))
    text.save(directory / "text" / "model.onnx", {pooled: ["b", dim]})
    image = _Graph(seed=5)
    seen = image.image_vector(dim, side)
    image.save(directory / "image" / "model.onnx", {seen: ["b", dim]})
    _preprocessor(directory / "image", side, "CLIPImageProcessor", {"shortest_edge": side})
    return directory


def make_onnx_colbert(directory: Path, limit: int = 32, dim: int = 12) -> Path:
    """A late-interaction model laid out like answerdotai/answerai-colbert-small-v1."""
    save_tokenizer(directory, limit)
    graph = _Graph(seed=6)
    states = graph.contextual_states(dim)
    graph.save(directory / "vespa_colbert.onnx", {states: ["b", "t", dim]})
    return directory


def make_onnx_pairs(directory: Path, limit: int = 32) -> Path:
    """A cross-encoder, `onnx/model.onnx` with `logits`: the more words both sides share, the
    greater."""
    save_tokenizer(directory, limit)
    graph = _Graph(seed=7)
    table = np.eye(len(VOCABULARY), dtype=np.float32)
    table[: len(_SPECIAL)] = 0
    mask = graph.node("Cast", [graph.input("attention_mask")], to=1)
    second = graph.node("Cast", [graph.input("token_type_ids")], to=1)
    first = graph.node("Sub", [graph.constant(np.array(1, np.float32)), second])
    words = graph.node("Gather", [graph.constant(table), graph.input("input_ids")])
    sides = [graph.masked_mean(words, graph.node("Mul", [mask, side])) for side in (first, second)]
    common = graph.node("Mul", sides)
    logits = graph.node("ReduceSum", [common, graph.constant(np.array([1]))], keepdims=1)
    graph.save(directory / "onnx" / "model.onnx", {graph.named(logits, "logits"): ["b", 1]})
    return directory


class _Graph:
    """An ONNX graph in the making; methods give the names of their results."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: dict[str, Sequence[Any]] = {}
        self._element: dict[str, int] = {}

    def input(self, name: str, shape: Sequence[Any] = ("b", "t"), element: int = 7) -> str:
        self._inputs[name], self._element[name] = shape, element
        return name

    def constant(self, value: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(value, name))
        return name

    def weights(self, *shape: int) -> str:
        return self.constant(self._random.normal(0, 0.5, shape).astype(np.float32))

    def node(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def named(self, result: str, name: str) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [result], [name]))
        return name

    def masked_mean(self, rows: str, mask: str) -> str:
        """`(b, t, d)` under `(b, t)` to `(b, d)`."""
        one = self.constant(np.array([1]))
        weights = self.node("Unsqueeze", [mask, self.constant(np.array([2]))])
        total = self.node("ReduceSum", [self.node("Mul", [rows, weights]), one], keepdims=0)
        size = self.node("ReduceSum", [weights, one], keepdims=0)
        least = self.node("Max", [size, self.constant(np.array(1e-6, np.float32))])
        return self.node("Div", [total, least])

    def contextual_states(self, dim: int, masked: bool = True) -> str:
        """Word vectors, each moved by the mean of the text under its mask: `(b, t, dim)`."""
        ids = self.input("input_ids")
        words = self.node("Gather", [self.weights(len(VOCABULARY), dim), ids])
        if masked:
            mask = self.node("Cast", [self.input("attention_mask")], to=1)
            mean = self.masked_mean(words, mask)
        else:
            mean = self.node("ReduceMean", [words], axes=[1], keepdims=0)
        around = self.node("MatMul", [mean, self.weights(dim, dim)])
        around = self.node("Unsqueeze", [around, self.constant(np.array([1]))])
        mixed = self.node("MatMul", [words, self.weights(dim, dim)])
        return self.named(
            self.node("Tanh", [self.node("Add", [mixed, around])]), "last_hidden_state"
        )

    def image_vector(self, dim: int, side: int) -> str:
        """`pixel_values` `(b, 3, side, side)` to `(b, dim)`."""
        pixels = self.input("pixel_values", ("b", 3, side, side), element=1)
        patches = self.node("AveragePool", [pixels], kernel_shape=[8, 8], strides=[8, 8])
        flat = self.node("Flatten", [patches], axis=1)
        return self.node("MatMul", [flat, self.weights(3 * (side // 8) ** 2, dim)])

    def save(self, file: Path, outputs: dict[str, list[Any]]) -> None:
        import onnx
        from onnx import helper

        graph = helper.make_graph(
            self._nodes,
            "tiny",
            [
                helper.make_tensor_value_info(n, self._element[n], s)
                for n, s in self._inputs.items()
            ],
            [helper.make_tensor_value_info(n, 1, s) for n, s in outputs.items()],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = 10  # what ONNX Runtime 1.22 reads
        onnx.checker.check_model(model)
        file.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, str(file))


def _preprocessor(directory: Path, side: int, kind: str, size: dict[str, int]) -> None:
    config = {
        "image_processor_type": kind,
        "do_resize": True,
        "size": size,
        "resample": 3,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    if kind == "CLIPImageProcessor":
        config |= {"do_center_crop": True, "crop_size": {"height": side, "width": side}}
        config["do_convert_rgb"] = True
    _json(directory / "preprocessor_config.json", config)


def _json(file: Path, value: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=1), encoding="utf-8")
