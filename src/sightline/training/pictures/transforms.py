"""The steps of a recipe as transforms of torchvision, their arguments tried out."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import simplejpeg
import torch
from torch import Tensor
from torchvision.transforms import v2

from sightline.errors import RecipeError
from sightline.training.pictures.randomness import OwnRandomness, picture_generator
from sightline.training.recipe.mistakes import Mistake
from sightline.training.recipe.recipe import Recipe
from sightline.training.recipe.steps import OF_PICTURES, Step


def picture_steps(recipe: Recipe) -> list[Step]:
    """The steps of a recipe that each picture goes through, in their order.

    Raises:
        RecipeError: a transform does not take its arguments.
    """
    wrong = argument_mistakes(recipe)
    if wrong:
        raise RecipeError("\n".join(["The augmentation cannot be built:", *(f"  {one}" for one in wrong)]))
    return [step for step in recipe.augmentation if step.name in OF_PICTURES]


def starts_from_whole_picture(recipe: Recipe) -> bool:
    """Whether augmentation begins with a crop of the decoded picture instead of the network's input."""
    return bool(recipe.augmentation) and recipe.augmentation[0].name == "RandomResizedCrop"


def argument_mistakes(recipe: Recipe) -> list[Mistake]:
    """The steps whose transform refuses its arguments, found by building it and using it once."""
    return [
        Mistake(f"augmentation.{place}", {step.name: step.arguments}, problem)
        for place, step in enumerate(recipe.augmentation)
        if step.name in OF_PICTURES
        for problem in _refusals(step, recipe)
    ]


def build_transform(step: Step, recipe: Recipe) -> Callable[[Tensor], Tensor]:
    """The transform of a step: uint8 `[3, h, w]` from uint8 `[3, H, W]`, which it leaves as it is."""
    arguments: dict[str, Any] = dict(step.arguments)
    if step.name in ("RandomResizedCrop", "RandomCrop"):
        arguments["size"] = recipe.data.input_size
    if step.name == "RandomResizedCrop":
        arguments.setdefault("interpolation", recipe.data.interpolation)
    if isinstance(arguments.get("interpolation"), str):
        arguments["interpolation"] = v2.InterpolationMode(arguments["interpolation"])
    if isinstance(arguments.get("policy"), str):
        arguments["policy"] = v2.AutoAugmentPolicy(arguments["policy"])
    if step.name == "RandomErasing":
        arguments["inplace"] = False  # the picture may be one that is kept
    make: Callable[..., Callable[[Tensor], Tensor]] = _OWN.get(step.name) or getattr(v2, step.name)
    return make(**arguments)


def _refusals(step: Step, recipe: Recipe) -> Iterator[str]:
    height, width = recipe.data.input_size
    try:
        transform = build_transform(step, recipe)
        if hasattr(transform, "p"):
            transform.p = 1.0  # some arguments are looked at only where the transform happens
        with OwnRandomness(picture_generator(0, 0, 0)):
            out = transform(torch.zeros((3, height, width), dtype=torch.uint8))
    except Exception as err:  # whatever torchvision raises is its way of refusing
        takes = ", ".join(list(inspect.signature(getattr(v2, step.name)).parameters))
        yield f"{err}; arguments of {step.name}: {takes}"
    else:
        if tuple(out.shape) != (3, height, width):
            yield f"changes the size to {list(out.shape[1:])}; the network's input is [{height}, {width}]"


class _Noise(v2.GaussianNoise):  # type: ignore[misc]
    """Noise added in [0, 1] and rounded once; torchvision's own way for uint8 cuts each value towards 0."""

    def transform(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        noisy = super().transform(inpt.to(torch.float32) / 255, params)
        pixels: Tensor = noisy.mul_(255).round_().clamp_(0, 255).to(torch.uint8)
        return pixels


class _Erasing(v2.RandomErasing):  # type: ignore[misc]
    """`value: random` as uniform noise: torchvision's normal numbers are for pictures that are normalised."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        params: dict[str, Any] = super().make_params(flat_inputs)
        if self.value is None and params["v"] is not None:
            params["v"] = torch.randint(0, 256, params["v"].shape, dtype=torch.uint8)
        return params


class _Jpeg(v2.JPEG):  # type: ignore[misc]
    """Stored as JPEG, its colours at half the resolution, by the codec that reads pictures: torchvision's is to go."""

    def transform(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        pixels = np.ascontiguousarray(inpt.permute(1, 2, 0).numpy())
        stored = simplejpeg.encode_jpeg(pixels, params["quality"], "RGB", "420")
        return torch.from_numpy(simplejpeg.decode_jpeg(stored, "RGB")).permute(2, 0, 1)


_OWN: dict[str, Any] = {"GaussianNoise": _Noise, "JPEG": _Jpeg, "RandomErasing": _Erasing}
