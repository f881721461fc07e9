"""Augmentations under a name: what can be assumed of a kind of picture without having seen it."""

from typing import Literal

from pydantic import JsonValue

from sightline.training.recipe.steps import Step

Preset = Literal["none", "safe", "photo", "inspection", "document", "medical"]


def _steps(**arguments_of: dict[str, JsonValue]) -> tuple[Step, ...]:
    return tuple(Step(name=name, arguments=arguments) for name, arguments in arguments_of.items())


PRESETS: dict[str, tuple[Step, ...]] = {
    "none": (),
    # No flips: whether a mirrored picture keeps its label, only the owner of the data knows.
    "safe": _steps(
        RandomAffine={
            "degrees": 5,
            "translate": [0.05, 0.05],
            "scale": [0.95, 1.05],
            "interpolation": "bilinear",
        },
        ColorJitter={"brightness": 0.1, "contrast": 0.1},
    ),
    # Things of the world at any place, distance, light and side: what is used to train on ImageNet, with milder
    # crops, for smaller sets.
    "photo": _steps(
        RandomResizedCrop={"scale": [0.35, 1.0]},
        RandomHorizontalFlip={},
        TrivialAugmentWide={"interpolation": "bilinear"},
        RandomErasing={"p": 0.1},
    ),
    # A surface under a fixed camera and lamp has no up or left; colour may be the defect, and a black corner or a
    # blur may look like one or hide one.
    "inspection": _steps(
        RandomHorizontalFlip={},
        RandomVerticalFlip={},
        RandomCrop={"padding": 8, "padding_mode": "reflect"},
        ColorJitter={"brightness": 0.2, "contrast": 0.2},
    ),
    # Never mirrored: text. Pages lie a little askew on white, are scanned soft and stored as JPEG.
    "document": _steps(
        RandomAffine={
            "degrees": 3,
            "translate": [0.03, 0.03],
            "scale": [0.95, 1.05],
            "shear": 2,
            "interpolation": "bilinear",
            "fill": 255,
        },
        RandomPerspective={"distortion_scale": 0.1, "p": 0.3, "fill": 255},
        ColorJitter={"brightness": 0.2, "contrast": 0.2},
        GaussianBlur={"kernel_size": 3, "sigma": [0.1, 1.0]},
        JPEG={"quality": [40, 95]},
    ),
    # No flips, for organs have a side; no colour, for stains and tissue are told by it; positioning and exposure vary.
    "medical": _steps(
        RandomAffine={
            "degrees": 10,
            "translate": [0.05, 0.05],
            "scale": [0.9, 1.1],
            "interpolation": "bilinear",
        },
        ColorJitter={"brightness": 0.1, "contrast": 0.1},
    ),
}


def preset(name: str) -> tuple[Step, ...]:
    """The steps of a preset, in their order.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"is no preset; there are {', '.join(PRESETS)}, or give a list of transforms")
    return PRESETS[name]
