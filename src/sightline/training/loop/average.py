"""An exponential moving average of the weights, which jumps about less than the weights themselves."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from sightline.training.network.network import Network

Weights = Mapping[str, Tensor]


class WeightAverage:
    """Weights and statistics of a network, averaged over the steps (Polyak and Juditsky 1992).

    The decay begins small and rises to the one given, (1 + n) / (10 + n) after n steps, since the first weights
    are the worst ones.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self._decay = decay
        self.steps = 0
        self.weights: dict[str, Tensor] = {
            name: value.detach().clone() for name, value in network.state_dict().items()
        }

    def update(self, network: Network) -> None:
        """Take in the weights after a step."""
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        with torch.no_grad():
            for name, value in network.state_dict().items():
                if value.is_floating_point():
                    self.weights[name].lerp_(value, 1 - decay)
                else:
                    self.weights[name].copy_(value)

    def restore(self, weights: Weights, steps: int) -> None:
        """Go on from an earlier average."""
        self.steps = steps
        self.weights = {name: value.clone() for name, value in weights.items()}

    @contextmanager
    def inside(self, network: Network) -> Iterator[None]:
        """Within it, the network has the averaged weights."""
        own = {name: value.detach().clone() for name, value in network.state_dict().items()}
        network.load_state_dict(self.weights)
        try:
            yield
        finally:
            network.load_state_dict(own)
