import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.errors import ExportMismatch
from sightline.optimize import check_export, export_onnx
from sightline.training import Network, recipe_for
from sightline.training.network.network import build_network


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def network() -> Network:
    overrides = ["model.backbone=test_resnet", "model.pretrained=false", "data.input_size=32"]
    return build_network(recipe_for(Path("images"), overrides), num_classes=3)


@pytest.fixture(scope="module")
def graph(network, pixels, tmp_path_factory):
    file = tmp_path_factory.mktemp("graph") / "model.onnx"
    export_onnx(network, file, example=pixels[:1])
    return file


def shifted(network, by):
    """The network with every logit moved; softmax cannot see that."""
    moved = copy.deepcopy(network)
    with torch.no_grad():
        moved.head.bias += by
    return moved


def test_what_softmax_cannot_see_is_a_mismatch_for_sigmoid(network, graph, pixels):
    moved = shifted(network, 2.0)

    assert check_export(moved, graph, [pixels]).max_probability_difference < 1e-4
    with pytest.raises(ExportMismatch, match=r"difference of a probability is \d\.\d\de-01"):
        check_export(moved, graph, [pixels], activation="sigmoid")


def test_a_faithful_graph_passes_and_says_how_it_was_compared(network, graph, pixels):
    check = check_export(network, graph, [pixels], activation="sigmoid")

    assert (check.activation, check.label_agreement) == ("sigmoid", 1.0)
    assert check.max_probability_difference < 1e-5


def test_another_set_of_labels_is_no_agreement_though_the_most_probable_is_the_same(network, graph, pixels):
    everything = shifted(network, 20.0)

    with pytest.raises(ExportMismatch, match=r" 0\.00% of 4 labels are the same"):
        check_export(everything, graph, [pixels], activation="sigmoid")


def test_a_probability_within_the_tolerance_of_even_odds_may_fall_on_either_side(network, graph, pixels):
    logits = network(torch.from_numpy(pixels)).logits.detach()
    # The first picture's first label is just above 0.5 in the graph, and just below in torch.
    above, below = (shifted(network, by - float(logits[0, 0])) for by in (5e-6, -5e-6))
    export_onnx(above, graph.parent / "above.onnx", example=pixels[:1])

    check = check_export(below, graph.parent / "above.onnx", [pixels], activation="sigmoid")

    assert check.label_agreement == 1.0
    assert check.max_probability_difference > 1e-6
