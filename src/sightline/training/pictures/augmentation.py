"""A recipe's augmentation: what each picture goes through, together with others where that is faster."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sightline.training.pictures.batched import Batched, batched, is_batched
from sightline.training.pictures.randomness import OwnRandomness, picture_generator, uniforms
from sightline.training.pictures.transforms import build_transform, picture_steps
from sightline.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class _Stage:
    """Neighbouring transforms that are done one picture after the other, or together."""

    alone: Sequence[Any] = ()
    together: Sequence[Batched] = ()


class Augmentation:
    """The recipe's transforms in their order, as functions of some pictures and of where they are in training.

    It has two parts, the second of which a GPU can do as well: `begin`, and what follows the last transform that takes
    one picture at a time, `finish`. What becomes of a picture follows from the seed, the epoch and its place in it: not
    from the pictures beside it, and threads may call in any order. A GPU rounds some values to the level beside.

    Raises:
        RecipeError: a transform does not take its arguments.
    """

    def __init__(self, recipe: Recipe) -> None:
        transforms = [build_transform(step, recipe) for step in picture_steps(recipe)]
        stages = [
            _Stage(together=batched(list(run))) if as_batch else _Stage(alone=list(run))
            for as_batch, run in groupby(transforms, is_batched)
        ]
        self._draws = sum(step.draws for stage in stages for step in stage.together)
        self._last = stages.pop().together if stages and stages[-1].together else ()
        self._stages = stages
        self._seed = recipe.seed

    @property
    def has_beginning(self) -> bool:
        """Whether `begin` does more than to put pictures together."""
        return bool(self._stages)

    def __call__(
        self, pictures: Sequence[NDArray[np.uint8]], epoch: int, places: NDArray[np.int64]
    ) -> Tensor:
        """Augmented pictures uint8 RGB `[n, h, w, 3]` from as many uint8 RGB `[H, W, 3]`, in a new tensor on the CPU.

        Sizes may differ where the first step crops.
        """
        return self.finish(self.begin(pictures, epoch, places), epoch, places)

    def begin(self, pictures: Sequence[NDArray[np.uint8]], epoch: int, places: NDArray[np.int64]) -> Tensor:
        """The first part: uint8 RGB `[n, h, w, 3]` from as many uint8 RGB `[H, W, 3]`, in a new tensor on the CPU."""
        images = [torch.from_numpy(one).permute(2, 0, 1) for one in pictures]
        used = 0
        for number, stage in enumerate(self._stages):
            if stage.alone:
                generators = [picture_generator(self._seed, epoch, int(place), number) for place in places]
                images = [_one(stage.alone, *pair) for pair in zip(images, generators, strict=True)]
            else:
                random = uniforms(self._seed, epoch, places, self._draws)[:, used:]
                images = list(_together(stage.together, torch.stack(images), random))
                used += sum(step.draws for step in stage.together)
        return torch.stack([image.permute(1, 2, 0) for image in images])

    def finish(self, images_nhwc: Tensor, epoch: int, places: NDArray[np.int64]) -> Tensor:
        """The second part: uint8 RGB `[n, h, w, 3]` on any device, from what `begin` gave, moved to that device.

        Nothing waits for the device, as far as that is up to us.
        """
        if not self._last:
            return images_nhwc
        own = sum(step.draws for step in self._last)
        random = uniforms(self._seed, epoch, places, self._draws)[:, self._draws - own :]
        images = images_nhwc.permute(0, 3, 1, 2).contiguous()
        return _together(self._last, images, random).permute(0, 2, 3, 1).contiguous()


def _together(steps: Sequence[Batched], images: Tensor, random: NDArray[np.float64]) -> Tensor:
    """Uint8 `[n, 3, h, w]`, which it may change, after the steps; they take the columns of `random` in turn."""
    used = 0
    for step in steps:
        images = step(images, random[:, used : used + step.draws])
        used += step.draws
    return images


def _one(transforms: Sequence[Any], image: Tensor, generator: torch.Generator) -> Tensor:
    with OwnRandomness(generator):
        for transform in transforms:
            image = transform(image)
    return image
