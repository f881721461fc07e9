import numpy as np
import onnx
import pytest

from chains import CHANNELS, CLASSES, SIDE, chain_graph, chain_weights, scenes
from sightline.errors import DatasetError
from sightline.inference import OnnxEngine, open_graph, open_session
from sightline.optimize.quantizing import quantize_graph

CALIBRATION = scenes(48, seed=1)
TRIAL = scenes(64, seed=2)
TOOLS = ("onnxruntime", "nncf")


@pytest.fixture(scope="module", params=TOOLS)
def quantised(request):
    return quantize_graph(chain_graph(), CALIBRATION, TRIAL, tool=request.param)


def test_inputs_outputs_and_the_open_batch_are_kept(quantised):
    signature = OnnxEngine(open_session(quantised.graph, "int8")).signature

    assert signature == {
        "images": ("uint8", (None, SIDE, SIDE, 3)),
        "logits": ("float32", (None, CLASSES)),
        "embedding": ("float32", (None, 2 * CHANNELS)),
        "feature_map": ("float32", (None, 2 * CHANNELS, SIDE // 4, SIDE // 4)),
    }


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_a_picture_gets_the_same_answer_alone_and_in_a_batch(quantised, runtime):
    engine = open_graph(quantised.graph, "int8", runtime, "int8", threads=1)

    (together,) = engine.run(TRIAL[:3], ["logits"])
    alone = np.concatenate([engine.run(TRIAL[row : row + 1], ["logits"])[0] for row in range(3)])

    np.testing.assert_allclose(together, alone, atol=0.05)


def test_it_is_close_to_the_reference_and_the_large_layers_are_int8(quantised):
    model = onnx.load_from_string(quantised.graph)
    kinds = {one.name: one.data_type for one in model.graph.initializer}
    weights = [
        kinds[node.input[0]]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in kinds
    ]

    # NNCF takes the mean of the pictures' extremes as range, which clips those that lie apart.
    share, divergence = (0.96, 0.005) if quantised.tool == "onnxruntime" else (0.92, 0.1)
    assert quantised.closeness.label_agreement >= share
    assert quantised.closeness.divergence <= divergence
    assert quantised.closeness.embedding_cosine > 0.999
    assert weights.count(onnx.TensorProto.INT8) >= 3


def test_calibrated_on_nearly_black_pictures_the_figure_is_bad():
    dark = np.random.default_rng(5).integers(0, 3, (48, SIDE, SIDE, 3), dtype=np.uint8)

    found = quantize_graph(chain_graph(), dark, TRIAL, tool="onnxruntime", bound=np.inf)

    assert found.closeness.divergence > 0.2
    assert found.closeness.label_agreement < 0.85


@pytest.mark.parametrize("tool", TOOLS)
def test_the_same_pictures_give_the_same_bytes(tool):
    first, second = (
        quantize_graph(chain_graph(), CALIBRATION, TRIAL, tool=tool, bound=1e-9) for _ in range(2)
    )

    assert first == second


def test_the_method_that_is_taken_is_the_best_of_those_tried(quantised):
    figures = {one.method: one.closeness.divergence for one in quantised.tried if not one.in_float}

    assert len(figures) == (5 if quantised.tool == "onnxruntime" else 2)
    assert quantised.method == min(figures, key=lambda name: figures[name])


def test_layers_that_cannot_be_quantised_are_found_and_left_in_float():
    weights = chain_weights()
    weights["point"][0] *= 1000
    weights["point_bias"][0] *= 1000
    weights["last"][:, 0] /= 1000
    loud = chain_graph(weights)

    found = quantize_graph(loud, CALIBRATION, TRIAL, tool="onnxruntime")

    assert {one.layer for one in found.harms[:2]} == {"point_conv", "last_conv"}
    assert {one.layer for one in found.in_float} >= {"point_conv", "last_conv"}
    assert found.tried[4].closeness.divergence > 20 * found.closeness.divergence


def test_progress_ends_at_the_end_and_never_goes_back():
    seen = []

    quantize_graph(
        chain_graph(), CALIBRATION, TRIAL, tool="onnxruntime", progress=lambda *at: seen.append(at)
    )

    done, totals = zip(*seen, strict=True)
    assert len(set(totals)) == 1
    assert list(done) == sorted(done)
    assert seen[-1] == (totals[0], totals[0])


@pytest.mark.parametrize(
    "calibration, trial, message",
    [
        pytest.param(
            scenes(15, 1), TRIAL, "To calibrate, 16 different .* of the 15 that came, 15", id="too few"
        ),
        pytest.param(
            np.full((64, SIDE, SIDE, 3), 128, np.uint8), TRIAL, "64 that came, 0 are different", id="blank"
        ),
        pytest.param(
            np.repeat(scenes(4, 1), 16, axis=0), TRIAL, "64 that came, 4 are different", id="copies"
        ),
        pytest.param(CALIBRATION, scenes(3, 1), "To try the quantised graph, 16", id="too few to try"),
        pytest.param(CALIBRATION.astype(np.float32), TRIAL, "are float32", id="not pixels"),
    ],
)
def test_pictures_that_say_nothing_are_refused(calibration, trial, message):
    with pytest.raises(DatasetError, match=message):
        quantize_graph(chain_graph(), calibration, trial, tool="onnxruntime")
