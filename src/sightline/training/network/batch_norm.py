"""Whether batch norm keeps the statistics it came with, or takes those of the batches."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from sightline.training.network.network import Network


def set_training_mode(network: Network, *, learn_statistics: bool) -> None:
    """Training mode, with the running statistics of batch norm learning or fixed; scales and shifts learn.

    Fixed is the rule for pretrained weights: the statistics of small batches of few images are noisier than
    those of the many that the weights were made with, and evaluation uses the running ones anyway.
    """
    network.train()
    if not learn_statistics:
        for module in batch_norms(network):
            module.eval()


def batch_norms(network: nn.Module) -> list[nn.Module]:
    """All batch norm layers, timm's fused norm-and-activation layers among them."""
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]
