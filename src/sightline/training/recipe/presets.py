"""Augmentations under a name: what can be assumed of a kind of picture without having seen it."""

from typing import Literal

from sightline.training.recipe.steps import Step

Preset = Literal["none", "safe"]

# No flips: whether a mirrored picture keeps its label, only the owner of the data knows.
_SAFE = (
    Step(
        name="RandomAffine",
        arguments={
            "degrees": 5,
            "translate": [0.05, 0.05],
            "scale": [0.95, 1.05],
            "interpolation": "bilinear",
        },
    ),
    Step(name="ColorJitter", arguments={"brightness": 0.1, "contrast": 0.1}),
)
PRESETS: dict[str, tuple[Step, ...]] = {"none": (), "safe": _SAFE}


def preset(name: str) -> tuple[Step, ...]:
    """The steps of a preset, in their order.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"is no preset; there are {', '.join(PRESETS)}, or give a list of transforms")
    return PRESETS[name]
