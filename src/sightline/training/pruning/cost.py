"""What one picture costs a network."""

from dataclasses import dataclass

import torch
from torch import Tensor

from sightline.extras import require
from sightline.training.network.network import Network


@dataclass(frozen=True)
class Cost:
    """Multiplications with an addition for one picture, and numbers that were learnt."""

    multiply_adds: int
    parameters: int

    def __str__(self) -> str:
        return f"{self.multiply_adds / 1e6:.1f} million multiply-adds, {self.parameters / 1e6:.2f} million weights"


def cost_of(network: Network, input_size: tuple[int, int]) -> Cost:
    """The cost of a picture of that height and width.

    Raises:
        MissingExtra: torch-pruning is not installed.
    """
    counted = require("torch_pruning").utils.count_ops_and_params(
        network.backbone, example_for(network, input_size)
    )
    return Cost(int(counted[0]), int(counted[1]))


def example_for(network: Network, input_size: tuple[int, int]) -> Tensor:
    """A normalised picture of nothing, float32 `[1, 3, H, W]`, where the network is."""
    return torch.zeros((1, 3, *input_size), device=network.mean.device)
