"""A graph that makes floats of its pixels before it does anything else with them.

The exported graph transposes pixels while each is still one byte. TensorRT takes bytes at a network's border only.
"""

import onnx
from onnx import TensorProto


def cast_first(graph: bytes) -> bytes:
    """The same graph with the cast of `images` to float32 as its first node; as it is where it is already."""
    model = onnx.load_from_string(graph)
    nodes = model.graph.node
    (name,) = (one.name for one in model.graph.input if one.name == "images")
    first = [node for node in nodes if name in node.input]
    if len(first) != 1 or first[0].op_type != "Transpose":
        return graph
    (turn,) = first
    casts = [node for node in nodes if turn.output[0] in node.input]
    if len(casts) != 1 or casts[0].op_type != "Cast" or _to(casts[0]) != TensorProto.FLOAT:
        return graph
    (cast,) = casts
    between, last = turn.output[0], cast.output[0]
    cast.input[0], cast.output[0] = name, between
    turn.input[0], turn.output[0] = between, last
    order = [cast, turn, *(node for node in nodes if node not in (cast, turn))]
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in order]
    del nodes[:]
    nodes.extend(kept)
    _forget_shape(model, between)
    return bytes(model.SerializeToString())


def _to(cast: onnx.NodeProto) -> int:
    return next((one.i for one in cast.attribute if one.name == "to"), TensorProto.UNDEFINED)


def _forget_shape(model: onnx.ModelProto, name: str) -> None:
    """What lies between the two is of another type and shape now."""
    kept = [one for one in model.graph.value_info if one.name != name]
    del model.graph.value_info[:]
    model.graph.value_info.extend(kept)
