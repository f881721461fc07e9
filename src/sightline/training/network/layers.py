"""Where each parameter stands in a network, from its stem to its head."""

from timm.models import group_parameters

from sightline.training.network.network import Network
from sightline.training.network.weights import TimmModel

_PREFIX = "backbone."


def depths(network: Network) -> dict[str, int]:
    """The layer of each parameter, by its name in the network: 0 is the stem, the head has the highest number.

    Layers are those that the timm model names itself, the finest ones; a transformer's block is one of them.
    """
    layers = _backbone_layers(network, coarse=False)
    of_backbone = {name: depth for depth, layer in enumerate(layers) for name in layer}
    # In the order of the network's parameters, and everything that no layer holds is the head.
    return {name: of_backbone.get(name, len(layers)) for name, _ in network.named_parameters()}


def stages(network: Network) -> list[list[str]]:
    """The names of the backbone's parameters, stage by stage from top to bottom; the head is in none of them.

    Stages are those between which the resolution changes; a transformer's blocks, where it does not.
    """
    return _backbone_layers(network, coarse=True)[::-1]


def _backbone_layers(network: Network, *, coarse: bool) -> list[list[str]]:
    in_head = {id(parameter) for parameter in network.head.parameters()}
    vector = {
        name: parameter.ndim <= 1
        for name, parameter in network.backbone.named_parameters()
        if id(parameter) not in in_head
    }
    layers: list[list[str]] = []
    for group in _groups(network.backbone, coarse=coarse):
        names = [name for name in group if name in vector]
        # The last norm alone is no layer: it belongs to what it normalises.
        if layers and all(vector[name] for name in names):
            layers[-1] += [_PREFIX + name for name in names]
        else:
            layers.append([_PREFIX + name for name in names])
    return layers


def _groups(backbone: TimmModel, *, coarse: bool) -> list[list[str]]:
    """Names of parameters from bottom to top, as timm groups them; where it cannot, by the backbone's own parts."""
    try:
        groups = group_parameters(backbone, backbone.group_matcher(coarse=coarse))
    except (AttributeError, AssertionError, KeyError):
        # Not every model has a matcher, and inception_v3's looks for the classifier that an MLP has replaced.
        parts: dict[str, list[str]] = {}
        for name, _ in backbone.named_parameters():
            parts.setdefault(name.partition(".")[0], []).append(name)
        return list(parts.values())
    return [groups[place] for place in sorted(groups)]
