"""What a recipe may say about augmentation: the names that are allowed, in the order they are applied."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue, ValidationError, model_serializer, model_validator

from sightline.records import Frozen

OF_PICTURES = (
    "AugMix",
    "AutoAugment",
    "ColorJitter",
    "ElasticTransform",
    "GaussianBlur",
    "GaussianNoise",
    "JPEG",
    "RandAugment",
    "RandomAdjustSharpness",
    "RandomAffine",
    "RandomAutocontrast",
    "RandomCrop",
    "RandomEqualize",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomPerspective",
    "RandomPosterize",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSolarize",
    "RandomVerticalFlip",
    "TrivialAugmentWide",
)
"""Transforms of one picture."""

OF_BATCHES = ("CutMix", "MixUp")
"""What mixes the pictures of a batch, and their labels with them."""

TRANSFORMS = (*OF_PICTURES, *OF_BATCHES, "Normalize")

_ALPHA = {"CutMix": 1.0, "MixUp": 0.2}


class Normalization(Frozen):
    """Mean and standard deviation of each channel R, G, B, for pixel values in [0, 1]."""

    mean: tuple[float, float, float]
    std: tuple[
        Annotated[float, Field(gt=0)],
        Annotated[float, Field(gt=0)],
        Annotated[float, Field(gt=0)],
    ]


class _Mixture(Frozen):
    alpha: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class Step(Frozen):
    """One entry of `augmentation`: a transform of torchvision.transforms.v2 with its arguments.

    Written as a mapping with one key, `RandomRotation: {degrees: 10}`. Values of pixels are given from 0 to 255
    as in `RandomErasing: {value: 127}`, except for GaussianNoise, whose units are those of [0, 1] as torchvision has
    it. `RandomErasing: {value: random}` is uniform noise. `MixUp` and `CutMix` take `alpha` alone; where both
    stand, each batch draws one of them. `Normalize` is no transform of the pixels here: it is the
    normalisation that goes into the graph.
    """

    name: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _from_mapping(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or set(value) == {"name", "arguments"}:
            return value
        if len(value) != 1:
            raise ValueError("must be a mapping with one key, such as 'RandomRotation: {degrees: 10}'")
        [(name, arguments)] = value.items()
        return {"name": name, "arguments": {} if arguments is None else arguments}

    @model_validator(mode="after")
    def _is_allowed(self) -> "Step":
        if self.name not in TRANSFORMS:
            raise ValueError(f"'{self.name}' is not a known transform; allowed now: {', '.join(TRANSFORMS)}")
        if self.name == "Normalize":
            self.normalization()
        if self.name in OF_BATCHES:
            self.alpha()
        return self

    @model_serializer
    def _to_mapping(self) -> dict[str, dict[str, JsonValue]]:
        return {self.name: self.arguments}

    def normalization(self) -> Normalization:
        """The arguments of `Normalize`.

        Raises:
            ValueError: they are not three means and three positive standard deviations.
        """
        try:
            return Normalization.model_validate(self.arguments)
        except ValidationError as err:
            raise ValueError("Normalize needs 'mean' and 'std', three numbers each, std above 0") from err

    def alpha(self) -> float:
        """The α of `MixUp` or `CutMix`, by default 0.2 and 1: shares are drawn from Beta(α, α).

        Raises:
            ValueError: there are other arguments, or it is not above 0.
        """
        try:
            alpha = _Mixture.model_validate(self.arguments).alpha
        except ValidationError as err:
            raise ValueError(f"{self.name} takes 'alpha' alone, a number above 0") from err
        return _ALPHA[self.name] if alpha is None else alpha
