"""Values of a recipe that are fine one by one and cannot stand together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

if TYPE_CHECKING:
    from sightline.training.recipe import Recipe


@dataclass(frozen=True)
class Contradiction:
    """The key to change, as a path from the recipe's root, its value, and what is wrong."""

    key: tuple[str | int, ...]
    value: object
    problem: str


def contradictions(recipe: "Recipe") -> Iterator[Contradiction]:
    """All values of a recipe that contradict another one."""
    yield from _epochs(recipe)
    yield from _fractions(recipe)
    yield from _augmentation(recipe)


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
    frozen = training.freeze_backbone_epochs
    if frozen is not None and frozen > training.epochs:
        problem = f"must be at most training.epochs, which is {training.epochs}"
        yield Contradiction(("training", "freeze_backbone_epochs"), frozen, problem)
    elif training.warmup_epochs > max(1, training.epochs - recipe.frozen_epochs):
        problem = f"must fit into the {training.epochs - recipe.frozen_epochs} epochs that are not frozen"
        yield Contradiction(("training", "warmup_epochs"), training.warmup_epochs, problem)


def _fractions(recipe: "Recipe") -> Iterator[Contradiction]:
    data = recipe.data
    if data.val_fraction + data.test_fraction >= 1:
        problem = f"must leave images to train on beside data.val_fraction, which is {data.val_fraction}"
        yield Contradiction(("data", "test_fraction"), data.test_fraction, problem)
    if data.group_gap is not None and data.group_by is None:
        yield Contradiction(
            ("data", "group_gap"), data.group_gap, "needs data.group_by, which gives the number"
        )


def _augmentation(recipe: "Recipe") -> Iterator[Contradiction]:
    names = [step.name for step in recipe.augmentation]
    last = len(names) - 1
    for place, name in enumerate(names):
        key = ("augmentation", place)
        if name == "Normalize" and place != last:
            yield Contradiction(key, name, "must be the last step: it is done inside the graph")
        if name == "RandomResizedCrop" and place != 0:
            yield Contradiction(key, name, "must be the first step: it starts from the whole picture")
        size = recipe.augmentation[place].arguments.get("size")
        if name == "RandomResizedCrop" and size is not None and not _is_size(size, recipe.data.input_size):
            height, width = recipe.data.input_size
            yield Contradiction(
                key, size, f"size must be data.input_size, [{height}, {width}]; or leave it out"
            )


def _is_size(size: object, input_size: tuple[int, int]) -> bool:
    return [size, size] == list(input_size) if isinstance(size, int) else size == list(input_size)
