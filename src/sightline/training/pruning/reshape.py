"""Weights of a pruned network put into a whole one, which takes their shapes."""

from collections.abc import Mapping

from torch import Tensor, nn

from sightline.errors import TrainingError
from sightline.training.network.network import Network
from sightline.training.network.weights import Fit


def fit_to_weights(network: Network, tensors: Mapping[str, Tensor]) -> None:
    """Load weights into a network of the same architecture; layers that have lost channels there lose them here.

    Raises:
        TrainingError: the weights are not those of this architecture.
    """
    for name, module in network.named_modules():
        own = {
            kind: tensors[f"{name}.{kind}"] for kind in _own_tensors(module) if f"{name}.{kind}" in tensors
        }
        if any(given.shape != getattr(module, kind).shape for kind, given in own.items()):
            _resize(module, own)
    fit = Fit.of(network.state_dict(), dict(tensors))
    if not fit.complete:
        raise TrainingError(f"The weights do not fit the network: {fit}.")
    network.load_state_dict(dict(tensors))


def _own_tensors(module: nn.Module) -> list[str]:
    parameters = [kind for kind, _ in module.named_parameters(recurse=False)]
    return parameters + [kind for kind, _ in module.named_buffers(recurse=False)]


def _resize(module: nn.Module, own: Mapping[str, Tensor]) -> None:
    for kind, given in own.items():
        value = getattr(module, kind).new_empty(given.shape)
        setattr(
            module, kind, nn.Parameter(value) if isinstance(getattr(module, kind), nn.Parameter) else value
        )
    if "weight" not in own:
        return
    outputs, *rest = own["weight"].shape
    match module:
        case nn.Conv2d():
            if module.groups == module.in_channels:  # depthwise: a filter a channel, however many are left
                module.groups = outputs
            module.out_channels, module.in_channels = outputs, module.groups * rest[0]
        case nn.Linear():
            module.out_features, module.in_features = outputs, rest[0]
        case nn.BatchNorm2d():
            module.num_features = outputs
        case nn.LayerNorm():
            module.normalized_shape = (outputs,)
