"""Values of a recipe that are fine one by one and cannot stand together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from sightline.evaluation.operating import contradictions as contradictions_of
from sightline.training.recipe.steps import OF_BATCHES, OF_PICTURES

if TYPE_CHECKING:
    from sightline.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class Contradiction:
    """The key to change, as a path from the recipe's root, its value, and what is wrong."""

    key: tuple[str | int, ...]
    value: object
    problem: str


@dataclass(frozen=True)
class _Allowed:
    losses: tuple[str, ...]
    imbalance: tuple[str, ...]
    metrics: tuple[str, ...]


_OF_TASK = {
    "multiclass": _Allowed(
        ("cross_entropy", "focal"),
        (
            "auto",
            "none",
            "class_weights",
            "effective_number",
            "balanced_sampling",
            "sqrt_sampling",
            "logit_adjustment",
        ),
        (
            "accuracy",
            "top5_accuracy",
            "balanced_accuracy",
            "f1_macro",
            "per_class_f1",
            "recall_macro",
            "loss",
        ),
    ),
    "multilabel": _Allowed(
        ("bce", "focal", "asymmetric"),
        ("auto", "none", "class_weights", "effective_number"),
        ("map", "f1_macro", "per_class_f1", "recall_macro", "loss"),
    ),
}


def contradictions(recipe: "Recipe") -> Iterator[Contradiction]:
    """All values of a recipe that contradict another one."""
    yield from _epochs(recipe)
    yield from _strategy(recipe)
    yield from _start(recipe)
    yield from _task(recipe)
    yield from _loss(recipe)
    yield from _fractions(recipe)
    yield from _augmentation(recipe)
    yield from _decision(recipe)


