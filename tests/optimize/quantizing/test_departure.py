import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from chains import chain_graph, scenes
from sightline.optimize.quantizing import find_departure, quantize_graph

PICTURES = scenes(16, seed=7)


@pytest.fixture(scope="module", params=["onnxruntime", "nncf"])
def quantised(request):
    pictures = scenes(48, seed=1), scenes(64, seed=2)
    return quantize_graph(chain_graph(), *pictures, tool=request.param, bound=np.inf).graph


def clipped(graph: bytes, tensor: str) -> bytes:
    """The 256 levels of one activation cover a hundredth of its range."""
    model = onnx.load_from_string(graph)
    (scale,) = {
        node.input[1]
        for node in model.graph.node
        if node.op_type == "QuantizeLinear" and node.input[0] == tensor
    }
    (values,) = (one for one in model.graph.initializer if one.name == scale)
    values.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(values) / np.float32(100), scale))
    return model.SerializeToString()


def test_a_sound_graph_departs_nowhere(quantised):
    found = find_departure(chain_graph(), quantised, PICTURES)

    assert found.first is None
    assert str(found).startswith("No layer falls below 10 dB")
    assert {"stem_relu", "skip", "head_matmul"} <= {one.layer for one in found.layers}


@pytest.mark.parametrize(
    "layer, tensor", [("stem_relu", "stem_out"), ("deep_relu", "deep_out"), ("skip", "summed")]
)
def test_a_layer_that_is_clipped_is_named(quantised, layer, tensor):
    found = find_departure(chain_graph(), clipped(quantised, tensor), PICTURES)

    assert found.first is not None
    assert (found.first.layer, found.first.tensor) == (layer, tensor)
    assert found.first.sqnr_db < 3
    assert found.first.inputs_db > 20
    assert found.worst_drop.layer == layer
    assert f"first layer to depart is {found.first.op} '{layer}'" in str(found)


def test_a_graph_does_not_depart_from_itself():
    found = find_departure(chain_graph(), chain_graph(), PICTURES)

    assert {one.sqnr_db for one in found.layers} == {120.0}


def test_layers_come_in_the_order_of_the_graph(quantised):
    order = [node.name for node in onnx.load_from_string(chain_graph()).graph.node]

    found = [one.layer for one in find_departure(chain_graph(), quantised, PICTURES[:4]).layers]

    assert found == [name for name in order if name in found]


def test_graphs_without_common_names_are_no_pair():
    model = onnx.load_from_string(chain_graph())
    for node in model.graph.node:
        node.output[:] = [f"other_{name}" for name in node.output]
        node.input[:] = [
            f"other_{name}"
            if name not in {one.name for one in model.graph.initializer} | {"images"}
            else name
            for name in node.input
        ]
    for output in model.graph.output:
        output.name = f"other_{output.name}"

    with pytest.raises(ValueError, match="share names"):
        find_departure(chain_graph(), model.SerializeToString(), PICTURES)
