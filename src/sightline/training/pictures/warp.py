"""Flips, rotations and affine maps of many pictures, each with its own parameters, in one resampling."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import v2

Matrices = NDArray[np.float64]


class Warp:
    """A run of RandomAffine, RandomRotation and flips as one map, so that pixels are interpolated once.

    What a first step alone would push out of the picture and a second one would bring back is not lost, and
    nothing is blurred twice. A single step gives torchvision's result. Steps can be taken together where they
    agree on interpolation and fill; flips agree with all.
    """

    def __init__(self, transforms: Sequence[Any]) -> None:
        self._transforms = transforms
        shaped = next(one for one in transforms if not _is_flip(one))
        self._mode = _mode(shaped)
        self._fill = shaped.fill
        self.draws = sum(_draws(one) for one in transforms)

    def __call__(self, images: Tensor, uniforms: NDArray[np.float64]) -> Tensor:
        """Warp uint8 `[n, 3, H, W]` on any device by numbers from [0, 1), float64 `[n, draws]`, into a new tensor."""
        height, width = images.shape[-2:]
        matrices = np.broadcast_to(np.eye(3), (len(images), 3, 3))
        used = 0
        for transform in self._transforms:
            count = _draws(transform)
            one = _inverse(transform, uniforms[:, used : used + count], height, width)
            # Each maps places in its result to places in its source: the last one is looked up first.
            matrices, used = matrices @ one, used + count
        return _resample(images, matrices, self._mode, self._fill)


def can_join(one: Any, other: Any) -> bool:
    """Whether two transforms may be taken together in one `Warp`."""
    if _is_flip(one) or _is_flip(other):
        return True
    return (_mode(one), one.fill) == (_mode(other), other.fill)


def is_warp(transform: Any) -> bool:
    """Whether a transform can stand in a `Warp`."""
    if isinstance(transform, v2.RandomRotation) and transform.expand:
        return False
    kinds = v2.RandomAffine | v2.RandomRotation
    return _is_flip(transform) or (isinstance(transform, kinds) and not isinstance(transform.fill, dict))


def _mode(transform: Any) -> str:
    return str(v2.InterpolationMode(transform.interpolation).value)


def _is_flip(transform: Any) -> bool:
    return isinstance(transform, v2.RandomHorizontalFlip | v2.RandomVerticalFlip)


def _draws(transform: Any) -> int:
    return 6 if isinstance(transform, v2.RandomAffine) else 1


def _inverse(transform: Any, uniforms: NDArray[np.float64], height: int, width: int) -> Matrices:
    """Where a place in the result comes from, in pixels from the picture's middle: `[n, 3, 3]`."""
    if isinstance(transform, v2.RandomHorizontalFlip):
        return _flips(uniforms[:, 0] < transform.p, axis=0)
    if isinstance(transform, v2.RandomVerticalFlip):
        return _flips(uniforms[:, 0] < transform.p, axis=1)
    centre = np.zeros(2)
    if transform.center is not None:
        centre = np.array(transform.center) - np.array([width, height]) / 2
    angle = np.radians(_between(transform.degrees, uniforms[:, 0]))
    if isinstance(transform, v2.RandomRotation):
        # torchvision turns RandomRotation the other way round than RandomAffine.
        return inverse_affine(centre, -angle)
    shift, scale, shear = _affine_parameters(transform, uniforms[:, 1:], height, width)
    return inverse_affine(centre, angle, shift, scale, shear)


