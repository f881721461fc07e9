"""AdamW over the network: which weights decay, and at which rate each part learns."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from sightline.training.network.network import Network
from sightline.training.recipe.recipe import Recipe


def head_optimizer(network: Network, recipe: Recipe) -> torch.optim.AdamW:
    """For the phase in which the backbone is fixed."""
    return _adamw(_groups(network.head.parameters(), recipe.learning_rate, recipe))


def full_optimizer(network: Network, recipe: Recipe) -> torch.optim.AdamW:
    """For fine-tuning: the head at the recipe's rate, the backbone at its own."""
    head = list(network.head.parameters())
    in_head = {id(parameter) for parameter in head}
    backbone = [parameter for parameter in network.parameters() if id(parameter) not in in_head]
    return _adamw(
        _groups(head, recipe.learning_rate, recipe) + _groups(backbone, recipe.backbone_learning_rate, recipe)
    )


def set_learning_rates(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Give each group this share of its own peak rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * share


def _groups(parameters: Iterable[nn.Parameter], rate: float, recipe: Recipe) -> list[dict[str, Any]]:
    # Scales and shifts of norms and biases are vectors; decay would only pull them off their calibration.
    parameters = list(parameters)
    matrices = [parameter for parameter in parameters if parameter.ndim > 1]
    vectors = [parameter for parameter in parameters if parameter.ndim <= 1]
    return [
        {"params": matrices, "peak_lr": rate, "weight_decay": recipe.training.weight_decay},
        {"params": vectors, "peak_lr": rate, "weight_decay": 0.0},
    ]


def _adamw(groups: list[dict[str, Any]]) -> torch.optim.AdamW:
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=0.0, fused=True)
