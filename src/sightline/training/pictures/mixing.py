"""Pictures of a batch mixed with one another, and their labels with them."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from sightline.training.pictures.randomness import step_generator
from sightline.training.recipe.recipe import Recipe
from sightline.training.recipe.steps import OF_BATCHES


@dataclass(frozen=True)
class Mixing:
    """MixUp (Zhang et al. 2018), CutMix (Yun et al. 2019), or one of the two, drawn for each batch.

    Each picture's partner is the one before it in the batch, the last one for the first, as in torchvision.

    seed
        Of the recipe.
    alphas
        The mixtures by name, each with the α of its Beta(α, α).
    """

    seed: int
    alphas: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, recipe: Recipe) -> Self | None:
        """What the recipe asks for; None where it asks for no mixing."""
        alphas = [(step.name, step.alpha()) for step in recipe.augmentation if step.name in OF_BATCHES]
        return cls(recipe.seed, tuple(alphas)) if alphas else None

    def __call__(
        self, images_nhwc: Tensor, targets_nc: Tensor, epoch: int, step: int
    ) -> tuple[Tensor, Tensor]:
        """Mixed images uint8 `[n, H, W, 3]` and targets float32 `[n, C]`, in new tensors on the same device.

        Depends on the seed, the epoch and the step's number in it only. Targets of several labels are mixed in
        the same way as those of one.
        """
        random = step_generator(self.seed, epoch, step)
        name, alpha = self.alphas[int(random.integers(len(self.alphas)))]
        share = float(random.beta(alpha, alpha))
        if name == "MixUp":
            return mix_up(images_nhwc, share), mix_targets(targets_nc, share)
        height, width = images_nhwc.shape[1:3]
        box = cut_box(share, int(random.integers(width)), int(random.integers(height)), width, height)
        return cut_mix(images_nhwc, box), mix_targets(targets_nc, box.kept_share(width, height))


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels: columns `left` to `right` and rows `top` to `bottom`, the ends left out."""

    left: int
    top: int
    right: int
    bottom: int

    def kept_share(self, width: int, height: int) -> float:
        """The share of a picture's area outside of the box."""
        return 1 - (self.right - self.left) * (self.bottom - self.top) / (width * height)


def mix_up(images_nhwc: Tensor, share: float) -> Tensor:
    """`share` of each picture and the rest of its partner, uint8 `[n, H, W, 3]`, rounded."""
    own, partner = images_nhwc.to(torch.float32), images_nhwc.roll(1, 0).to(torch.float32)
    return partner.lerp_(own, share).round_().to(torch.uint8)


def cut_mix(images_nhwc: Tensor, box: Box) -> Tensor:
    """Each picture with its partner's pixels in the box, uint8 `[n, H, W, 3]`."""
    mixed = images_nhwc.clone()
    rows, columns = slice(box.top, box.bottom), slice(box.left, box.right)
    mixed[:, rows, columns] = images_nhwc[:, rows, columns].roll(1, 0)
    return mixed


def mix_targets(targets_nc: Tensor, share: float) -> Tensor:
    """`share` of each picture's targets and the rest of its partner's, float32 `[n, C]`."""
    return targets_nc.roll(1, 0).lerp_(targets_nc, share)


def cut_box(share: float, x: int, y: int, width: int, height: int) -> Box:
    """The box around (x, y) with 1 − `share` of the area, cut off at the picture's edges."""
    half = 0.5 * math.sqrt(1 - share)
    half_width, half_height = int(half * width), int(half * height)
    left, right = np.clip([x - half_width, x + half_width], 0, width).tolist()
    top, bottom = np.clip([y - half_height, y + half_height], 0, height).tolist()
    return Box(left, top, right, bottom)
