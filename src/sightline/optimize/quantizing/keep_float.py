"""Layers that were left in float stay in float.

ONNX Runtime quantises the weights of a convolution or Gemm of its own accord where it lies between DequantizeLinear and
QuantizeLinear (its WeightBiasQuantization, seen in 1.31.1): with one scale for all channels, which is worse than what
the layer was left out for. It does so only where the scale before the layer is a single number. A scale for each
channel, all of them the same, means the same in every runtime and is left alone.
"""

import numpy as np
import onnx
from onnx import numpy_helper

_REWRITTEN = ("Conv", "ConvTranspose", "Gemm")


def keep_float(model: onnx.ModelProto) -> None:
    """Change a quantised graph in place: each float layer behind a DequantizeLinear gets one of its own."""
    graph = model.graph
    weights = {one.name: one for one in graph.initializer}
    dequantised = {node.output[0]: node for node in graph.node if node.op_type == "DequantizeLinear"}
    nodes = []
    for node in graph.node:
        before = dequantised.get(node.input[0]) if node.op_type in _REWRITTEN else None
        if before is not None and node.input[1] in weights:
            nodes.append(_one_for(node, before, weights, graph))
        nodes.append(node)
    kept = [onnx.NodeProto() for _ in nodes]
    for copy, node in zip(kept, nodes, strict=True):
        copy.CopyFrom(node)
    del graph.node[:]
    graph.node.extend(kept)


def _one_for(
    layer: onnx.NodeProto,
    before: onnx.NodeProto,
    weights: dict[str, onnx.TensorProto],
    graph: onnx.GraphProto,
) -> onnx.NodeProto:
    """Make a DequantizeLinear with a scale a channel, and let the layer read it."""
    channels = _input_channels(layer, tuple(weights[layer.input[1]].dims))
    names = []
    for name in before.input[1:]:
        own = f"{name}_{layer.name}"
        values = np.repeat(numpy_helper.to_array(weights[name]).reshape(1), channels)
        graph.initializer.append(numpy_helper.from_array(values, own))
        names.append(own)
    output = f"{before.output[0]}_{layer.name}"
    layer.input[0] = output
    return onnx.helper.make_node("DequantizeLinear", [before.input[0], *names], [output], name=output, axis=1)


def _input_channels(layer: onnx.NodeProto, shape: tuple[int, ...]) -> int:
    numbers: dict[str, int] = {one.name: one.i for one in layer.attribute}
    if layer.op_type == "Conv":
        return shape[1] * numbers.get("group", 1)
    if layer.op_type == "Gemm" and numbers.get("transB", 0):
        return shape[1]
    return shape[0]
