import numpy as np
import pytest
import timm
import torch

from sightline.errors import InputError
from sightline.optimize.quantizing import simulate
from sightline.optimize.quantizing.figure import run_graph
from sightline.optimize.quantizing.pairs import ActivationPair, WeightPair
from sightline.training.network.merging import merge_norms
from sightline.training.network.network import Network

SIDE = 32


def pictures(count, seed):
    rng = np.random.default_rng(seed)
    levels = rng.integers(0, 256, (count, 1, 1, 3))
    return np.clip(levels + rng.normal(0, 40, (count, SIDE, SIDE, 3)), 0, 255).astype(np.uint8)


def network(backbone, **options):
    """Random weights, with statistics of its own activations."""
    torch.manual_seed(0)
    made = Network(
        timm.create_model(backbone, num_classes=5, **options), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    ).train()
    with torch.no_grad():
        for _ in range(20):
            made.logits(torch.from_numpy(pictures(32, 0)))
    return made.eval()


def answers(module, images_nhwc):
    with torch.inference_mode():
        return [output.numpy() for output in module(torch.from_numpy(images_nhwc))]


@pytest.fixture(params=["test_resnet", "test_efficientnet"])
def simulated(request):
    made = network(request.param)
    merge_norms(made, (SIDE, SIDE))
    return simulate(made, pictures(24, 1), pictures(24, 2))


def test_the_written_graph_gives_what_the_simulation_gives(simulated):
    """Also after weights and ranges have moved."""
    images = pictures(16, 3)
    with torch.no_grad():
        for parameter in simulated.network.parameters():
            parameter.mul_(1 + 0.1 * torch.randn_like(parameter))
        for shares in simulated.ends:
            shares.mul_(0.7)

    logits, embeddings = run_graph(simulated.write(), images)

    expected, plain = answers(simulated.module, images), answers(simulated.network, images)
    rounding = [np.abs(one - other).mean() for one, other in zip(expected[:2], plain[:2], strict=True)]
    assert np.abs(logits - expected[0]).mean() < 0.25 * rounding[0]
    assert np.abs(embeddings - expected[1]).mean() < 0.25 * rounding[1]


def test_its_parameters_are_those_of_the_network_and_gradients_reach_all(simulated):
    outputs = simulated.module(torch.from_numpy(pictures(4, 4)))
    outputs[0].square().sum().backward()

    assert all(parameter.grad is not None for parameter in simulated.network.parameters())
    assert all(shares.grad is not None for shares in simulated.ends[1:])


def test_merged_norms_change_no_answer():
    made, images = network("test_efficientnet"), pictures(4, 5)
    before = answers(made, images)

    count = merge_norms(made, (SIDE, SIDE))

    assert count > 5
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in made.modules())
    np.testing.assert_allclose(answers(made, images)[0], before[0], atol=1e-4)


def test_a_network_with_attention_is_refused():
    with pytest.raises(InputError, match="rounds in .* places where the network has no tensor"):
        simulate(network("test_vit", img_size=SIDE), pictures(24, 1), pictures(24, 2))


def test_an_end_is_pulled_by_what_lies_beyond_it_and_stays_within_what_was_seen():
    pair = ActivationPair((-1.0, 2.0), seen=(-1.5, 3.0))
    values = torch.tensor([-5.0, 0.5, 4.0, 7.0], requires_grad=True)

    pair(values).sum().backward()

    assert values.grad.tolist() == [0, 1, 0, 0]
    assert pair.shares.grad.tolist() == [-1, 4]
    with torch.no_grad():
        pair.shares.fill_(9.0)
    assert pair.range() == (-1.5, 3.0)
    assert pair(values).detach()[3] == pytest.approx(3.0, abs=0.01)


def test_weights_are_rounded_by_the_largest_of_their_channel():
    weights = torch.tensor([[1.27, 0.014, 0.0], [127.0, 1.4, 0.0]])

    torch.testing.assert_close(
        WeightPair()(weights), torch.tensor([[1.27, 0.01, 0.0], [127.0, 1.0, 0.0]]), atol=1e-5, rtol=0
    )
    assert WeightPair()(torch.zeros(2, 3)).abs().sum() == 0
