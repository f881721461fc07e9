"""Colour jitter of many pictures, each with its own factors and its own order."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import v2

Factor = float | Tensor
"""Of all pictures, or of each `[n, 1, 1, 1]`."""

Operation = Callable[[Tensor, Factor], Tensor]
"""Of pictures float32 `[n, 3, H, W]`, whole numbers from 0 to 255, which it may change."""

_GREY = (0.2989, 0.587, 0.114)  # of Rec. 601, as torchvision rounds them


class Jitter:
    """ColorJitter: factors from its ranges, in an order that is drawn for each picture.

    Values are cut to whole numbers after each operation, as torchvision does.
    """

    def __init__(self, transform: v2.ColorJitter) -> None:
        ranges = {name: getattr(transform, name) for name in _OPERATIONS}
        self._ranges = {name: limits for name, limits in ranges.items() if limits is not None}
        self.draws = 2 * len(self._ranges)

    def __call__(self, images: Tensor, uniforms: NDArray[np.float64]) -> Tensor:
        """Jitter uint8 `[n, 3, H, W]` on any device in place, by numbers from [0, 1), float64 `[n, draws]`."""
        count = len(self._ranges)
        low, high = np.array(list(self._ranges.values())).reshape(-1, 2).T
        factors = (low + (high - low) * uniforms[:, :count]).astype(np.float32)
        orders = np.argsort(uniforms[:, count:], axis=1)
        operations = [_OPERATIONS[name] for name in self._ranges]
        jitter = one_by_one if images.device.type == "cpu" else in_groups
        return jitter(images, operations, factors, orders)


def one_by_one(
    images: Tensor, operations: Sequence[Operation], factors: NDArray[np.float32], orders: NDArray[np.int64]
) -> Tensor:
    """Jitter uint8 `[n, 3, H, W]` in place, one picture after the other.

    On a CPU a picture's pixels then stay in the cache, which is worth more than fewer calls: without hue, groups
    take two to three times as long.

    factors
        One for each operation, `[n, k]`.
    orders
        The numbers of the operations as they follow one another, `[n, k]`.
    """
    for image, own, order in zip(torch.split(images, 1), factors.tolist(), orders.tolist(), strict=True):
        pixels = image.to(torch.float32)
        for number in order:
            pixels = operations[number](pixels, own[number])
        image.copy_(pixels)
    return images


def in_groups(
    images: Tensor, operations: Sequence[Operation], factors: NDArray[np.float32], orders: NDArray[np.int64]
) -> Tensor:
    """The same with k² calls at most: all pictures whose turn it is to go through an operation go together."""
    turns = np.ascontiguousarray(orders.T)
    rows = np.argsort(turns, axis=1, kind="stable")
    factors_at = np.take_along_axis(factors[rows], np.sort(turns, axis=1)[..., np.newaxis], axis=2)
    rows_at = torch.from_numpy(rows).to(images.device, non_blocking=True)
    own = torch.from_numpy(factors_at[..., np.newaxis, np.newaxis]).to(images.device, non_blocking=True)
    pixels = images.to(torch.float32)
    for turn, at_turn in enumerate(turns):
        sizes = np.bincount(at_turn, minlength=len(operations)).tolist()
        groups = zip(torch.split(rows_at[turn], sizes), torch.split(own[turn], sizes), strict=True)
        for operation, (some, factor) in zip(operations, groups, strict=True):
            if len(some):
                pixels.index_copy_(0, some, operation(pixels.index_select(0, some), factor))
    return images.copy_(pixels)


def _brightness(pixels: Tensor, factor: Factor) -> Tensor:
    return pixels.mul_(factor).clamp_(max=255).floor_()


def _contrast(pixels: Tensor, factor: Factor) -> Tensor:
    grey = _grey(pixels)
    # Whole numbers are summed without error, in whatever order: in float32 up to 2^24, else in float64.
    area = grey.shape[2] * grey.shape[3]
    exact = torch.float32 if area * 255 < 2**24 else torch.float64
    mean = grey.sum((2, 3), keepdim=True, dtype=exact).to(torch.float32) / area
    return pixels.mul_(factor).add_(mean * (1 - factor)).clamp_(0, 255).floor_()


def _saturation(pixels: Tensor, factor: Factor) -> Tensor:
    grey = _grey(pixels).mul_(1 - factor)
    return pixels.mul_(factor).add_(grey).clamp_(0, 255).floor_()


def _hue(pixels: Tensor, factor: Factor) -> Tensor:
    """Hues turned by a share of the circle: HSV and back, as v − c · max(0, min(k, 4 − k, 1)) for each channel."""
    red, green, blue = torch.split(pixels, 1, dim=1)
    low, value = pixels.aminmax(dim=1, keepdim=True)
    chroma = value - low
    some = chroma.clamp(min=1)  # grey has no hue: any will do
    of_green, of_blue = ((blue - red) / some).add_(2), ((red - green) / some).add_(4)
    sixths = torch.where(red == value, (green - blue) / some, torch.where(green == value, of_green, of_blue))
    sixths.add_(6 * factor)
    channels = []
    for start in (5, 3, 1):
        k = (sixths + start).remainder_(6)
        channels.append(value - torch.minimum(k, 4 - k).clamp_(0, 1).mul_(chroma))
    # torchvision's rounding, so that a whole number stays what it is.
    return torch.cat(channels, dim=1).mul_(255.999 / 255).floor_()


def _grey(pixels: Tensor) -> Tensor:
    red, green, blue = torch.split(pixels, 1, dim=1)
    grey: Tensor = red.mul(_GREY[0]).add_(green, alpha=_GREY[1]).add_(blue, alpha=_GREY[2])
    return grey.floor_()


_OPERATIONS: dict[str, Operation] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "saturation": _saturation,
    "hue": _hue,
}
