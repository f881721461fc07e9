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
    """The recipe's transforms in their order, as one function of some pictures and of where they are in training.

    Raises:
        RecipeError: a transform does not take its arguments.
    """

    def __init__(self, recipe: Recipe) -> None:
        transforms = [build_transform(step, recipe) for step in picture_steps(recipe)]
        self._stages = [
            _Stage(together=batched(list(run))) if as_batch else _Stage(alone=list(run))
            for as_batch, run in groupby(transforms, is_batched)
        ]
        self._draws = sum(step.draws for stage in self._stages for step in stage.together)
        self._seed = recipe.seed

    def __call__(
        self, pictures: Sequence[NDArray[np.uint8]], epoch: int, places: NDArray[np.int64]
    ) -> Tensor:
        """Augmented pictures uint8 RGB `[n, h, w, 3]` from as many uint8 RGB `[H, W, 3]`, in a new tensor.

        Sizes may differ where the first step crops. What becomes of a picture follows from the seed, the epoch and
        its place in it: not from the pictures beside it, and threads may call in any order.
        """
        random = uniforms(self._seed, epoch, places, self._draws)
        images = [torch.from_numpy(one).permute(2, 0, 1) for one in pictures]
        used = 0
        for number, stage in enumerate(self._stages):
            if stage.alone:
                generators = [picture_generator(self._seed, epoch, int(place), number) for place in places]
                images = [_one(stage.alone, *pair) for pair in zip(images, generators, strict=True)]
                continue
            several = torch.stack(images)
            for step in stage.together:
                several = step(several, random[:, used : used + step.draws])
                used += step.draws
            images = list(several)
        return torch.stack([image.permute(1, 2, 0) for image in images])


def _one(transforms: Sequence[Any], image: Tensor, generator: torch.Generator) -> Tensor:
    with OwnRandomness(generator):
        for transform in transforms:
            image = transform(image)
    return image
