"""Channels taken out of a network, and taken out again of another copy of it. torch-pruning does the surgery.

It follows which layers hang together (Fang et al. 2023, DepGraph: towards any structural pruning): a channel leaves
a convolution together with its norm, its depthwise filter, and the inputs of whatever comes after it, across additions
and gates as well.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from sightline.errors import TrainingError
from sightline.extras import require
from sightline.training.network.network import Network
from sightline.training.pruning.cost import Cost, cost_of, example_for

# Kernels work on blocks of channels: with other numbers of them, ONNX Runtime took 1.7 times as long as unpruned.
_BLOCK = 8
_STEPS = 50
_FEWEST_LEFT = 0.1

Cut = tuple[str, bool, list[int]]
"""A layer of the backbone by name, whether its outputs (or inputs) go, and which of them."""


def take_out(network: Network, input_size: tuple[int, int], most: int) -> list[Cut]:
    """Take the least important channels out until a picture costs at most so many multiply-adds.

    Every layer loses the same share of its channels, to the nearest multiple of eight: those with the smallest weights,
    all layers considered that lose them together. The logits keep their number; the embedding shrinks with the last
    layer. The network is left in evaluation mode, and its parameters are other ones than before: an optimiser that
    held them must be made anew.

    Raises:
        TrainingError: nothing more can be taken out.
        MissingExtra: torch-pruning is not installed.
    """
    pruning = require("torch_pruning")
    with _traced(network):
        pruner = pruning.pruner.BasePruner(
            network.backbone,
            example_for(network, input_size),
            importance=pruning.importance.GroupMagnitudeImportance(p=2),
            pruning_ratio=1 - _FEWEST_LEFT,
            max_pruning_ratio=1 - _FEWEST_LEFT,
            iterative_steps=_STEPS,
            ignored_layers=[_last_layer(network)],
            round_to=_BLOCK,
        )
        # The library's own rounds down: 16 channels less one would become 8.
        pruner._round_to = _to_nearest
        cost = cost_of(network, input_size)
        while cost.multiply_adds > most and pruner.current_step < _STEPS:
            for group in pruner.step(interactive=True):
                if group[0].idxs:
                    group.prune()
            cost = cost_of(network, input_size)
    _require_enough(cost, most)
    network.to(memory_format=torch.channels_last)
    return [
        (name, bool(outputs), [int(one) for one in which])
        for name, outputs, which in pruner.pruning_history()
    ]


def take_out_again(network: Network, input_size: tuple[int, int], cuts: Sequence[Cut]) -> None:
    """Take the same channels out of a network of the same architecture; which values it has plays no part."""
    pruning = require("torch_pruning")
    with _traced(network):
        graph = pruning.DependencyGraph().build_dependency(network.backbone, example_for(network, input_size))
        graph.load_pruning_history([tuple(cut) for cut in cuts])
    network.to(memory_format=torch.channels_last)


@contextmanager
def _traced(network: Network) -> Iterator[None]:
    """The state in which the library finds its way: everything learns, nothing is dropped."""
    network.eval()
    network.requires_grad_(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of parameters outside of layers, which keep their size
        yield
    network.zero_grad(set_to_none=True)


def _to_nearest(removed: int, channels: int, block: int) -> int:
    left = max(block, round((channels - removed) / block) * block)
    return max(0, channels - left)


def _last_layer(network: Network) -> nn.Module:
    head: Any = network.head
    return head[-1] if isinstance(head, nn.Sequential) else head


def _require_enough(cost: Cost, most: int) -> None:
    if cost.multiply_adds > most:
        raise TrainingError(
            f"Not so much can be taken out of this network: {cost} are left where {most / 1e6:.1f} million were asked "
            "for. Lower training.prune."
        )
