"""Transforms that are done for several pictures at once, each with parameters of its own, and how they are told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2

from sightline.training.pictures.colour import Jitter
from sightline.training.pictures.warp import Warp, can_join, is_warp

_ERASING_ATTEMPTS = 10  # of torchvision


class Batched(Protocol):
    """A transform of several pictures, on whatever device they are.

    Its numbers are looked at on the host, so that nothing has to wait for a GPU.
    """

    @property
    def draws(self) -> int:
        """How many numbers from [0, 1) it needs for a picture."""
        ...

    def __call__(self, images: Tensor, uniforms: NDArray[np.float64]) -> Tensor:
        """Transformed uint8 `[n, 3, H, W]` on the same device, possibly the tensor given.

        uniforms
            Float64 `[n, draws]`.
        """
        ...


def is_batched(transform: Any) -> bool:
    """Whether there is a form for several pictures, with the same result and faster."""
    if isinstance(transform, v2.RandomErasing):
        return transform.value is not None
    return is_warp(transform) or isinstance(
        transform, (v2.ColorJitter, v2.RandomCrop, v2.GaussianBlur, *_ALONE)
    )


def batched(transforms: Sequence[Any]) -> list[Batched]:
    """The forms for several pictures of transforms that all have one, in their order."""
    made: list[Batched] = []
    rest = list(transforms)
    while rest:
        together = _run_of_warps(rest)
        made.append(Warp(rest[:together]) if together else _one(rest[0]))
        del rest[: together or 1]
    return made


def _run_of_warps(transforms: Sequence[Any]) -> int:
    """How many at the beginning make one `Warp`; 0 where flips are all there is, for they need no resampling."""
    count = 0
    while (
        count < len(transforms)
        and is_warp(transforms[count])
        and all(can_join(one, transforms[count]) for one in transforms[:count])
    ):
        count += 1
    resampled = any(not isinstance(one, _ALONE) for one in transforms[:count])
    return count if resampled else 0


def _one(transform: Any) -> Batched:
    if isinstance(transform, v2.ColorJitter):
        return Jitter(transform)
    if isinstance(transform, v2.RandomCrop):
        return PaddedCrop(transform)
    if isinstance(transform, v2.GaussianBlur):
        return Blur(transform)
    if isinstance(transform, v2.RandomErasing):
        return Erasing(transform)
    return Sometimes(transform)


_ALONE = (
    v2.RandomHorizontalFlip,
    v2.RandomVerticalFlip,
    v2.RandomGrayscale,
    v2.RandomInvert,
    v2.RandomPosterize,
    v2.RandomSolarize,
    v2.RandomAutocontrast,
    v2.RandomEqualize,
    v2.RandomAdjustSharpness,
)


@dataclass(frozen=True)
class Sometimes:
    """A transform that happens or not, and needs no numbers beyond that: torchvision's own, over some pictures."""

    transform: Any
    draws: int = 1

    def __call__(self, images: Tensor, uniforms: NDArray[np.float64]) -> Tensor:
        """As `Batched` says."""
        places = np.flatnonzero(uniforms[:, 0] < self.transform.p)
        if not len(places):
            return images
        some = images.index_select(0, torch.from_numpy(places).to(images.device, non_blocking=True))
        changed = self.transform.transform(some, self.transform.make_params([some]))
        # On a CPU, index_copy_ goes byte by byte.
        for place, image in zip(places.tolist(), changed, strict=True):
            images[place].copy_(image)
        return images


@dataclass(frozen=True)
class PaddedCrop:
    """RandomCrop of the picture's own size out of the padded picture."""

    transform: v2.RandomCrop
    draws: int = 2

    def __call__(self, images: Tensor, uniforms: NDArray[np.float64]) -> Tensor:
        """As `Batched` says."""
        height, width = images.shape[-2:]
        left, right, top, bottom = self.transform.padding
        padded = v2.functional.pad(
            images, [left, top, right, bottom], self.transform.fill, self.transform.padding_mode
        )
        downs = (uniforms[:, 0] * (top + bottom + 1)).astype(int)
        acrosses = (uniforms[:, 1] * (left + right + 1)).astype(int)
        for image, source, y, x in zip(images, padded, downs, acrosses, strict=True):
            image.copy_(source[:, y : y + height, x : x + width])
        return images


@dataclass(frozen=True)
class Blur:
    """GaussianBlur, along columns and rows one after the other, with a standard deviation for each picture."""

    transform: v2.GaussianBlur
    draws: int = 1

    def __call__(self, images: Tensor, uniforms: NDArray[np.float64]) -> Tensor:
        """As `Batched` says."""
        low, high = self.transform.sigma
        sigmas = torch.from_numpy((low + (high - low) * uniforms).astype(np.float32))
        across, down = self.transform.kernel_size
        pixels = images.to(torch.float32)
        pixels = functional.pad(pixels, [across // 2, across // 2, down // 2, down // 2], mode="reflect")
        pixels = _weighted(pixels, _gaussian(down, sigmas), dim=2)
        pixels = _weighted(pixels, _gaussian(across, sigmas), dim=3)
        return pixels.round_().clamp_(0, 255).to(torch.uint8)


def _gaussian(size: int, sigmas: Tensor) -> Tensor:
    """Weights that sum to 1, `[n, size]`, for standard deviations `[n, 1]` in pixels."""
    places = torch.arange(size) - (size - 1) / 2
    return (-0.5 * (places / sigmas) ** 2).softmax(dim=1)


def _weighted(pixels: Tensor, weights: Tensor, dim: int) -> Tensor:
    """Sums of neighbours along an axis, which becomes shorter by the number of weights less one."""
    size = weights.shape[1]
    length = pixels.shape[dim] - size + 1
    columns = weights.reshape(-1, size, 1, 1, 1).to(pixels.device, non_blocking=True)
    total = pixels.narrow(dim, 0, length) * columns[:, 0]
    for place in range(1, size):
        total.addcmul_(pixels.narrow(dim, place, length), columns[:, place])
    return total


@dataclass(frozen=True)
class Erasing:
    """RandomErasing with a colour: the first rectangle of ten drawn that fits."""

    transform: v2.RandomErasing
    draws: int = 1 + 4 * _ERASING_ATTEMPTS

    def __call__(self, images: Tensor, uniforms: NDArray[np.float64]) -> Tensor:
        """As `Batched` says."""
        colour = torch.tensor(self.transform.value).to(torch.uint8)[:, None, None]
        colour = colour.to(images.device, non_blocking=True)
        height, width = images.shape[-2:]
        for place in np.flatnonzero(uniforms[:, 0] < self.transform.p):
            box = self._box(uniforms[place, 1:].reshape(-1, 4), height, width)
            if box is not None:
                top, left, box_height, box_width = box
                images[place, :, top : top + box_height, left : left + box_width] = colour
        return images

    def _box(
        self, uniforms: NDArray[np.float64], height: int, width: int
    ) -> tuple[int, int, int, int] | None:
        low, high = self.transform.scale
        flat, steep = map(math.log, self.transform.ratio)
        for of_area, of_ratio, of_top, of_left in uniforms.tolist():
            area = height * width * (low + (high - low) * of_area)
            ratio = math.exp(flat + (steep - flat) * of_ratio)
            box_height, box_width = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if box_height < height and box_width < width:
                top = int(of_top * (height - box_height + 1))
                left = int(of_left * (width - box_width + 1))
                return top, left, box_height, box_width
        return None
