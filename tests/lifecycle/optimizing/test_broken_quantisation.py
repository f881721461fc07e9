"""What was quantised wrongly does not pass the gate, and the gate says where it went wrong."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from sightline.bundle import read_bundle
from sightline.dataset import read_dataset
from sightline.lifecycle.optimizing import Wanted, optimize_bundle, quantized_candidates

pytest.importorskip("torch")

from sightline.lifecycle.optimizing.eight_bits import departure, eight_bits
from sightline.optimize.quantizing import quantize_graph


def listen(_title):
    return lambda _done, _total: None


def rows_of(known, pictures, make):
    """The table, with candidates whose graph `make` gives from the reference and the material."""

    def more(bundle, material, _listen):
        graph = make(bundle.read("model.onnx"), material)
        return list(quantized_candidates(graph, "broken", "broken on purpose"))

    found = optimize_bundle(
        read_bundle(known),
        read_dataset(pictures),
        Wanted(least_gain=0.0),
        None,
        listen,
        [more],
        explain=departure,
    )
    return [row for row in found.rows if row.name.endswith("-broken")]


def on_dark_pictures(graph, material):
    dark = np.random.default_rng(0).integers(0, 3, material.calibrating.shape, dtype=np.uint8)
    return quantize_graph(graph, dark, material.trying, tool="onnxruntime", bound=np.inf).graph


def with_a_clipped_layer(graph, material):
    sound = quantize_graph(graph, material.calibrating, material.trying, tool="onnxruntime").graph
    model = onnx.load_from_string(sound)
    scales = {
        node.input[1]
        for node in model.graph.node
        if node.op_type == "QuantizeLinear"
        and node.input[0] not in {one.name for one in model.graph.initializer}
    }
    for one in model.graph.initializer:
        if one.name in scales:
            one.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(one) / 100, one.name))
    return model.SerializeToString()


@pytest.mark.parametrize("make", [on_dark_pictures, with_a_clipped_layer])
def test_it_is_refused_with_the_layer_where_it_departs(known, pictures, make):
    rows = rows_of(known, pictures, make)

    assert len(rows) == 2
    for row in rows:
        assert row.role == "refused"
        assert any("falls by" in reason for reason in row.reasons)
        assert "The first layer to depart is" in row.departure


def test_what_was_quantised_well_passes(known, pictures):
    found = optimize_bundle(
        read_bundle(known),
        read_dataset(pictures),
        Wanted(least_gain=0.0),
        None,
        listen,
        [eight_bits],
        departure,
    )

    eight = [row for row in found.rows if row.precision == "int8"]
    assert {row.name for row in eight} >= {"ort-int8-ort", "ov-int8-ort"}
    assert all(row.gate.label_agreement > 0.9 for row in eight)
