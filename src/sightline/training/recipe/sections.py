"""The sections of a recipe: every key with its default, its range and its meaning."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from sightline.evaluation.operating import Wishes, read_aim, read_rate, repeated_aims
from sightline.records import Frozen, OutlierScore

Strategy = Literal["linear", "two_phase", "full", "scratch"]
Imbalance = Literal[
    "none", "class_weights", "effective_number", "balanced_sampling", "sqrt_sampling", "logit_adjustment"
]
LossName = Literal["cross_entropy", "bce", "focal", "asymmetric"]
OptimizerName = Literal["adamw", "sgd", "lion", "muon"]
SchedulerName = Literal["cosine", "onecycle", "step", "plateau", "constant"]
Precision = Literal["bf16", "fp16", "float32"]
Metric = Literal[
    "accuracy",
    "top5_accuracy",
    "balanced_accuracy",
    "f1_macro",
    "per_class_f1",
    "recall_macro",
    "map",
    "loss",
]
Judge = Literal["accuracy", "top5_accuracy", "balanced_accuracy", "f1_macro", "recall_macro", "map", "loss"]

Fraction = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(ge=1)]
AboveZero = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
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
    start
        The run folder of an earlier training of the same backbone on the same labels, or its weights.safetensors: the
        whole network begins with those weights, head included, and `pretrained` is not looked at.
    num_classes
        Only a check: the dataset decides, and this must agree with it.
    dropout
        Share of the embedding's values that is dropped in training, in [0, 1).
    head, head_width
        One linear layer, or two with a GELU and dropout between them and `head_width` values in the middle.
    """

    backbone: str = "mobilenetv2_100"
    pretrained: Annotated[bool | str, BeforeValidator(_imagenet_is_true)] = True
    start: str | None = None
    num_classes: Positive | None = None
    dropout: Fraction = 0.2
    head: Literal["linear", "mlp"] = "linear"
    head_width: Positive = 512


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
    batch_size
        Images in one step of the optimiser, of all processes together; `auto`: the largest that fits into the
        memory of the GPU, found by trying, and 32 on a CPU.
    num_workers
        Threads that decode and augment; None: one for each processor, and two where a GPU does all of the
        augmentation and every picture is kept by then.
    cache
        Where decoded pixels are kept between epochs: `memory`, `disk` (a memory-mapped temporary file), or `none`;
        `auto`: memory first, then the disk, as far as there is room.
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
    batch_size: Annotated[int, Field(ge=2)] | Literal["auto"] = 32
    num_workers: Positive | None = None
    cache: Literal["auto", "memory", "disk", "none"] = "auto"

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

    strategy
        `linear`: the backbone stays as it came, the head is solved on its embeddings. `two_phase`: the head
        first, then the backbone with it, unfrozen from top to bottom. `full`: everything from the first step.
        `scratch`: from random weights. `auto`: by the number of images, and it says why.
    epochs
        All of them, the frozen ones included. `linear` with a linear head needs none: it is solved.
    freeze_backbone_epochs
        The first epochs, in which the backbone is fixed and only the head learns, from embeddings computed
        once. None: 0, for the head begins as the linear probe, which has converged already.
    unfreeze_epochs
        Epochs of `two_phase`, after the frozen ones, over which the backbone is unfrozen stage by stage from
        the top to the bottom. None: a quarter of those that are left; 0: at once.
    optimizer, learning_rate, weight_decay, momentum
        `learning_rate` is the peak rate of the head; None: 1e-3 for adamw, 1e-2 for sgd, 1e-4 for lion, 2e-3 for
        muon. `weight_decay` spares norms and biases; None: 0.05 for adamw and muon, 0.5 for lion, whose rate is a
        tenth of theirs, and 1e-4 for sgd, which adds it to the gradient. `momentum` is that of sgd (with Nesterov's
        correction) and muon.
    backbone_lr_multiplier, layer_decay
        The backbone's rate is that of the head times the multiplier; None: 0.3 with pretrained weights, else 1.
        Each layer below the top one has `layer_decay` times the rate of the one above it; None: 1.
    scheduler
        The rate after the warm-up. `step` multiplies it by `step_gamma` every `step_epochs`; `plateau` by
        `step_gamma` when the judged metric has not become better for `plateau_patience` epochs.
    warmup_epochs
        Epochs of linear rise at the start of fine-tuning.
    mixed_precision
        `bf16`, `fp16` (on CUDA, with a loss scaler), true or `auto`: bf16 where the processor computes with it, and
        with true fp16 on older GPUs; false: float32. Weights are kept in float32 in each case.
    compile
        Whether torch.compile translates the network first. It pays for long runs.
    gradient_clip
        Largest norm of the gradient; None: not clipped.
    gradient_accumulation
        The batch is worked off in so many parts, one after the other: less memory, the same step.
    ema
        Decay of an exponential moving average of the weights, which is then what is judged and kept; None: none.
    teacher, teacher_weight, teacher_temperature
        A bundle to learn from: its answers at that temperature make up that share of the loss (Hinton et al.
        2015, Distilling the knowledge in a neural network).
    prune, prune_steps
        The share of the network's multiply-adds to do without: the least important channels of `model.start` are
        taken out, layer by layer, in so many steps, and the epochs mend what that does. The steps are spread over the
        first half of the epochs. An epoch before the last step is never kept. None: nothing is taken out.
    """

    strategy: Literal[Strategy, "auto"] = "auto"
    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    freeze_backbone_epochs: Annotated[int, Field(ge=0)] | None = None
    unfreeze_epochs: Annotated[int, Field(ge=0)] | None = None
    optimizer: OptimizerName = "adamw"
    learning_rate: AboveZero | None = None
    weight_decay: NotNegative | None = None
    momentum: Fraction = 0.9
    backbone_lr_multiplier: AboveZero | None = None
    layer_decay: Annotated[float, Field(gt=0, le=1)] | None = None
    scheduler: SchedulerName = "cosine"
    step_epochs: Positive = 10
    step_gamma: Annotated[float, Field(gt=0, lt=1)] = 0.1
    plateau_patience: Positive = 3
    warmup_epochs: Annotated[int, Field(ge=0)] = 1
    mixed_precision: bool | Literal["auto", "bf16", "fp16"] = "auto"
    compile: bool = False
    gradient_clip: AboveZero | None = 1.0
    gradient_accumulation: Positive = 1
    label_smoothing: Fraction = 0.1
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    teacher: str | None = None
    teacher_weight: Annotated[float, Field(gt=0, le=1)] = 0.5
    teacher_temperature: AboveZero = 2.0
    prune: Annotated[float, Field(gt=0, le=0.9)] | None = None
    prune_steps: Positive = 1


class LossSection(Section):
    """What is minimised.

    type
        None: `cross_entropy` for multiclass, `bce` for multilabel. `focal` is either's focal form (Lin et al. 2017),
        `asymmetric` is for many labels, few of them true (Ridnik et al. 2021).
    focal_gamma, focal_alpha
        The focusing exponent; None: 2. With multilabel α weighs the true labels and 1 − α the others; with
        multiclass it is a constant factor. None: no weighing.
    asymmetric_gamma_negative, asymmetric_gamma_positive, asymmetric_clip
        The exponents for labels that are not and that are true, and the probability below which a label that
        is not true counts nothing.
    effective_number_beta
        β of `imbalance: effective_number` (Cui et al. 2019).
    logit_adjustment_tau
        τ of `imbalance: logit_adjustment` (Menon et al. 2021).
    """

    type: LossName | None = None
    focal_gamma: NotNegative | None = None
    focal_alpha: Annotated[float, Field(gt=0, le=1)] | None = None
    asymmetric_gamma_negative: NotNegative = 4.0
    asymmetric_gamma_positive: NotNegative = 1.0
    asymmetric_clip: Fraction = 0.05
    effective_number_beta: Annotated[float, Field(ge=0, lt=1)] = 0.999
    logit_adjustment_tau: AboveZero = 1.0


class EvaluationSection(Section):
    """What is reported of the validation set after an epoch, and what picks the best epoch.

    metrics
        None: accuracy, f1_macro and loss; for multilabel map, f1_macro and loss.
    best_metric
        The epoch that is best by it is kept. None: f1_macro; for multilabel map.
    early_stopping_metric, early_stopping_patience
        Fine-tuning stops after so many epochs that are no better, by the metric (None: `best_metric`), than an
        earlier epoch of it; the probe does not count. Patience None: it never stops.
    """

    metrics: Annotated[tuple[Metric, ...] | None, Field(strict=False)] = None
    best_metric: Judge | None = None
    early_stopping_metric: Judge | None = None
    early_stopping_patience: Positive | None = 7


class OutliersSection(Section):
    """Which pictures are too strange to be answered.

    method
        How strangeness is measured: `max_softmax`, `energy`, `knn`, `mahalanobis`, or `mix`, the sum of the last three;
        `auto`: what tells generated outliers best from held-out images; `none`: nothing is rejected.
    false_alarm_rate
        The largest share of the usual images that may be rejected, in (0, 0.5].
    neighbours
        With `knn`: the distance to so-manieth nearest training image counts.
    """

    method: Literal[OutlierScore, "auto", "none"] = "auto"
    false_alarm_rate: Annotated[float, Field(gt=0, le=0.5)] = 0.01
    neighbours: Annotated[int, Field(ge=1, le=1000)] = 5


class DecisionSection(Section):
    """What is asked of the decision: thresholds are chosen for it on images that training has not seen.

    aims
        Any of `recall(LABEL) >= 0.99`, `precision(LABEL) >= 0.99`, `accuracy >= 0.99`, `max_f1`; `*` for every label.
    costs
        A CSV file: a header of answers after an empty cell, then a row a truth. The answer of least expected cost is
        given.
    review_capacity, traffic
        Pictures that people can look at and pictures that come, as in 200/day; also an hour or a week.
    priority
        Labels, the most important first, whose pictures the review capacity is spent on before anything else.
    sets, coverage
        Answers also hold a set of labels that has the truth in it in so large a share: `lac` or `aps`.
    confidence
        With which aims are to hold on fresh pictures.
    """

    aims: Annotated[tuple[str, ...], Field(strict=False)] = ()
    costs: str | None = None
    review_capacity: str | None = None
    traffic: str | None = None
    priority: Annotated[tuple[str, ...], Field(strict=False)] = ()
    sets: Literal["lac", "aps"] | None = None
    coverage: Annotated[float, Field(gt=0, lt=1)] = 0.95
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95

    @field_validator("aims")
    @classmethod
    def _are_aims(cls, aims: tuple[str, ...]) -> tuple[str, ...]:
        read, problems = [], []
        for text in aims:
            try:
                read.append(read_aim(text))
            except ValueError as err:
                problems.append(str(err))
        problems += repeated_aims(read)
        if problems:
            raise ValueError("; ".join(problems))
        return tuple(map(str, read))

    @field_validator("review_capacity", "traffic")
    @classmethod
    def _is_a_rate(cls, rate: str | None) -> str | None:
        if rate is not None:
            read_rate(rate)
        return rate

    def wishes(self, costs: tuple[tuple[float, ...], ...] | None = None) -> Wishes:
        """The same, as the fit takes it; `costs` are the content of the file."""
        return Wishes(
            aims=tuple(read_aim(aim) for aim in self.aims),
            costs=costs,
            review_capacity=None if self.review_capacity is None else read_rate(self.review_capacity),
            traffic=None if self.traffic is None else read_rate(self.traffic),
            priority=self.priority,
            sets=self.sets,
            coverage=self.coverage,
            confidence=self.confidence,
        )


class TrackingSection(Section):
    """Where else a run is recorded; its own folder always has everything.

    mlflow, experiment
        The address of an MLflow tracking server, and the experiment there. Needs the extra [mlflow].
    """

    mlflow: str | None = None
    experiment: str = "sightline"
