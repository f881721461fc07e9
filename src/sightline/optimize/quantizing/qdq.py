"""A float graph with pairs of QuantizeLinear and DequantizeLinear put in by ONNX Runtime's quantiser."""

from collections.abc import Collection, Mapping

import numpy as np
import onnx
from onnxruntime.quantization import QDQQuantizer, QuantType
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorData, TensorsData

from sightline.optimize.quantizing.keep_float import keep_float
from sightline.optimize.quantizing.ranges import Range

HEAVY = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_BETWEEN = ("AveragePool", "Clip", "Concat", "Flatten", "MaxPool", "Relu", "Reshape", "Transpose")


def quantised_nodes(model: onnx.ModelProto) -> list[str]:
    """Names of what is calculated in int8: products with weights, sums, and what passes integers through between them.

    A product of two activations stays in float. That of squeeze-excite and of x · sigmoid x OpenVINO fuses with the
    convolution before it; that of attention came out of ONNX Runtime 1.31.1 wrong, though the graph was right. So does
    addition where there is LayerNormalization: what it normalises has outliers that no 256 levels cover, and it reads
    float anyway.
    """
    weights = {one.name for one in model.graph.initializer}
    sums = () if any(node.op_type == "LayerNormalization" for node in model.graph.node) else ("Add",)
    return [
        node.name
        for node in model.graph.node
        if node.op_type in (*_BETWEEN, *sums)
        or (node.op_type in HEAVY and any(name in weights for name in node.input))
    ]


def prepare(graph: bytes) -> onnx.ModelProto:
    """Work out the shapes that the quantiser asks for, and name every node.

    ONNX Runtime's `quant_pre_process` would also optimise, which takes HardSwish apart and costs OpenVINO half of its
    speed; the graphs that `optimize` exports have their constants and batch norms folded already.
    """
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(graph), data_prop=True)
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}_{number}"
    return model


def tensors_to_calibrate(model: onnx.ModelProto) -> list[str]:
    """Float tensors that a quantised node reads or writes, in the order of the graph."""
    known = (*model.graph.value_info, *model.graph.output)
    floats = {one.name for one in known if one.type.tensor_type.elem_type == onnx.TensorProto.FLOAT}
    floats &= {name for node in model.graph.node for name in node.output}
    quantised = set(quantised_nodes(model))
    taken = (
        name for node in model.graph.node if node.name in quantised for name in (*node.input, *node.output)
    )
    return [name for name in dict.fromkeys(taken) if name in floats]


def insert_pairs(
    model: onnx.ModelProto,
    ranges: Mapping[str, Range],
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
) -> bytes:
    """Quantise a prepared graph: weights to int8 per channel, activations to uint8 with a zero point.

    ranges
        By tensor the values that its levels cover.
    only, without
        Names of nodes: quantise no others; leave these in float.
    """
    own = onnx.ModelProto()
    own.CopyFrom(model)
    quantised = quantised_nodes(model)
    data = {
        name: TensorData(lowest=np.array(low, np.float32), highest=np.array(high, np.float32))
        for name, (low, high) in ranges.items()
    }
    quantiser = QDQQuantizer(
        own,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QUInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, data),
        nodes_to_quantize=list(only or quantised),
        nodes_to_exclude=list(without),
        op_types_to_quantize=sorted({node.op_type for node in model.graph.node if node.name in quantised}),
        extra_options={},
    )
    quantiser.quantize_model()
    keep_float(quantiser.model.model)
    result: bytes = quantiser.model.model.SerializeToString()
    return result
