import numpy as np
import onnx
import pytest

from chains import chain_graph, chain_weights, scenes
from sightline.inference import OnnxEngine, open_session
from sightline.optimize.quantizing.histograms import count_values
from sightline.optimize.quantizing.inside import Inside
from sightline.optimize.quantizing.qdq import insert_pairs, prepare, tensors_to_calibrate
from sightline.optimize.quantizing.ranges import minmax


@pytest.fixture(scope="module")
def left_out():
    """A depthwise layer whose channels differ by up to 300 times, left in float between two that are quantised."""
    weights = chain_weights()
    loud = np.geomspace(0.01, 3, len(weights["deep"])).astype(np.float32)
    weights["deep"] *= loud[:, None, None, None]
    weights["deep_bias"] *= loud
    weights["point"] /= loud[None, :, None, None]
    model = prepare(chain_graph(weights))
    counted = count_values(model, tensors_to_calibrate(model), scenes(32, seed=1), lambda: None)
    ranges = {name: minmax(found) for name, found in counted.items()}
    return insert_pairs(model, ranges, without=["deep_conv", "deep_relu"])


def test_the_runtime_does_not_quantise_a_layer_that_was_left_in_float(left_out):
    pictures = scenes(4, seed=9)
    (as_written,) = Inside(onnx.load_from_string(left_out), ["logits"]).run(pictures)

    (served,) = OnnxEngine(open_session(left_out, "int8")).run(pictures, ["logits"])

    largest = np.abs(as_written["logits"]).max()
    np.testing.assert_allclose(served, as_written["logits"], atol=0.02 * largest)