def as_validation_error(found: Sequence[Contradiction]) -> ValidationError:
    """Contradictions in pydantic's own shape, so that they are reported with all other mistakes."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("contradiction", "{problem}", {"problem": one.problem}),
            loc=one.key,
            input=one.value,
        )
        for one in found
    ]
    return ValidationError.from_exception_data("Recipe", details)


def _epochs(recipe: "Recipe") -> Iterator[Contradiction]:
    training = recipe.training
    frozen = training.freeze_backbone_epochs or 0
    left = training.epochs - frozen
    if frozen > training.epochs:
        problem = f"must be at most training.epochs, which is {training.epochs}"
        yield Contradiction(("training", "freeze_backbone_epochs"), frozen, problem)
        return
    if training.warmup_epochs > max(1, left):
        problem = f"must fit into the {left} epochs that are not frozen"
        yield Contradiction(("training", "warmup_epochs"), training.warmup_epochs, problem)
    if (training.unfreeze_epochs or 0) > left:
        problem = f"must fit into the {left} epochs that are not frozen"
        yield Contradiction(("training", "unfreeze_epochs"), training.unfreeze_epochs, problem)


def _strategy(recipe: "Recipe") -> Iterator[Contradiction]:
    training = recipe.training
    if training.strategy not in ("auto", "two_phase"):
        for key in ("freeze_backbone_epochs", "unfreeze_epochs"):
            value = getattr(training, key)
            if value:
                problem = f"belongs to strategy two_phase; training.strategy is {training.strategy}"
                yield Contradiction(("training", key), value, problem)
    starts = recipe.model.pretrained or recipe.model.start
    if training.strategy in ("linear", "two_phase") and not starts:
        problem = "needs model.pretrained: a backbone with random weights has nothing to keep"
        yield Contradiction(("training", "strategy"), training.strategy, problem)
    batch = recipe.data.batch_size
    if batch != "auto" and training.gradient_accumulation > batch:
        problem = f"must be at most data.batch_size, which is {batch}"
        yield Contradiction(("training", "gradient_accumulation"), training.gradient_accumulation, problem)


def _start(recipe: "Recipe") -> Iterator[Contradiction]:
    training = recipe.training
    if recipe.model.start is None:
        if training.prune is not None:
            problem = "needs model.start: what is unimportant can only be told of a network that has learnt"
            yield Contradiction(("training", "prune"), training.prune, problem)
    elif training.strategy not in ("auto", "two_phase", "full"):
        problem = (
            "must be auto, two_phase or full where model.start is given: the whole network goes on learning"
        )
        yield Contradiction(("training", "strategy"), training.strategy, problem)
    elif training.freeze_backbone_epochs:
        problem = "must be left out where model.start is given: the whole network goes on learning"
        key = ("training", "freeze_backbone_epochs")
        yield Contradiction(key, training.freeze_backbone_epochs, problem)
    if training.prune is None and training.prune_steps > 1:
        yield Contradiction(("training", "prune_steps"), training.prune_steps, "belongs to training.prune")
    if training.prune is not None and training.prune_steps > max(1, training.epochs // 2):
        problem = f"must be at most half of training.epochs, which is {training.epochs}"
        yield Contradiction(("training", "prune_steps"), training.prune_steps, problem)


def _task(recipe: "Recipe") -> Iterator[Contradiction]:
    """Softmax and its figures for one label an image, sigmoid and its figures for several: never mixed."""
    wanted = _OF_TASK[recipe.task]
    if recipe.loss_name not in wanted.losses:
        allowed = ", ".join(wanted.losses)
        yield Contradiction(
            ("loss", "type"), recipe.loss.type, f"is not for task {recipe.task}; allowed: {allowed}"
        )
    if recipe.imbalance not in wanted.imbalance:
        allowed = ", ".join(wanted.imbalance)
        yield Contradiction(
            ("imbalance",), recipe.imbalance, f"is not for task {recipe.task}; allowed: {allowed}"
        )
    evaluation = recipe.evaluation
    named: list[tuple[tuple[str | int, ...], str | None]]
    named = [(("evaluation", "metrics", place), one) for place, one in enumerate(evaluation.metrics or ())]
    named += [
        (("evaluation", key), getattr(evaluation, key)) for key in ("best_metric", "early_stopping_metric")
    ]
    for key, metric in named:
        if metric is not None and metric not in wanted.metrics:
            allowed = ", ".join(wanted.metrics)
            yield Contradiction(key, metric, f"is not for task {recipe.task}; allowed: {allowed}")


def _loss(recipe: "Recipe") -> Iterator[Contradiction]:
    for key in ("focal_gamma", "focal_alpha"):
        value = getattr(recipe.loss, key)
        if value is not None and recipe.loss_name != "focal":
            yield Contradiction(
                ("loss", key), value, f"belongs to loss.type focal, and it is {recipe.loss_name}"
            )


def _fractions(recipe: "Recipe") -> Iterator[Contradiction]:
    data = recipe.data
    if data.val_fraction + data.test_fraction >= 1:
        problem = f"must leave images to train on beside data.val_fraction, which is {data.val_fraction}"
        yield Contradiction(("data", "test_fraction"), data.test_fraction, problem)
    if data.group_gap is not None and data.group_by is None:
        yield Contradiction(
            ("data", "group_gap"), data.group_gap, "needs data.group_by, which gives the number"
        )


def _decision(recipe: "Recipe") -> Iterator[Contradiction]:
    section = recipe.decision
    for wrong in contradictions_of(section.wishes(), with_costs=section.costs is not None):
        yield Contradiction(
            ("decision", wrong.key), None, wrong.problem
        )  # of two keys, neither is wrong by itself
    if recipe.task == "multilabel":
        for key in ("costs", "sets"):
            if getattr(section, key) is not None:
                yield Contradiction(("decision", key), getattr(section, key), "is not for task multilabel")


def _augmentation(recipe: "Recipe") -> Iterator[Contradiction]:
    names = [step.name for step in recipe.augmentation]
    for place, step in enumerate(recipe.augmentation):
        key: tuple[str | int, ...] = ("augmentation", place)
        problem = _out_of_order(step.name, names, place)
        if problem is not None:
            yield Contradiction(key, step.name, problem)
        if step.name in ("RandomResizedCrop", "RandomCrop"):
            size = step.arguments.get("size")
            if size is not None and not _is_size(size, recipe.data.input_size):
                height, width = recipe.data.input_size
                problem = f"size must be data.input_size, [{height}, {width}]; or leave it out"
                yield Contradiction(key, size, problem)
        if step.name == "RandomCrop" and not step.arguments.get("padding"):
            problem = "needs padding in pixels: it cuts data.input_size out of the padded picture"
            yield Contradiction(key, step.name, problem)


def _out_of_order(name: str, names: Sequence[str], place: int) -> str | None:
    if name == "RandomResizedCrop" and place != 0:
        return "must be the first step: it starts from the whole picture"
    if name == "Normalize" and place != len(names) - 1:
        return "must be the last step: it is done inside the graph"
    if name in OF_BATCHES and name in names[:place]:
        return "stands there already; give it once"
    if name in OF_BATCHES and any(later in OF_PICTURES for later in names[place + 1 :]):
        return "must come after all transforms of single pictures: it mixes finished ones"
    return None


def _is_size(size: object, input_size: tuple[int, int]) -> bool:
    return [size, size] == list(input_size) if isinstance(size, int) else size == list(input_size)
