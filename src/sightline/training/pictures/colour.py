"""Colour jitter of many pictures, each with its own factors and its own order."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

_GREY = (0.2989, 0.587, 0.114)  # of Rec. 601, as torchvision rounds them
_OPERATIONS = ("brightness", "contrast", "saturation", "hue")


class Jitter:
    """ColorJitter: factors from its ranges, in an order that is drawn for each picture.

    Values are cut to whole numbers after each operation, as torchvision does.
    """

    def __init__(self, transform: v2.ColorJitter) -> None:
        ranges = {name: getattr(transform, name) for name in _OPERATIONS}
        self._ranges = {name: limits for name, limits in ranges.items() if limits is not None}
        self.draws = 2 * len(self._ranges)

    def __call__(self, images: Tensor, uniforms: NDArray[np.float64]) -> Tensor:
        """Jitter uint8 `[n, 3, H, W]` in place, by numbers from [0, 1), float64 `[n, draws]`."""
        names, count = list(self._ranges), len(self._ranges)
        low, high = np.array(list(self._ranges.values())).reshape(-1, 2).T
        factors = (low + (high - low) * uniforms[:, :count]).astype(np.float32)
        orders = np.argsort(uniforms[:, count:], axis=1)
        # One picture after the other: its pixels stay in the cache, which is worth more than fewer calls.
        for image, own, order in zip(images, factors.tolist(), orders, strict=True):
            image.copy_(jitter(image, [(names[one], own[one]) for one in order]))
        return images


def jitter(image: Tensor, operations: Sequence[tuple[str, float]]) -> Tensor:
    """A picture uint8 `[3, H, W]` after the operations given, each a name with its factor, as float32."""
    pixels = image.to(torch.float32)
    for name, factor in operations:
        pixels = _KERNELS[name](pixels, factor)
    return pixels


def _brightness(pixels: Tensor, factor: float) -> Tensor:
    return pixels.mul_(factor).clamp_(max=255).floor_()


def _contrast(pixels: Tensor, factor: float) -> Tensor:
    grey = _grey(pixels)
    # Whole numbers are summed without error, in whatever order: in float32 up to 2^24, else in float64.
    exact = torch.float32 if grey.numel() * 255 < 2**24 else torch.float64
    mean = grey.sum(dtype=exact).to(torch.float32) / grey.numel()
    return pixels.mul_(factor).add_(mean, alpha=1 - factor).clamp_(0, 255).floor_()


def _saturation(pixels: Tensor, factor: float) -> Tensor:
    grey = _grey(pixels)
    return pixels.mul_(factor).add_(grey, alpha=1 - factor).clamp_(0, 255).floor_()


def _hue(pixels: Tensor, factor: float) -> Tensor:
    turned = functional.adjust_hue(pixels.to(torch.uint8), factor)
    return torch.as_tensor(turned, dtype=torch.float32)


def _grey(pixels: Tensor) -> Tensor:
    red, green, blue = pixels
    grey: Tensor = red.mul(_GREY[0]).add_(green, alpha=_GREY[1]).add_(blue, alpha=_GREY[2])
    return grey.floor_()


_KERNELS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "hue": _hue,
}
