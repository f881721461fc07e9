"""Steps that somebody wants to see tried, in one line of text."""

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import JsonValue, ValidationError

from sightline.errors import RecipeError
from sightline.training.recipe.steps import Step

# torchvision has no default for these, or one that changes nothing.
_ARGUMENTS: Mapping[str, dict[str, JsonValue]] = {
    "ColorJitter": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2},
    "GaussianBlur": {"kernel_size": 3},
    "RandomAdjustSharpness": {"sharpness_factor": 2.0},
    "RandomAffine": {"degrees": 5, "translate": [0.05, 0.05], "interpolation": "bilinear"},
    "RandomPosterize": {"bits": 4},
    "RandomRotation": {"degrees": 10, "interpolation": "bilinear"},
    "RandomSolarize": {"threshold": 128},
}


def read_steps(text: str) -> tuple[Step, ...]:
    """Steps from `RandomHorizontalFlip, RandomErasing: {p: 0.2}`: names, with arguments or without, by commas.

    Raises:
        RecipeError: all mistakes of the text.
    """
    try:
        named = yaml.safe_load(f"[{text}]")
    except yaml.YAMLError as err:
        raise RecipeError(
            f"--add {text}: write names, divided by commas, with arguments as in 'RandomErasing: {{p: 0.2}}'."
        ) from err
    steps, wrong = [], []
    for one in named:
        try:
            steps.append(Step.model_validate(_with_arguments(one)))
        except ValidationError as err:
            wrong += [f"  {one}: {error['msg'].removeprefix('Value error, ')}" for error in err.errors()]
    if wrong:
        raise RecipeError("\n".join([f"--add {text}:", *wrong]))
    return tuple(steps)


def _with_arguments(named: Any) -> Any:
    return {named: _ARGUMENTS.get(named, {})} if isinstance(named, str) else named
