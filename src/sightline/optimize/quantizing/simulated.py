"""A network that computes as its eight-bit graph will, and can still learn.

The exporter notes at each node of a graph which node of the traced program it was made from. So the pairs that the
quantiser would write are put into that program, each behind its node: what learns is rounded where, and only where,
the graph will round.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import fx, nn

from sightline.errors import InputError
from sightline.optimize.export import export_onnx, trace
from sightline.optimize.quantizing.figure import open_judge
from sightline.optimize.quantizing.histograms import count_values
from sightline.optimize.quantizing.pairs import ActivationPair, WeightPair
from sightline.optimize.quantizing.pictures import check_pictures
from sightline.optimize.quantizing.qdq import HEAVY, insert_pairs, prepare, tensors_to_calibrate
from sightline.optimize.quantizing.quantize import best_method, ranges_by_method
from sightline.optimize.quantizing.ranges import Range
from sightline.records import Activation

_NOTE = "pkg.torch.onnx.fx_node"


@dataclass(frozen=True, eq=False)
class Simulated:
    """A network with pairs.

    network
        As it was given, in evaluation mode; its parameters are those of `module`.
    module
        uint8 RGB `[N, H, W, 3]` to logits, embedding and feature map, as the eight-bit graph gives them. Dropout
        and its like are not in it.
    method
        The calibration method whose ranges it began with.
    """

    network: nn.Module
    module: nn.Module
    method: str
    _example: NDArray[np.uint8]
    _ranges: Mapping[str, Range]
    _pairs: Mapping[str, ActivationPair]

    @property
    def ends(self) -> list[nn.Parameter]:
        """What learns beside the network's own parameters: how far the range of each activation goes."""
        return [pair.shares for pair in self._pairs.values()]

    def write(self) -> bytes:
        """The eight-bit graph of the network as it is now, ONNX."""
        with TemporaryDirectory(prefix="sightline-") as folder:
            path = Path(folder) / "model.onnx"
            export_onnx(self.network, path, example=self._example)
            model = prepare(path.read_bytes())
        learnt = {name: pair.range() for name, pair in self._pairs.items()}
        return insert_pairs(model, {**self._ranges, **learnt})


def simulate(
    network: nn.Module,
    calibration: NDArray[np.uint8],
    trial: NDArray[np.uint8],
    activation: Activation = "softmax",
) -> Simulated:
    """Put the pairs of ONNX Runtime's quantiser into a network, with the ranges of the best calibration method.

    network
        On the CPU and in evaluation mode, its batch norms merged.
    calibration, trial
        As for `quantize_graph`.

    Raises:
        DatasetError: fewer than 16 different pictures that show anything.
        ExportMismatch: the network cannot be expressed as a graph.
        InputError: the graph rounds where the network has no tensor, as it does around attention.
    """
    check_pictures(calibration, "calibrate")
    check_pictures(trial, "try the quantised graph")
    program = trace(network, calibration[:1])
    graph = program.model_proto.SerializeToString()
    model = prepare(graph)
    counted = count_values(model, tensors_to_calibrate(model), calibration, lambda: None)
    ranges = ranges_by_method(counted)
    method = best_method(open_judge(graph, trial, activation), model, ranges)
    written = onnx.load_from_string(insert_pairs(model, ranges[method]))
    assert program.exported_program is not None
    module = program.exported_program.module()
    assert isinstance(module, fx.GraphModule)
    _share_parameters(network, module)
    _keep_channels_last(module)
    pairs = {
        name: ActivationPair(ranges[method][name], seen=ranges["minmax"][name])
        for name in _rounded_activations(written, ranges[method])
    }
    _place(module, model, pairs, _rounded_weights(model, written))
    return Simulated(network, module, method, calibration[:1], ranges[method], pairs)


def _rounded_activations(written: onnx.ModelProto, known: Container[str]) -> list[str]:
    """Names in the float graph; an output's own name is that of the tensor behind the pair."""
    behind = {
        node.input[0]: node.output[0] for node in written.graph.node if node.op_type == "DequantizeLinear"
    }
    pairs = [
        (node.input[0], behind.get(node.output[0], ""))
        for node in written.graph.node
        if node.op_type == "QuantizeLinear"
    ]
    return list(dict.fromkeys(name for pair in pairs for name in pair if name in known))


def _rounded_weights(model: onnx.ModelProto, written: onnx.ModelProto) -> list[str]:
    """Names of the weights that a quantised graph holds as integers."""
    plain = {node.name: node for node in model.graph.node if node.op_type in HEAVY}
    integers = {one.name for one in written.graph.initializer}
    held = {
        node.output[0]
        for node in written.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in integers
    }
    return [
        plain[node.name].input[1]
        for node in written.graph.node
        if node.name in plain and len(node.input) > 1 and node.input[1] in held
    ]


def _place(
    module: fx.GraphModule, model: onnx.ModelProto, pairs: Mapping[str, ActivationPair], weights: list[str]
) -> None:
    nodes = _nodes_by_tensor(module, model)
    missing = [name for name in (*pairs, *weights) if name not in nodes]
    if missing:
        raise InputError(
            f"The eight-bit graph of this network rounds in {len(missing)} places where the network has no tensor, "
            f"'{missing[0]}' for one, so fine-tuning cannot round there. --qat is for convolutional networks, such as "
            "the MobileNets, EfficientNets and ResNets; leave it out."
        )
    for number, (name, pair) in enumerate(pairs.items()):
        _put_behind(module, nodes[name], f"pair_{number}", pair)
    for number, name in enumerate(weights):
        _put_behind(module, nodes[name], f"weight_pair_{number}", WeightPair())
    module.recompile()


def _nodes_by_tensor(module: fx.GraphModule, model: onnx.ModelProto) -> dict[str, fx.Node]:
    """The node that each tensor of a graph comes from; weights have the names that they have in the network.

    The exporter notes at each of the graph's nodes from which of the program's it was made. Of several, the last gives
    what the program's node gives.
    """
    made = {node.name: node for node in module.graph.nodes}
    last = {}
    for node in model.graph.node:
        noted = next((one.value for one in node.metadata_props if one.key == _NOTE), "")
        last[noted.partition(" ")[0].removeprefix("%")] = node.output[0]
    found = {tensor: made[name] for name, tensor in last.items() if name in made}
    return found | {str(node.target): node for node in module.graph.nodes if node.op == "get_attr"}


def _put_behind(module: fx.GraphModule, node: fx.Node, name: str, pair: nn.Module) -> None:
    module.add_submodule(name, pair)
    with module.graph.inserting_after(node):
        rounded = module.graph.call_module(name, (node,))
    node.replace_all_uses_with(rounded, delete_user_cb=lambda user: user is not rounded)


def _share_parameters(network: nn.Module, module: fx.GraphModule) -> None:
    """What was traced is a copy; its names are those of the network."""
    for name, parameter in network.named_parameters():
        place, _, own = name.rpartition(".")
        setattr(module.get_submodule(place), own, parameter)


def _keep_channels_last(module: fx.GraphModule) -> None:
    """Undo what the export needs and a step on the CPU pays for with two thirds more time: pictures made contiguous."""
    for node in module.graph.nodes:
        if node.target is torch.ops.aten.clone.default and "memory_format" in node.kwargs:
            node.kwargs = {"memory_format": torch.channels_last}
        elif node.target is torch.ops.aten.view.default:
            node.target = torch.ops.aten.reshape.default