def _affine_parameters(
    transform: v2.RandomAffine, uniforms: NDArray[np.float64], height: int, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Shift in whole pixels `[n, 2]`, scale `[n]`, shear in radians `[n, 2]`, as torchvision draws them."""
    shift, shear = np.zeros((len(uniforms), 2)), np.zeros((len(uniforms), 2))
    if transform.translate is not None:
        for axis, furthest in enumerate((transform.translate[0] * width, transform.translate[1] * height)):
            shift[:, axis] = np.rint(_between((-furthest, furthest), uniforms[:, axis]))
    scale = _between(transform.scale or (1.0, 1.0), uniforms[:, 2])
    limits = transform.shear or ()
    for axis in range(len(limits) // 2):
        shear[:, axis] = np.radians(_between(limits[2 * axis : 2 * axis + 2], uniforms[:, 3 + axis]))
    return shift, scale, shear


def inverse_affine(
    centre: NDArray[np.float64],
    angle: NDArray[np.float64],
    shift: NDArray[np.float64] | float = 0.0,
    scale: NDArray[np.float64] | float = 1.0,
    shear: NDArray[np.float64] | float = 0.0,
) -> Matrices:
    """The inverse of: shear along x, then y, scale and turn around `centre`, shift. `[n, 3, 3]`, angles in radians.

    The map is that of torchvision's `affine`: R(angle) · S(scale) · SHy(−shear_y) · SHx(−shear_x), from `[n]`
    angles and scales and `[n, 2]` shifts and shears.
    """
    shift, shear = np.broadcast_to(shift, (len(angle), 2)), np.broadcast_to(shear, (len(angle), 2))
    across, down = shear[:, 0], shear[:, 1]
    a = np.cos(angle - down) / np.cos(down)
    c = np.sin(angle - down) / np.cos(down)
    b, d = -(a * np.tan(across) + np.sin(angle)), np.cos(angle) - c * np.tan(across)
    matrices = np.zeros((len(angle), 3, 3))
    # Without the scale the determinant is 1, so that swapping and negating inverts.
    matrices[:, 0, 0], matrices[:, 0, 1] = d / scale, -b / scale
    matrices[:, 1, 0], matrices[:, 1, 1] = -c / scale, a / scale
    matrices[:, :2, 2] = centre - np.einsum("nij,nj->ni", matrices[:, :2, :2], centre + shift)
    matrices[:, 2, 2] = 1
    return matrices


def _flips(flipped: NDArray[np.bool_], axis: int) -> Matrices:
    matrices = np.tile(np.eye(3), (len(flipped), 1, 1))
    matrices[flipped, axis, axis] = -1
    return matrices


def _between(limits: Sequence[float], uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = limits
    between: NDArray[np.float64] = low + (high - low) * uniforms
    return between


def _resample(images: Tensor, matrices: Matrices, mode: str, fill: Any) -> Tensor:
    count, channels, height, width = images.shape
    halves = np.array([width / 2, height / 2])[:, np.newaxis]
    theta = torch.from_numpy((matrices[:, :2] / halves).astype(np.float32))
    theta = theta.to(images.device, non_blocking=True)
    across, down = _lines(height, width, images.device)
    # Two lines for each coordinate instead of a product for each pixel.
    along_rows = theta[:, :, 0, None] * across
    along_columns = theta[:, :, 1, None] * down + theta[:, :, 2, None]
    grid = (along_rows[:, :, None, :] + along_columns[:, :, :, None]).permute(0, 2, 3, 1)
    if fill is None or (mode == "nearest" and fill == 0):
        sampled = functional.grid_sample(images.to(torch.float32), grid, mode, "zeros", align_corners=False)
        return sampled.round_().to(torch.uint8)
    source = images.new_ones((count, channels + 1, height, width), dtype=torch.float32)
    source[:, :channels] = images
    sampled = functional.grid_sample(source, grid, mode, "zeros", align_corners=False)
    return _filled(sampled[:, :channels], sampled[:, channels:], mode, fill).round_().to(torch.uint8)


def _filled(pixels: Tensor, inside: Tensor, mode: str, fill: Any) -> Tensor:
    """Pixels float32 `[n, 3, H, W]` with the fill where they come from outside, as torchvision blends them."""
    if fill == 0:
        return pixels.mul_(inside)
    colour = torch.tensor(fill, dtype=torch.float32).reshape(1, -1, 1, 1)
    colour = colour.to(pixels.device, non_blocking=True)
    if mode == "nearest":
        return torch.where(inside < 0.5, colour, pixels)
    return pixels.sub_(colour).mul_(inside).add_(colour)


def _lines(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The places of columns and rows in pixels from the middle."""
    across = torch.linspace((1 - width) / 2, (width - 1) / 2, width, device=device)
    return across, torch.linspace((1 - height) / 2, (height - 1) / 2, height, device=device)
