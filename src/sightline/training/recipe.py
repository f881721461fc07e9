"""The recipe: everything that decides what a training run makes, in one frozen record."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from sightline.records import Frozen, Preprocessing
from sightline.training.augmentation import Normalization, Step
from sightline.training.contradictions import as_validation_error, contradictions

Metric = Literal["accuracy", "top5_accuracy", "f1_macro", "per_class_f1", "loss"]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]
Side = Annotated[int, Field(ge=16, le=4096)]


class Section(Frozen):
    """A part of the recipe. Strict: `epochs: "5"` and `epochs: true` are mistakes, not numbers."""

    model_config = ConfigDict(strict=True)


def _imagenet_is_true(value: Any) -> bool | str:
    if not isinstance(value, bool | str):
        raise ValueError("must be true, false, 'imagenet' or the path of a .safetensors file")
    return True if value == "imagenet" else value


def _square(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    return tuple(value) if isinstance(value, list) else value


class ModelSection(Section):
    """The network.

    backbone
        Any image-classification model of timm. The default has only convolutions, batch norm and ReLU6: it
        folds and quantises cleanly and runs in milliseconds on one CPU core.
    pretrained
        True (or `imagenet`): timm's weights from its hub; a path to a local .safetensors file; False: random.
    num_classes
        Only a check: the dataset decides, and this must agree with it.
    dropout
        Share of the embedding's values that is dropped in training, in [0, 1).
    """

    backbone: str = "mobilenetv2_100"
    pretrained: Annotated[bool | str, BeforeValidator(_imagenet_is_true)] = True
    num_classes: Positive | None = None
    dropout: Fraction = 0.2
    head: Literal["linear"] = "linear"


class DataSection(Section):
    """Where the images are, how they are split, and how they become the network's input.

    train_dir, val_dir, test_dir
        Folders, lists, tables or addresses; relative ones are taken from the current working directory.
        Without val_dir or test_dir, val_fraction and test_fraction of train_dir are set aside.
    group_by, group_gap
        What must not be torn apart by the split: a regular expression on the path with a group,
        `column:NAME` or `folder:N`; with a gap, numbers at most that far apart belong together.
    corrections
        A table of labels set right for the images of train_dir, as `sightline data labels` writes it.
    earlier
        The table of an earlier split, as `sightline data split` and every training write it: what is in it
        stays on its side.
    fold
        Of a table with folds: the one to hold out as val.
    input_size
        Height and width in pixels; one number for a square.
    resize, crop, interpolation
        As in `sightline.records.Preprocessing`.
    num_workers
        Threads that decode and augment; None: one for each processor.
    """

    train_dir: str | None = None
    val_dir: str | None = None
    test_dir: str | None = None
    group_by: str | None = None
    group_gap: Annotated[int, Field(ge=0)] | None = None
    corrections: str | None = None
    earlier: str | None = None
    fold: Annotated[int, Field(ge=0)] | None = None
    val_fraction: Fraction = 0.15
    test_fraction: Fraction = 0.15
    input_size: Annotated[tuple[Side, Side], BeforeValidator(_square)] = (224, 224)
    resize: Literal["shortest", "squash", "letterbox"] = "shortest"
    crop: Annotated[float, Field(gt=0, le=1)] = 0.875
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    batch_size: Annotated[int, Field(ge=2)] = 32
    num_workers: Positive | None = None

    @field_validator("group_by")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is None or pattern.startswith(("column:", "folder:")):
            return pattern
        try:
            re.compile(pattern)
        except re.error as err:
            raise ValueError(f"must be a regular expression: {err}") from err
        return pattern


class TrainingSection(Section):
    """How the weights are found.

    epochs
        All of them, the frozen ones included.
    freeze_backbone_epochs
        The first epochs, in which the backbone is fixed and only the head learns, from embeddings computed
        once. None: 5 with pretrained weights (fewer if `epochs` leaves no room), else 0.
    learning_rate, backbone_lr_multiplier
        The peak rate of the head; the backbone's is that times the multiplier. None: 0.3 with pretrained
        weights, else 1.
    warmup_epochs
        Epochs of linear rise at the start of fine-tuning; the cosine to zero follows.
    gradient_clip
        Largest norm of the gradient; None: not clipped.
    """

    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    optimizer: Literal["adamw"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.05
    scheduler: Literal["cosine"] = "cosine"
    warmup_epochs: Annotated[int, Field(ge=0)] = 1
    mixed_precision: Literal[False] = False
    gradient_clip: Annotated[float, Field(gt=0)] | None = 1.0
    label_smoothing: Fraction = 0.1
    freeze_backbone_epochs: Annotated[int, Field(ge=0)] | None = None
    backbone_lr_multiplier: Annotated[float, Field(gt=0)] | None = None


class LossSection(Section):
    """What is minimised. focal_gamma and focal_alpha belong to the focal loss, which is not built yet."""

    type: Literal["cross_entropy"] = "cross_entropy"
    focal_gamma: None = None
    focal_alpha: None = None


class EvaluationSection(Section):
    """What is reported of the validation set after an epoch, and what picks the best epoch.

    early_stopping_patience
        Fine-tuning stops after this many epochs without a better `best_metric`; None: it never does.
    """

    metrics: tuple[Metric, ...] = Field(default=("accuracy", "f1_macro", "loss"), min_length=1, strict=False)
    best_metric: Literal["accuracy", "f1_macro", "loss"] = "f1_macro"
    early_stopping_patience: Positive | None = 7


# No flips: whether a mirrored picture keeps its label, only the owner of the data knows.
_MILD = (
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


class Recipe(Section):
    """A training run, declared. Every key has a default; unknown keys are refused."""

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    model: ModelSection = ModelSection()
    data: DataSection = DataSection()
    augmentation: tuple[Step, ...] = Field(default=_MILD, strict=False)
    training: TrainingSection = TrainingSection()
    loss: LossSection = LossSection()
    evaluation: EvaluationSection = EvaluationSection()

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Self:
        found = list(contradictions(self))
        if found:
            raise as_validation_error(found)
        return self

    @property
    def frozen_epochs(self) -> int:
        """Epochs with the backbone fixed, after the rule for None."""
        if self.training.freeze_backbone_epochs is not None:
            return self.training.freeze_backbone_epochs
        return min(5, self.training.epochs - 1) if self.model.pretrained else 0

    @property
    def backbone_learning_rate(self) -> float:
        """The backbone's peak learning rate, after the rule for None."""
        multiplier = self.training.backbone_lr_multiplier
        if multiplier is None:
            multiplier = 0.3 if self.model.pretrained else 1.0
        return self.training.learning_rate * multiplier

    def preprocessing(self) -> Preprocessing:
        """What brings an image to the network's input, in training's evaluation as in production."""
        height, width = self.data.input_size
        return Preprocessing(
            width_px=width,
            height_px=height,
            resize=self.data.resize,
            crop=self.data.crop,
            interpolation=self.data.interpolation,
        )

    def normalization(self) -> Normalization | None:
        """What `Normalize` says; None: the backbone's own mean and standard deviation are taken."""
        steps = [step for step in self.augmentation if step.name == "Normalize"]
        return steps[0].normalization() if steps else None
