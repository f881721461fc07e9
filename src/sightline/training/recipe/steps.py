"""What a recipe may say about augmentation: the names that are allowed, in the order they are applied."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue, ValidationError, model_serializer, model_validator

from sightline.records import Frozen

TRANSFORMS = (
    "ColorJitter",
    "GaussianBlur",
    "Normalize",
    "RandAugment",
    "RandomAffine",
    "RandomErasing",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomVerticalFlip",
    "TrivialAugmentWide",
)
NOT_BUILT = ("AutoAugment", "AugMix", "CutMix", "ElasticTransform", "MixUp", "RandomPerspective")


class Normalization(Frozen):
    """Mean and standard deviation of each channel R, G, B, for pixel values in [0, 1]."""

    mean: tuple[float, float, float]
    std: tuple[
        Annotated[float, Field(gt=0)],
        Annotated[float, Field(gt=0)],
        Annotated[float, Field(gt=0)],
    ]


class Step(Frozen):
    """One entry of `augmentation`: a transform of torchvision.transforms.v2 with its arguments.

    Written as a mapping with one key, `RandomRotation: {degrees: 10}`. `Normalize` is no transform of the
    pixels here: it is the normalisation that goes into the graph.
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
            state = "is not built yet" if self.name in NOT_BUILT else "is not a known transform"
            raise ValueError(f"'{self.name}' {state}; allowed now: {', '.join(TRANSFORMS)}")
        if self.name == "Normalize":
            self.normalization()
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
