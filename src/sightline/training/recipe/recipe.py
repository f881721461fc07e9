"""The recipe: everything that decides what a training run makes, in one frozen record."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sightline.records import Preprocessing, Task
from sightline.training.recipe.contradictions import as_validation_error, contradictions
from sightline.training.recipe.presets import preset
from sightline.training.recipe.sections import (
    DataSection,
    DecisionSection,
    EvaluationSection,
    Imbalance,
    Judge,
    LossName,
    LossSection,
    Metric,
    ModelSection,
    OutliersSection,
    Section,
    TrackingSection,
    TrainingSection,
)
from sightline.training.recipe.steps import Normalization, Step

_RATES = {"adamw": 1e-3, "sgd": 1e-2, "lion": 1e-4, "muon": 2e-3}
# A step shrinks weights by rate × decay, but with sgd, whose decay is part of the gradient.
_DECAYS = {"adamw": 0.05, "sgd": 1e-4, "lion": 0.5, "muon": 0.05}
_SCALARS: dict[Task, tuple[Metric, ...]] = {
    "multiclass": ("accuracy", "f1_macro", "loss"),
    "multilabel": ("map", "f1_macro", "loss"),
}


def _named(value: Any) -> Any:
    return preset(value) if isinstance(value, str) else value


class Recipe(Section):
    """A training run, declared. Every key has a default; unknown keys are refused.

    task
        `multiclass`: exactly one label is true of an image; `multilabel`: any number is. It alone decides the loss,
        the activation, the metrics, and what the service answers.
    imbalance
        What is done about classes of unequal size; `auto` looks at the counts and says what it chose.
    augmentation
        An ordered list of transforms, or the name of a preset.
    """

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    task: Task = "multiclass"
    model: ModelSection = ModelSection()
    data: DataSection = DataSection()
    augmentation: Annotated[tuple[Step, ...], BeforeValidator(_named), Field(strict=False)] = preset("safe")
    training: TrainingSection = TrainingSection()
    loss: LossSection = LossSection()
    imbalance: Literal[Imbalance, "auto"] = "auto"
    evaluation: EvaluationSection = EvaluationSection()
    outliers: OutliersSection = OutliersSection()
    decision: DecisionSection = DecisionSection()
    tracking: TrackingSection = TrackingSection()

    @model_validator(mode="after")
    def _does_not_contradict_itself(self) -> Self:
        found = list(contradictions(self))
        if found:
            raise as_validation_error(found)
        return self

    @property
    def frozen_epochs(self) -> int:
        """Epochs with the backbone fixed, after the rule for None."""
        return self.training.freeze_backbone_epochs or 0

    @property
    def batch_size(self) -> int:
        """Images in a step, before `auto` has looked for the largest that fits."""
        return 32 if self.data.batch_size == "auto" else self.data.batch_size

    @property
    def learning_rate(self) -> float:
        """The head's peak learning rate, after the rule for None."""
        return self.training.learning_rate or _RATES[self.training.optimizer]

    @property
    def weight_decay(self) -> float:
        """The weight decay, after the rule for None."""
        wanted = self.training.weight_decay
        return _DECAYS[self.training.optimizer] if wanted is None else wanted

    @property
    def backbone_learning_rate(self) -> float:
        """The backbone's peak learning rate, after the rule for None."""
        multiplier = self.training.backbone_lr_multiplier
        if multiplier is None:
            multiplier = 0.3 if self.pretrained or self.model.start else 1.0
        return self.learning_rate * multiplier

    @property
    def pretrained(self) -> bool | str:
        """`model.pretrained`, or False where `model.start` takes its place."""
        return False if self.model.start else self.model.pretrained

    @property
    def loss_name(self) -> LossName:
        """The loss, after the rule for None."""
        return self.loss.type or ("cross_entropy" if self.task == "multiclass" else "bce")

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """What is measured after an epoch: what is asked for, what judges, and what stops."""
        wanted = self.evaluation.metrics or _SCALARS[self.task]
        return tuple(dict.fromkeys((*wanted, self.best_metric, self.stopping_metric)))

    @property
    def best_metric(self) -> Judge:
        """What picks the best epoch, after the rule for None."""
        return self.evaluation.best_metric or ("f1_macro" if self.task == "multiclass" else "map")

    @property
    def stopping_metric(self) -> Judge:
        """What stops the run when it does not become better, after the rule for None."""
        return self.evaluation.early_stopping_metric or self.best_metric

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
