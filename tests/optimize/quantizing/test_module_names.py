import onnx
import pytest
import timm
import torch

from chains import scenes
from sightline.optimize.export import export_onnx
from sightline.optimize.quantizing import find_departure, quantize_graph
from sightline.optimize.quantizing.layers import find_layers
from sightline.optimize.quantizing.module_names import module_name
from sightline.optimize.quantizing.qdq import prepare
from sightline.training.network.network import Network

SIDE = 32


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    torch.manual_seed(0)
    backbone = timm.create_model("test_efficientnet", num_classes=3)
    network = Network(backbone, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)).eval()
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    export_onnx(network, path, example=torch.zeros((1, SIDE, SIDE, 3), dtype=torch.uint8).numpy())
    return path.read_bytes()


def with_notes(scopes, weight="w"):
    node = onnx.helper.make_node("Conv", ["x", weight], ["y"], name="node_Conv_780")
    if scopes is not None:
        node.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=scopes)
    return node


def test_the_layers_of_an_exported_network_are_its_modules(graph):
    convolutions = {
        name.removesuffix(".weight")
        for name, one in timm.create_model("test_efficientnet", num_classes=3).named_parameters()
        if name.endswith(".weight") and one.ndim > 1
    }

    assert {one.module for one in find_layers(prepare(graph))} == convolutions


@pytest.mark.parametrize(
    "scopes, name",
    [
        pytest.param(
            "['', 'backbone.blocks.3', 'backbone.blocks.3.attn', 'matmul']", "blocks.3.attn", id="noted"
        ),
        pytest.param("['', 'permute']", "node_Conv_780", id="in no module"),
        pytest.param(None, "node_Conv_780", id="not noted"),
        pytest.param("[open('x')]", "node_Conv_780", id="no list of names"),
        pytest.param("['', 3", "node_Conv_780", id="cut off"),
    ],
)
def test_without_a_weight_of_that_name_the_note_says_it(scopes, name):
    assert module_name(with_notes(scopes), {"w"}) == name


def test_the_weight_goes_before_the_note_of_a_norm_that_was_worked_in():
    node = with_notes("['', 'backbone.bn1', 'batch_norm']", "backbone.conv_stem.weight")

    assert module_name(node, {"backbone.conv_stem.weight"}) == "conv_stem"
    assert module_name(node, ()) == "bn1"


def test_a_departure_and_what_is_left_in_float_are_told_by_module(graph):
    pictures, others = scenes(24, seed=1), scenes(24, seed=2)
    found = quantize_graph(graph, pictures, others, tool="onnxruntime", bound=1e-12)

    departures = find_departure(graph, found.graph, others)

    assert {one.module for one in found.harms} >= {"conv_stem", "classifier"}
    assert departures.worst_drop.op == "Conv"
    assert f"'{departures.worst_drop.module}'" in str(departures)
    assert departures.worst_drop.layer not in str(departures)
