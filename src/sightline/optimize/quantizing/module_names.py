"""What a person calls a node of a graph: the part of the network that it comes from."""

import ast
from collections.abc import Collection

import onnx

_SCOPES = "pkg.torch.onnx.name_scopes"
_OUTER = "backbone."
_WEIGHT = ".weight"


def module_name(node: onnx.NodeProto, weights: Collection[str]) -> str:
    """The path in the backbone of the module that a node was exported from, as `blocks.3.2.conv_dw`.

    It is that of the weight that the node multiplies by, or else what torch's exporter notes at the node: a convolution
    that a norm was worked into carries the norm's note. A node with neither, of a graph that came from elsewhere, is
    called what it is called.

    weights
        Names of the graph's initializers.
    """
    own = next((name for name in node.input[1:] if name in weights and name.endswith(_WEIGHT)), None)
    path = _noted(node) if own is None else own.removesuffix(_WEIGHT)
    return path.removeprefix(_OUTER) or node.name


def _noted(node: onnx.NodeProto) -> str:
    """The innermost module of the exporter's note, whose last part is the operation; "" without a note."""
    notes = {one.key: one.value for one in node.metadata_props}
    try:
        scopes = ast.literal_eval(notes.get(_SCOPES, "[]"))
    except (SyntaxError, ValueError):
        return ""
    if not isinstance(scopes, list) or not all(isinstance(one, str) for one in scopes):
        return ""
    return scopes[-2] if len(scopes) > 1 else ""
