"""Batch norms with fixed statistics merged into the convolutions before them, for good."""

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from sightline.errors import TrainingError
from sightline.training.network.folding import norm_pairs
from sightline.training.network.network import Network

_TOLERANCE = 1e-3


def merge_norms(network: Network, input_size: tuple[int, int]) -> int:
    """Merge every norm that takes a convolution's output, and say how many there were.

    The network, in evaluation mode, gives the same up to rounding, and its convolutions have the weights that an
    exported graph has. A norm that stands elsewhere stays.

    Raises:
        TrainingError: it does not give the same, as where a convolution feeds something besides its norm.
    """
    images = torch.randint(0, 256, (2, *input_size, 3), dtype=torch.uint8)
    names = {module: name for name, module in network.named_modules()}
    with torch.no_grad():
        expected = network.logits(images)
        pairs = norm_pairs(network, images)
        for convolution, norm in pairs:
            merged = fuse_conv_bn_eval(convolution, norm)
            # A bias that the convolution did not have comes as one that does not learn.
            network.set_submodule(names[convolution], merged.requires_grad_(True))
            network.set_submodule(names[norm], _what_follows(norm))
        apart = (network.logits(images) - expected).abs().max()
    if not apart <= _TOLERANCE * expected.abs().max().clamp_min(1.0):
        raise TrainingError(
            "The batch norms of this network cannot be merged into its convolutions: its answers would change by up to "
            f"{apart:.3g}. Choose another model.backbone."
        )
    return len(pairs)


def _what_follows(norm: nn.Module) -> nn.Module:
    """What timm's fused norm-and-activation layers do after the norm."""
    following = [getattr(norm, name) for name in ("drop", "act") if hasattr(norm, name)]
    return nn.Sequential(*following) if following else nn.Identity()
