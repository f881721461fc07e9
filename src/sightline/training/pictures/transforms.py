"""A recipe's augmentation as torchvision transforms, with randomness that belongs to one sample."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torchvision.transforms import v2

from sightline.errors import RecipeError
from sightline.training.recipe.mistakes import Mistake
from sightline.training.recipe.recipe import Recipe
from sightline.training.recipe.steps import Step

_DRAWS = frozenset(
    {
        torch.rand,
        torch.randn,
        torch.randint,
        torch.randperm,
        torch.normal,
        torch.bernoulli,
        torch.multinomial,
        Tensor.uniform_,
        Tensor.normal_,
        Tensor.bernoulli_,
        Tensor.random_,
        Tensor.exponential_,
    }
)


class Augmentation:
    """The recipe's transforms in their order, as one function of a picture and of where it is in training.

    Raises:
        RecipeError: a transform does not take its arguments.
    """

    def __init__(self, recipe: Recipe) -> None:
        wrong = argument_mistakes(recipe)
        if wrong:
            raise RecipeError(
                "\n".join(["The augmentation cannot be built:", *(f"  {one}" for one in wrong)])
            )
        self._transforms = [
            _transform(step, recipe) for step in recipe.augmentation if step.name != "Normalize"
        ]
        self._seed = recipe.seed

    def __call__(self, pixels: NDArray[np.uint8], epoch: int, index: int) -> NDArray[np.uint8]:
        """An augmented picture, uint8 RGB `[h, w, 3]` from uint8 RGB `[H, W, 3]`.

        Depends on the seed, the epoch and the sample's index only: threads may call in any order.
        """
        image = torch.from_numpy(pixels).permute(2, 0, 1)
        with _OwnRandomness(_generator(self._seed, epoch, index)):
            for transform in self._transforms:
                image = transform(image)
        return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def starts_from_whole_picture(recipe: Recipe) -> bool:
    """Whether augmentation begins with a crop of the decoded picture instead of the network's input."""
    return bool(recipe.augmentation) and recipe.augmentation[0].name == "RandomResizedCrop"


def argument_mistakes(recipe: Recipe) -> list[Mistake]:
    """The steps whose transform refuses its arguments, found by building it and using it once."""
    return [
        Mistake(f"augmentation.{place}", {step.name: step.arguments}, problem)
        for place, step in enumerate(recipe.augmentation)
        if step.name != "Normalize"
        for problem in _refusals(step, recipe)
    ]


def _refusals(step: Step, recipe: Recipe) -> Iterator[str]:
    height, width = recipe.data.input_size
    try:
        with _OwnRandomness(_generator(0, 0, 0)):
            out = _transform(step, recipe)(torch.zeros((3, height, width), dtype=torch.uint8))
    except Exception as err:  # whatever torchvision raises is its way of refusing
        takes = ", ".join(list(inspect.signature(getattr(v2, step.name)).parameters))
        yield f"{err}; arguments of {step.name}: {takes}"
    else:
        if tuple(out.shape) != (3, height, width):
            yield f"changes the size to {list(out.shape[1:])}; the network's input is [{height}, {width}]"


def _transform(step: Step, recipe: Recipe) -> Callable[[Tensor], Tensor]:
    arguments: dict[str, Any] = dict(step.arguments)
    if step.name == "RandomResizedCrop":
        arguments["size"] = recipe.data.input_size
        arguments.setdefault("interpolation", recipe.data.interpolation)
    if isinstance(arguments.get("interpolation"), str):
        arguments["interpolation"] = v2.InterpolationMode(arguments["interpolation"])
    transform: Callable[[Tensor], Tensor] = getattr(v2, step.name)(**arguments)
    return transform


def _generator(seed: int, epoch: int, index: int) -> torch.Generator:
    # SeedSequence spreads neighbouring numbers over all bits; adding them up would repeat augmentations.
    state = np.random.SeedSequence([seed, epoch, index]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


class _OwnRandomness(TorchFunctionMode):
    """Within it, this thread's draws come from the generator given, not from the process's only one."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self._generator = generator

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if func in _DRAWS:
            kwargs.setdefault("generator", self._generator)
        return func(*args, **kwargs)
