"""The optimiser over the network: which weights decay, and at which rate each part learns."""

from collections.abc import Mapping
from typing import Any

import torch
from timm.optim.lion import Lion
from timm.optim.muon import Muon
from torch import nn

from sightline.training.network.layers import depths
from sightline.training.network.network import Network
from sightline.training.recipe.recipe import Recipe


def build_optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    """One optimiser over all parameters, the head at the recipe's rate, each layer of the backbone at its own.

    A parameter without a gradient is passed over: neither the rate nor the decay moves it. So what is frozen for
    now is in it too, and needs `zero_grad(set_to_none=True)`. The rates are 0 until `set_learning_rates`. The first
    group holds head, the last one the backbone's top layer.
    """
    return _optimizer(_head_groups(network, recipe) + _backbone_groups(network, recipe), recipe)


def head_optimizer(network: Network, recipe: Recipe) -> torch.optim.Optimizer:
    """The same over the head alone, for a backbone that stays fixed."""
    return _optimizer(_head_groups(network, recipe), recipe)


def set_learning_rates(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Give each group this share of its own peak rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * share


def _head_groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    of_head = {id(parameter) for parameter in network.head.parameters()}
    head = {name: one for name, one in network.named_parameters() if id(one) in of_head}
    # Muon is for the matrices within a network: its authors leave the last layer to AdamW.
    fallback = {"use_fallback": True} if recipe.training.optimizer == "muon" else {}
    return [group | fallback for group in _groups(network, head, recipe.learning_rate, recipe)]


def _backbone_groups(network: Network, recipe: Recipe) -> list[dict[str, Any]]:
    by_name = dict(network.named_parameters())
    depth_of = depths(network)
    top = max(depth_of.values()) - 1
    decay = recipe.training.layer_decay or 1.0
    at_rate: dict[float, dict[str, nn.Parameter]] = {}
    for name, depth in sorted(depth_of.items(), key=lambda item: item[1]):
        if depth <= top:
            rate = recipe.backbone_learning_rate * decay ** (top - depth)
            at_rate.setdefault(rate, {})[name] = by_name[name]
    return [group for rate, part in at_rate.items() for group in _groups(network, part, rate, recipe)]


def _groups(
    network: Network, parameters: Mapping[str, nn.Parameter], rate: float, recipe: Recipe
) -> list[dict[str, Any]]:
    # Scales and shifts of norms and biases are vectors; decay would only pull them off their calibration. timm names
    # what else is none of the matrices, such as position embeddings.
    exempt = {f"backbone.{name}" for name in getattr(network.backbone, "no_weight_decay", set)()}
    decayed = {name for name, parameter in parameters.items() if parameter.ndim > 1 and name not in exempt}
    matrices = [parameter for name, parameter in parameters.items() if name in decayed]
    vectors = [parameter for name, parameter in parameters.items() if name not in decayed]
    groups = [
        {"params": matrices, "peak_lr": rate, "weight_decay": recipe.weight_decay},
        {"params": vectors, "peak_lr": rate, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _optimizer(groups: list[dict[str, Any]], recipe: Recipe) -> torch.optim.Optimizer:
    momentum = recipe.training.momentum
    match recipe.training.optimizer:
        case "adamw":
            return torch.optim.AdamW(groups, lr=0.0, fused=True)
        case "sgd":
            return torch.optim.SGD(groups, lr=0.0, momentum=momentum, nesterov=momentum > 0)
        case "lion":
            lion: torch.optim.Optimizer = Lion(groups, lr=0.0)
            return lion
        case "muon":
            # timm's: torch's own takes matrices only, and no convolutions. Updates are scaled to the size of AdamW's,
            # which does the vectors and the depthwise filters, so that one rate serves both.
            muon: torch.optim.Optimizer = Muon(groups, lr=0.0, momentum=momentum, nesterov=True)
            return muon
