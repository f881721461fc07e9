"""Whether a network can be pruned, found out before any picture is read."""

import torch
from torch import nn

from sightline.errors import TrainingError
from sightline.training.network.network import Network
from sightline.training.pruning.cost import cost_of
from sightline.training.pruning.surgery import take_out
from sightline.training.recipe.recipe import Recipe


def require_prunable(network: Network, recipe: Recipe) -> None:
    """Prune a network for trial; it is of no use afterwards.

    Raises:
        TrainingError: it has attention, whose heads would have to stay alike, or the library does not find its way.
    """
    name, size = recipe.model.backbone, recipe.data.input_size
    if any(hasattr(module, "num_heads") for module in network.backbone.modules()):
        raise TrainingError(
            f"model.backbone is '{name}', which has attention: training.prune is for convolutional networks, such as "
            "the MobileNets, EfficientNets and ResNets. Teach a smaller network instead (training.teacher)."
        )
    classes = _classes(network)
    try:
        before = cost_of(network, size)
        take_out(network, size, round(before.multiply_adds * (1 - (recipe.training.prune or 0.0))))
        with torch.inference_mode():
            logits = network.logits(torch.zeros((1, *size, 3), dtype=torch.uint8))
    except (RuntimeError, ValueError, AttributeError, KeyError, IndexError, TypeError, AssertionError) as err:
        raise TrainingError(
            f"'{name}' cannot be pruned: torch-pruning does not find its way through it ({err}). Choose another "
            "model.backbone, or teach a smaller one (training.teacher)."
        ) from err
    assert logits.shape[1] == classes, f"pruning changed the classes of '{name}'"


def _classes(network: Network) -> int:
    last = [module for module in network.head.modules() if isinstance(module, nn.Linear)][-1]
    return last.out_features
