"""A small graph with what quantisation stumbles over (a depthwise layer, a sum, a pooled head), and pictures for it."""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 32
CHANNELS = 16
CLASSES = 5


def chain_weights() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(3)

    def he(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)

    return {
        "stem": he(CHANNELS, 3, 3, 3),
        "stem_bias": rng.normal(0, 0.1, CHANNELS).astype(np.float32),
        "deep": he(CHANNELS, 1, 3, 3),
        "deep_bias": rng.normal(0, 0.1, CHANNELS).astype(np.float32),
        "point": he(CHANNELS, CHANNELS, 1, 1),
        "point_bias": rng.normal(0, 0.1, CHANNELS).astype(np.float32),
        "last": he(2 * CHANNELS, CHANNELS, 3, 3),
        "last_bias": rng.normal(0, 0.1, 2 * CHANNELS).astype(np.float32),
        "head": rng.normal(0, 1.5, (2 * CHANNELS, CLASSES)).astype(np.float32),
    }


def chain_graph(weights: dict[str, NDArray[np.float32]] | None = None) -> bytes:
    """The contract's inputs and outputs around stem → depthwise → pointwise (+ skip) → last → head."""
    node = helper.make_node
    same = {"pads": [1, 1, 1, 1]}
    nodes = [
        node("Transpose", ["images"], ["nchw"], "to_nchw", perm=[0, 3, 1, 2]),
        node("Cast", ["nchw"], ["float"], "to_float", to=TensorProto.FLOAT),
        node("Sub", ["float", "mean"], ["centred"], "sub"),
        node("Mul", ["centred", "scale"], ["scaled"], "mul"),
        node("Conv", ["scaled", "stem", "stem_bias"], ["stem_raw"], "stem_conv", strides=[2, 2], **same),
        node("Relu", ["stem_raw"], ["stem_out"], "stem_relu"),
        node("Conv", ["stem_out", "deep", "deep_bias"], ["deep_raw"], "deep_conv", group=CHANNELS, **same),
        node("Relu", ["deep_raw"], ["deep_out"], "deep_relu"),
        node("Conv", ["deep_out", "point", "point_bias"], ["point_out"], "point_conv"),
        node("Add", ["point_out", "stem_out"], ["summed"], "skip"),
        node("Conv", ["summed", "last", "last_bias"], ["last_raw"], "last_conv", strides=[2, 2], **same),
        node("Relu", ["last_raw"], ["feature_map"], "last_relu"),
        node("ReduceMean", ["feature_map", "axes"], ["pooled"], "pool"),
        node("Flatten", ["pooled"], ["embedding"], "flatten"),
        node("MatMul", ["embedding", "head"], ["logits"], "head_matmul"),
    ]
    constants = {
        "mean": np.array(110, np.float32),
        "scale": np.array(1 / 58, np.float32),
        "axes": np.array([2, 3], np.int64),
        **(weights or chain_weights()),
    }
    side = SIDE // 4
    outputs = {
        "logits": ["N", CLASSES],
        "embedding": ["N", 2 * CHANNELS],
        "feature_map": ["N", 2 * CHANNELS, side, side],
    }
    graph = helper.make_graph(
        nodes,
        "chain",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def scenes(count: int, seed: int, side: int = SIDE) -> NDArray[np.uint8]:
    """Smooth grounds with a coloured patch on each: what a photograph is to a small network. uint8 `[N, H, W, 3]`."""
    rng = np.random.default_rng(seed)
    rows = np.linspace(0, 1, side)
    pictures = np.empty((count, side, side, 3), np.float64)
    for picture in pictures:
        slope = rng.uniform(-120, 120, (2, 3))
        picture[:] = rng.uniform(40, 200, 3) + rows[:, None, None] * slope[0] + rows[None, :, None] * slope[1]
        top, left = rng.integers(0, side // 2, 2)
        height, width = rng.integers(side // 8, side // 2, 2)
        picture[top : top + height, left : left + width] = rng.uniform(0, 255, 3)
    return np.clip(pictures + rng.normal(0, 4, pictures.shape), 0, 255).astype(np.uint8)
