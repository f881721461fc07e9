"""The parts of a graph that are quantised or left in float together."""

from dataclasses import dataclass

import onnx

from sightline.optimize.quantizing.module_names import module_name
from sightline.optimize.quantizing.qdq import HEAVY, quantised_nodes


@dataclass(frozen=True)
class Layer:
    """A node that multiplies by weights, with what follows until the next: its activation, the addition it ends in.

    name, op
        Of that node.
    module
        What a person calls it; see `module_name`.
    nodes
        Names of all its nodes that a quantiser would take, the first being the node itself.
    """

    name: str
    op: str
    module: str
    nodes: tuple[str, ...]


def find_layers(model: onnx.ModelProto) -> tuple[Layer, ...]:
    """Layers in the order of the graph; a node that several layers feed belongs to the last of them."""
    heads: list[onnx.NodeProto] = []
    members: list[list[str]] = []
    layer_of: dict[str, int] = {}
    quantised = set(quantised_nodes(model))
    weights = {one.name for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in HEAVY and node.name in quantised:
            heads.append(node)
            members.append([node.name])
            own = len(heads) - 1
        else:
            own = max((layer_of[name] for name in node.input if name in layer_of), default=-1)
            if own >= 0 and node.name in quantised:
                members[own].append(node.name)
        layer_of.update(dict.fromkeys(node.output, own))
    return tuple(
        Layer(head.name, head.op_type, module_name(head, weights), tuple(nodes))
        for head, nodes in zip(heads, members, strict=True)
    )
