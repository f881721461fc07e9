"""The network with its tensors named, as converters of torch networks want it."""

from torch import Tensor, nn

from sightline.optimize.export import OUTPUTS


class NamedOutputs(nn.Module):
    """A network that gives its outputs by name."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Outputs by name for uint8 RGB images `[N, H, W, 3]`."""
        return dict(zip(OUTPUTS, self.network(images), strict=True))


class FromPlanes(nn.Module):
    """A network that takes its images as planes."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: Tensor) -> tuple[Tensor, ...]:
        """The outputs in their order for RGB planes, float32 `[N, 3, H, W]`, values 0 to 255."""
        return tuple(self.network(planes.permute(0, 2, 3, 1)))
