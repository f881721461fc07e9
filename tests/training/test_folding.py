import pytest
import torch
from torch import Tensor, nn

from quadrants import quick
from sightline.training import recipe_for
from sightline.training.network.batch_norm import batch_norms
from sightline.training.network.folding import speed_up
from sightline.training.network.network import Network, build_network

BACKBONES = {
    "mobilenetv2_035": 52,
    "resnet10t": None,
    "mobilenetv3_small_050": None,
    "tf_efficientnetv2_b0": None,
    "test_vit": 0,
}


def make(backbone: str) -> Network:
    """A network whose batch norms have statistics as training leaves them."""
    size = 160 if backbone == "test_vit" else 64
    recipe = recipe_for("images", quick(f"model.backbone={backbone}", f"data.input_size={size}"))
    network = build_network(recipe, 3)
    generator = torch.Generator().manual_seed(1)
    for norm in batch_norms(network):
        norm.running_mean.normal_(0, 0.3, generator=generator)
        norm.running_var.uniform_(0.5, 2, generator=generator)
        norm.weight.data.uniform_(0.5, 1.5, generator=generator)
        norm.bias.data.normal_(0, 0.2, generator=generator)
    return network


def images(size: int) -> Tensor:
    return torch.randint(
        0, 256, (4, size, size, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(2)
    )


def gradients(network: Network, size: int) -> dict[str, Tensor]:
    network.zero_grad(set_to_none=True)
    network.logits(images(size)).square().sum().backward()
    return {name: one.grad.clone() for name, one in network.named_parameters() if one.grad is not None}


@pytest.mark.parametrize("backbone, folded", BACKBONES.items(), ids=BACKBONES.keys())
def test_folded_norms_give_the_same_outputs_and_gradients(backbone: str, folded: int | None) -> None:
    network = make(backbone)
    size = 160 if backbone == "test_vit" else 64
    expected, wanted = network.logits(images(size)).detach(), gradients(network, size)

    arithmetic = speed_up(network, (size, size), fixed_statistics=True)

    assert arithmetic.folded > 0 if folded is None else arithmetic.folded == folded
    scale = float(expected.abs().max())
    torch.testing.assert_close(network.logits(images(size)).detach(), expected, atol=1e-4 * scale, rtol=1e-4)
    found = gradients(network, size)
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        spread = float(gradient.abs().max())
        torch.testing.assert_close(found[name], gradient, atol=2e-3 * spread + 1e-6, rtol=1e-2, msg=name)


def test_what_was_changed_is_taken_back() -> None:
    network = make("mobilenetv2_035")
    before = network.logits(images(64))

    speed_up(network, (64, 64), fixed_statistics=True).restore()

    assert not [module for module in network.modules() if "forward" in vars(module)]
    assert torch.equal(network.logits(images(64)), before)


def test_statistics_that_learn_are_not_folded() -> None:
    network = make("mobilenetv2_035")

    arithmetic = speed_up(network, (64, 64), fixed_statistics=False)

    assert arithmetic.folded == 0
    network.train()
    network.logits(images(64))
    assert not torch.equal(
        batch_norms(network)[0].running_mean, batch_norms(make("mobilenetv2_035"))[0].running_mean
    )


class Shared(nn.Module):
    """A convolution that feeds a norm and something else."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.norm.running_mean.fill_(1.0)
        self.norm.running_var.fill_(3.0)

    def logits(self, images_nhwc: Tensor) -> Tensor:
        features = self.convolution(images_nhwc.permute(0, 3, 1, 2) / 255.0)
        return (self.norm(features) + features).mean(dim=(2, 3))


def test_a_convolution_that_feeds_more_than_its_norm_is_left_alone() -> None:
    network = Shared().eval()
    network.register_buffer("mean", torch.zeros(1))
    before = network.logits(images(16))

    arithmetic = speed_up(network, (16, 16), fixed_statistics=True)  # type: ignore[arg-type]

    assert arithmetic.folded == 0
    assert torch.equal(network.logits(images(16)), before)
