"""Weights of a pruned network, put into a whole one of the same architecture."""

import copy

import numpy as np
import pytest
import torch

from quadrants import quick
from sightline.errors import TrainingError
from sightline.training import fit_to_weights, recipe_for
from sightline.training.network.network import Network, build_network
from sightline.training.pruning.cost import cost_of
from sightline.training.pruning.surgery import take_out

pytest.importorskip("torch_pruning")

SIZE = (64, 64)


def network(backbone: str) -> Network:
    return build_network(recipe_for("images", quick(f"model.backbone={backbone}", "data.input_size=64")), 4)


def give_numbers(network: Network) -> Network:
    """Statistics and scales that are not those of a fresh layer, so that one that was not loaded shows."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point() and value.ndim == 1:
                value.copy_(0.5 + torch.rand(value.shape, generator=generator))
    return network


@pytest.mark.parametrize("backbone", ["test_resnet", "mobilenetv3_small_050", "test_convnext"])
def test_a_whole_network_takes_the_shapes_and_the_numbers_of_a_pruned_one(backbone: str) -> None:
    pruned = give_numbers(network(backbone))
    take_out(pruned, SIZE, most=round(0.6 * cost_of(pruned, SIZE).multiply_adds))
    fresh = network(backbone)

    fit_to_weights(fresh, pruned.state_dict())

    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, *SIZE, 3), dtype=np.uint8))
    with torch.inference_mode():
        expected, found = pruned.eval()(pixels), fresh(pixels)
    for given, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(given, wanted, rtol=1e-4, atol=1e-4)
    assert cost_of(fresh, SIZE) == cost_of(pruned, SIZE)


def test_weights_of_a_whole_network_change_no_layer() -> None:
    one = network("test_resnet")
    before = {name: id(value) for name, value in one.named_parameters()}

    fit_to_weights(one, copy.deepcopy(one.state_dict()))

    assert {name: id(value) for name, value in one.named_parameters()} == before


def test_weights_of_another_architecture_are_refused() -> None:
    with pytest.raises(TrainingError, match="The weights do not fit the network: .* missing"):
        fit_to_weights(network("test_resnet"), network("mobilenetv3_small_050").state_dict())
